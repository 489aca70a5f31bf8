"""NATS edge: which subject goes to which handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from services.intake.handlers.editions import FollowEditions
from shared.events.envelope import Envelope


def subscriptions(editions: FollowEditions) -> Mapping[str, Callable[[Envelope], Awaitable[None]]]:
    return {"tiendo.edition.>": editions.edition}
