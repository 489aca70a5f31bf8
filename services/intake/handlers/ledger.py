"""Questions to the ledger: what is owed, what was received, whether a receipt is genuine, how complete a year is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.intake.domain.entry import Entry, Report
from services.intake.domain.rates import Rates, rates
from services.intake.domain.tree import Below
from shared.events.unit import UnitState
from shared.refusal import not_found

Filter = str | int | bool


class LedgerStore(Protocol):
    async def get(self, id: str) -> Entry | None: ...
    def of_year(self, plan: str, year: int, form: str | None = None) -> AsyncIterator[Entry]: ...
    async def by_receipt(self, sha256: str) -> Entry | None: ...
    async def page(
        self,
        filters: Mapping[str, Filter],
        *,
        limit: int,
        cursor: str | None,
        only: Callable[[Entry], bool] = ...,
    ) -> tuple[list[Entry], str | None]: ...


class VersionStore(Protocol):
    async def get(self, report: str, version: int) -> Report | None: ...
    async def of_report(self, report: str) -> list[Report]: ...
    async def by_receipt(self, sha256: str) -> Report | None: ...


@dataclass(frozen=True, slots=True)
class Genuine:
    """A receipt that was found: the version it stands for, and the version that stands now."""

    report: Report
    current_version: int


class UnitStore(Protocol):
    async def all(self) -> list[UnitState]: ...


class AskLedger:
    """Answers questions; writes nothing."""

    def __init__(self, *, ledger: LedgerStore, versions: VersionStore, units: UnitStore) -> None:
        self._ledger = ledger
        self._units = units
        self._versions = versions

    async def obligation(self, id: str) -> Entry:
        """The entry, refused as not found when there is none."""
        entry = await self._ledger.get(id) if id.startswith("obligation-") else None
        if entry is None:
            raise not_found(f"nghĩa vụ báo cáo {id}", f"obligation {id}")
        return entry

    async def report(self, id: str) -> tuple[Entry, list[Report]]:
        """The entry with its report, and all versions of it, oldest first, the current one last."""
        entry = await self._ledger.get(id.replace("report-", "obligation-", 1)) if id.startswith("report-") else None
        if entry is None or entry.report is None or entry.report_id != id:
            raise not_found(f"báo cáo {id}", f"report {id}")
        # An archived copy of the current version is left by a crash: the current one speaks for itself.
        archived = [held for held in await self._versions.of_report(id) if held.state.version < entry.version]
        return entry, [*archived, entry.report]

    async def page(
        self, filters: Mapping[str, Filter | None], *, limit: int, cursor: str | None
    ) -> tuple[list[Entry], str | None]:
        """Entries that match every filter given, by id, and the cursor of what follows."""
        given = {name: value for name, value in filters.items() if value is not None}
        return await self._ledger.page(given, limit=limit, cursor=cursor)

    async def rates(
        self,
        plan: str,
        year: int,
        *,
        form: str | None = None,
        period: str | None = None,
        peer_group: str | None = None,
        parent: str | None = None,
        subtree: str | None = None,
    ) -> Rates:
        """The reporting rates of the plan's year, or of a part of it.

        `parent` and `subtree` mean the tree as it was on the last day of each period: past groupings do not move.
        """
        below = Below(await self._units.all(), parent=parent, subtree=subtree) if parent or subtree else None
        return rates(
            [
                entry.obligation
                async for entry in self._ledger.of_year(plan, year, form)
                if period in (None, entry.obligation.period)
                and peer_group in (None, entry.obligation.peer_group)
                and (below is None or below.has(entry.obligation.unit, entry.obligation.period_last))
            ]
        )

    async def version(self, id: str, version: int) -> tuple[Entry, Report]:
        """One version of a report, refused as not found when there is none."""
        entry, versions = await self.report(id)
        if entry.report is not None and version == entry.version:
            return entry, entry.report
        archived = await self._versions.get(id, version)
        # An archived copy of a version that never came to stand is left by a crash.
        return entry, archived if archived and version < entry.version else _version_of(versions, id, version)

    async def between(self, id: str, first: int, last: int) -> tuple[Entry, list[Report]]:
        """The versions of a report from `first` to `last`, oldest first, also when they are named the other way."""
        entry, versions = await self.report(id)
        for named in (first, last):
            _version_of(versions, id, named)
        low, high = sorted((first, last))
        return entry, [held for held in versions if low <= held.state.version <= high]

    async def receipt(self, sha256: str) -> Genuine:
        """The version that a receipt stands for; refused as not found when none of ours has this hash."""
        entry = await self._ledger.by_receipt(sha256)
        if entry is not None and entry.report is not None:
            return Genuine(entry.report, entry.version)
        report = await self._versions.by_receipt(sha256)
        if report is None:
            raise not_found(f"biên nhận {sha256}", f"receipt {sha256}: no report received here has this hash")
        entry = await self._ledger.get(report.state.obligation)
        return Genuine(report, entry.version if entry else report.state.version)


def _version_of(versions: Sequence[Report], id: str, version: int) -> Report:
    for held in versions:
        if held.state.version == version:
            return held
    raise not_found(f"phiên bản {version} của {id}", f"version {version} of {id}")
