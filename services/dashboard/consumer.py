"""NATS edge: every noun of the catalogue is applied to its read model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared.events.envelope import Envelope

Handler = Callable[[Envelope], Awaitable[None]]


def subscriptions(apply: Handler) -> dict[str, Handler]:
    """Subject pattern -> handler."""
    return {
        "tiendo.plan.>": apply,
        "tiendo.unit.>": apply,
        "tiendo.obligation.>": apply,
        "tiendo.report.>": apply,
        "tiendo.score.>": apply,
        "tiendo.evaluation.>": apply,
        "tiendo.reminder.>": apply,
        "tiendo.alert.>": apply,
        "tiendo.silence.>": apply,
        "tiendo.outage.>": apply,
        "tiendo.inspection.>": apply,
        "tiendo.digest.>": apply,
        "tiendo.delivery.>": apply,
    }
