"""The NATS edge: which subjects notify listens to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.notify.handlers.follow import Follow
from shared.events.envelope import Envelope

SUBJECTS = (
    "tiendo.plan.>",
    "tiendo.unit.>",
    "tiendo.obligation.>",
    "tiendo.report.>",
    "tiendo.score.>",
    "tiendo.evaluation.>",
    "tiendo.intake_audit.>",
    "tiendo.scoring_audit.>",
)


def subscriptions(follow: Follow) -> dict[str, Callable[[Envelope], Awaitable[None]]]:
    """Subject pattern -> handler."""
    return dict.fromkeys(SUBJECTS, follow.follow)
