"""Deliveries for people: the list, one with its steps and the decisions behind it, sent again, cancelled.

What notify answers after a change is applied at once, as with alerts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.dashboard.domain.asking import Reader
from services.dashboard.domain.facts import Listed
from services.dashboard.domain.told import Decision, DeliveryTold, Paper
from services.dashboard.handlers.ask import Outcome, answer_or_none, one_by_one
from shared.clock import Clock
from shared.events.notice import DeliveryState

WHY_MAX = 100


class DeliveriesHeld(Protocol):
    async def apply(self, state: DeliveryState) -> bool: ...
    async def get(self, delivery: str) -> DeliveryState | None: ...
    async def newest(
        self, *, status: str | None = None, limit: int, cursor: str | None = None
    ) -> Listed[DeliveryState]: ...


class DeliveryApi(Protocol):
    async def delivery(self, delivery: str, reader: Reader) -> DeliveryTold: ...
    async def said(self, delivery: str, *, format: str, reader: Reader) -> Paper: ...
    async def change_delivery(self, delivery: str, change: str, *, reason: str, reader: Reader) -> DeliveryTold: ...
    async def why(
        self, *, subject: str, unit: str, recipient: str, cursor: str | None, limit: int, reader: Reader
    ) -> tuple[list[Decision], str | None]: ...


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """One delivery: as its events tell it, with its steps where notify answered."""

    state: DeliveryState
    told: DeliveryTold | None


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions about a subject, a unit or a recipient, newest first, and the cursor of what follows."""

    items: tuple[Decision, ...]
    cursor: str | None


class DeliveryDesk:
    """Deliveries. `note(noun, time_ms)` is told of each state that was applied."""

    def __init__(
        self, *, held: DeliveriesHeld, api: DeliveryApi, note: Callable[[str, int], None], clock: Clock
    ) -> None:
        self._held = held
        self._api = api
        self._note = note
        self._clock = clock

    async def page(self, *, status: str | None, limit: int, cursor: str | None) -> Listed[DeliveryState]:
        """Deliveries, newest first; `Permanent` when the cursor is not of this list."""
        return await self._held.newest(status=status, limit=limit, cursor=cursor)

    async def one(self, delivery: str, reader: Reader) -> DeliveryFacts | None:
        """One delivery; None when no event told of it. `Refused` when the reader may not ask notify."""
        state = await self._held.get(delivery)
        if state is None:
            return None
        told = await answer_or_none(self._api.delivery(delivery, reader))
        if told is not None:
            await self._apply(told)
            return DeliveryFacts(told if told.revision >= state.revision else state, told)
        return DeliveryFacts(state, None)

    async def said(self, delivery: str, *, format: str, reader: Reader) -> Paper:
        """What a message said. `Refused`, `Away`."""
        return await self._api.said(delivery, format=format, reader=reader)

    async def change(self, deliveries: Sequence[str], change: str, *, reason: str, reader: Reader) -> Outcome:
        """`resend` or `cancel` each, with the reason."""

        async def one(delivery: str) -> None:
            await self._apply(await self._api.change_delivery(delivery, change, reason=reason, reader=reader))

        return await one_by_one(deliveries, one)

    async def why(
        self, *, subject: str = "", unit: str = "", recipient: str = "", cursor: str | None = None, reader: Reader
    ) -> Decisions | None:
        """Every decision; None when notify does not answer."""
        found = await answer_or_none(
            self._api.why(subject=subject, unit=unit, recipient=recipient, cursor=cursor, limit=WHY_MAX, reader=reader)
        )
        return None if found is None else Decisions(tuple(found[0]), found[1])

    async def _apply(self, told: DeliveryTold) -> None:
        if await self._held.apply(DeliveryState.model_validate(told.model_dump())):
            self._note("delivery", self._clock.now_ms())
