"""Inspection alerts."""

from __future__ import annotations

from services.dashboard.domain.facts import Listed
from services.dashboard.repository.read_model import apply
from shared.events.notice import AlertState
from shared.store.documents import Collection, Documents, Index, Scalar

ALERTS = Collection(
    "alerts",
    (
        Index(("plan", "opened_at_ms")),
        Index(("plan", "live", "opened_at_ms")),
        Index(("plan", "live", "severity")),
        Index(("plan", "unit", "opened_at_ms")),
    ),
)
SEVERITIES = ("high", "medium", "low")


class Alerts:
    """The newest state of every alert. `live` is every alert that is not resolved."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: AlertState) -> bool:
        """Hold this state if it is newer."""
        document = {
            "_id": state.alert,
            "revision": state.revision,
            "plan": state.plan,
            "unit": state.unit,
            "live": state.phase != "RESOLVED",
            "severity": state.severity,
            "opened_at_ms": state.opened_at_ms,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, ALERTS.name, document)

    async def newest(self, plan: str, *, live_only: bool, limit: int, cursor: str | None = None) -> Listed[AlertState]:
        """Alerts of a plan, newest first."""
        equals: dict[str, Scalar] = {"plan": plan, "live": True} if live_only else {"plan": plan}
        return await self._find(equals, limit, cursor)

    async def of_unit(self, plan: str, unit: str, *, limit: int) -> list[AlertState]:
        """Alerts about a unit, newest first."""
        return list((await self._find({"plan": plan, "unit": unit}, limit, None)).items)

    async def live_by_severity(self, plan: str) -> dict[str, int]:
        """How many alerts are not resolved, by severity."""
        return {
            severity: await self._store.count(ALERTS.name, {"plan": plan, "live": True, "severity": severity})
            for severity in SEVERITIES
        }

    async def _find(self, equals: dict[str, Scalar], limit: int, cursor: str | None) -> Listed[AlertState]:
        page = await self._store.find(
            ALERTS.name, equals, order_by="opened_at_ms", descending=True, limit=limit, cursor=cursor
        )
        return Listed(tuple(AlertState.model_validate(d["state"]) for d in page.documents), page.cursor)
