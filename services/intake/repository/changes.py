"""What was changed since an instant: plans, units, keys, ledger entries, and the versions that were accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson

from services.intake.domain.audit import REGISTRY
from services.intake.domain.entry import SYSTEM
from services.intake.domain.receipts import Accepted
from services.intake.repository.collections import KEYS, OBLIGATIONS, PLANS, REPORT_VERSIONS, UNITS
from shared.audit.lines import Changed
from shared.store.documents import Between, Document, Documents, scan

UNKNOWN = "unknown"
_BY_THE_SYSTEM = frozenset({"materialised", "recalculated", "cancelled"})
_PAGE = 200


class ChangedDocuments:
    """The changes in this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def since(self, at_ms: int) -> AsyncIterator[Changed]:
        """Plans, units, keys and entries of the ledger whose last change is of this instant or later."""
        async for held in self._scan(PLANS.name, "published_ms", at_ms):
            yield Changed(held["plan"], (held["version"],), 1, UNKNOWN, held["published_ms"], "plan.published")
        async for held in self._scan(UNITS.name, "changed_ms", at_ms):
            ids = (held["unit"], held["_id"])
            yield Changed(REGISTRY, ids, held["revision"], UNKNOWN, held["changed_ms"], "unit.changed")
        async for held in self._scan(KEYS.name, "changed_ms", at_ms):
            by = held["created_by"] if held["changed_ms"] == held["created_ms"] else UNKNOWN
            yield Changed(REGISTRY, (held["_id"],), held["rev"], by, held["changed_ms"], "key.changed")
        async for held in self._scan(OBLIGATIONS.name, "changed_at_ms", at_ms):
            ids = (_report_id(held), held["_id"])
            yield Changed(
                held["plan"], ids, held["revision"], _by(held), held["changed_at_ms"], f"obligation.{held['cause']}"
            )

    async def accepted_since(self, at_ms: int) -> AsyncIterator[Accepted]:
        """Versions that stand in an entry changed since, and versions replaced since."""
        async for held in self._scan(REPORT_VERSIONS.name, "archived_ms", at_ms):
            yield _accepted(held["content"]["state"])
        async for held in self._scan(OBLIGATIONS.name, "changed_at_ms", at_ms):
            report = _report(held)
            if report is not None:
                yield _accepted(report["state"])

    def _scan(self, collection: str, field: str, at_ms: int) -> AsyncIterator[Document]:
        return scan(self._store, collection, between=Between(field, at_least=at_ms), page_size=_PAGE)


def _report(held: Document) -> Any:
    """The report of a ledger entry as plain values: it stands there as text."""
    report = held["report"]
    return orjson.loads(report) if isinstance(report, str) else report


def _report_id(held: Document) -> str:
    return str(held["_id"]).replace("obligation-", "report-", 1)


def _by(held: Document) -> str:
    """Who made the last change, as far as the document says."""
    if held["cause"] in _BY_THE_SYSTEM:
        return SYSTEM
    report = _report(held) or {}
    state, decisions = report.get("state", {}), report.get("decisions", ())
    if state.get("received_at_ms") == held["changed_at_ms"]:
        return str(state["submitted_by"])
    for told in (decisions, held.get("history", ())):
        if told and told[-1]["at_ms"] == held["changed_at_ms"]:
            return str(told[-1]["by"])
    return UNKNOWN


def _accepted(state: Document) -> Accepted:
    return Accepted(state["plan"], state["report"], state["version"], state["sha256"], state["received_at_ms"])
