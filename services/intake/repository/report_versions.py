"""Versions of reports that were replaced. Written before the entry that replaces them, never changed afterwards."""

from __future__ import annotations

from services.intake.domain.entry import Report
from services.intake.repository.collections import REPORT_VERSIONS
from shared.store.documents import Document, Documents

VERSIONS_SHOWN_MAX = 200


class ReportVersions:
    """The archive of this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def archive(self, report: Report, *, now_ms: int) -> None:
        """Keep the version as it stands. Again is harmless: the first copy stays.

        A crash between this and the replacing write leaves a copy that equals the current version in content; the
        version list shows the current one, so nobody sees it twice. Reviews after such a crash are on the entry only.
        """
        state = report.state
        document = {
            "_id": f"{state.report}-v{state.version}",
            "report": state.report,
            "version": state.version,
            "sha256": state.sha256,
            "archived_ms": now_ms,
            "content": report.model_dump(mode="json"),
        }
        await self._store.insert(REPORT_VERSIONS.name, document)

    async def of_report(self, report: str) -> list[Report]:
        """The archived versions, oldest first; of a long history the newest VERSIONS_SHOWN_MAX."""
        page = await self._store.find(
            REPORT_VERSIONS.name, {"report": report}, order_by="version", descending=True, limit=VERSIONS_SHOWN_MAX
        )
        return [_report(document) for document in reversed(page.documents)]

    async def get(self, report: str, version: int) -> Report | None:
        document = await self._store.get(REPORT_VERSIONS.name, f"{report}-v{version}")
        return None if document is None else _report(document)

    async def by_receipt(self, sha256: str) -> Report | None:
        """An archived version with this receipt; of several with equal content, any."""
        page = await self._store.find(REPORT_VERSIONS.name, {"sha256": sha256}, limit=1)
        return _report(page.documents[0]) if page.documents else None


def _report(document: Document) -> Report:
    return Report.model_validate(document["content"])
