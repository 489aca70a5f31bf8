"""Inspection alerts."""

from __future__ import annotations

from services.dashboard.domain.alert_choice import AlertChoice
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
        Index(("live", "signal", "opened_at_ms")),
    ),
)
SEVERITIES = ("high", "medium", "low")
SCANNED_MAX = 5000
"""Alerts that one page of a filtered list looks at."""


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
            "signal": state.signal,
            "opened_at_ms": state.opened_at_ms,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, ALERTS.name, document)

    async def newest(self, plan: str, *, live_only: bool, limit: int, cursor: str | None = None) -> Listed[AlertState]:
        """Alerts of a plan, newest first."""
        equals: dict[str, Scalar] = {"plan": plan, "live": True} if live_only else {"plan": plan}
        return await self._find(equals, limit, cursor)

    async def chosen(
        self, plan: str, choice: AlertChoice, *, limit: int, cursor: str | None = None
    ) -> Listed[AlertState]:
        """Alerts that fit the choice, newest first.

        The index gives those of the unit, or those not resolved; the rest of the choice is looked at one by one, in
        pages no longer than what is still wanted, so that the cursor never skips one that fits.
        """
        equals: dict[str, Scalar] = {"plan": plan}
        if choice.unit:
            equals["unit"] = choice.unit
        elif choice.live_only:
            equals["live"] = True
        found: list[AlertState] = []
        for _ in range(SCANNED_MAX // limit):
            listed = await self._find(equals, limit - len(found), cursor)
            found += [state for state in listed.items if choice.fits(state)]
            cursor = listed.cursor
            if cursor is None or len(found) == limit:
                break
        return Listed(tuple(found), cursor)

    async def get(self, alert: str) -> AlertState | None:
        """One alert."""
        document = await self._store.get(ALERTS.name, alert) if alert else None
        return AlertState.model_validate(document["state"]) if document else None

    async def of_unit(self, plan: str, unit: str, *, limit: int) -> list[AlertState]:
        """Alerts about a unit, newest first."""
        return list((await self._find({"plan": plan, "unit": unit}, limit, None)).items)

    async def live_of_signal(self, signal: str, *, limit: int) -> list[AlertState]:
        """Alerts of a signal that are not resolved, of every plan, newest first."""
        return list((await self._find({"live": True, "signal": signal}, limit, None)).items)

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
