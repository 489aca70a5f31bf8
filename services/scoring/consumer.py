"""NATS edge: which subject goes to which handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from services.scoring.handlers.keep import Keep
from shared.events.envelope import Envelope


def subscriptions(keep: Keep) -> Mapping[str, Callable[[Envelope], Awaitable[None]]]:
    return {
        "tiendo.plan.>": keep.plan,
        "tiendo.unit.>": keep.unit,
        "tiendo.obligation.>": keep.obligation,
        "tiendo.report.>": keep.report,
        "tiendo.inspection.>": keep.inspection,
    }
