"""What exceeded a day's budget goes out the next morning in one message per recipient.

Order of writes: the message that carries it all (one per recipient and day, content pinned), then each held delivery
SUPERSEDED by it. A crash between the two is finished by the next pass: the carrier says what it covers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlencode

from prometheus_client import Counter

from services.notify.domain.budget import OVER_BUDGET, FoldedLetter
from services.notify.domain.contacts import Recipient
from services.notify.domain.deliveries import FOLDED_INTO, Delivery, Letter, created, ended, moved
from services.notify.domain.instants import local_day
from services.notify.domain.preferences import is_switched_off
from services.notify.handlers.admit import SWITCHED_OFF, PreferencesOf, StillOwed

PAGE = 500
FOLDED_MAX = 50
"""Messages told in one carrier; what is beyond goes into another one."""

CARRIERS_MAX = 20


class HeldBook(Protocol):
    async def get(self, delivery: str) -> Delivery | None: ...
    async def add(self, delivery: Delivery, *, now_ms: int) -> bool: ...
    async def replace(self, delivery: Delivery, *, now_ms: int) -> bool: ...
    async def held_due(self, reason: str, now_ms: int, limit: int) -> list[Delivery]: ...


class FoldWriter(Protocol):
    def folded(self, letter: FoldedLetter) -> Letter: ...


class Fold:
    """Folds what was held back for the budget, once its morning has come."""

    def __init__(
        self,
        *,
        deliveries: HeldBook,
        preferences: PreferencesOf,
        still_owed: StillOwed,
        writer: FoldWriter,
        notices: Counter,
    ) -> None:
        self._deliveries = deliveries
        self._preferences = preferences
        self._still_owed = still_owed
        self._writer = writer
        self._notices = notices

    async def run(self, now_ms: int) -> int:
        """Everything that is due; how many held deliveries were decided."""
        done = 0
        while due := await self._deliveries.held_due(OVER_BUDGET, now_ms, PAGE):
            hands: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
            for delivery in due:
                # The morning that each waited for, not the present day: a pass after midnight finds the same carrier.
                morning = local_day(delivery.next_at_ms, delivery.time_zone).isoformat()
                hands[delivery.recipient, morning].append(delivery)
            progressed = sum([await self._fold(held, morning, now_ms) for (_, morning), held in sorted(hands.items())])
            done += progressed
            if not progressed:
                break
        return done

    async def _fold(self, held: Sequence[Delivery], morning: str, now_ms: int) -> int:
        wanted: list[Delivery] = []
        done = 0
        for delivery in sorted(held, key=lambda one: (one.created_at_ms, one.id)):
            gone = await self._gone(delivery, now_ms)
            if gone is None:
                wanted.append(delivery)
            else:
                done += await self._deliveries.replace(gone, now_ms=now_ms)
        for number in range(CARRIERS_MAX):
            if not wanted:
                break
            told = await self._told(wanted, f"folded@{morning}@{number}", now_ms)
            done += sum([await self._deliveries.replace(one, now_ms=now_ms) for one in told.values()])
            wanted = [one for one in wanted if one.id not in told]
        return done

    async def _told(self, wanted: Sequence[Delivery], slot: str, now_ms: int) -> dict[str, Delivery]:
        """Find or make one carrier; the deliveries that it settles, as they are to be saved."""
        carrier = self._carrier(wanted[:FOLDED_MAX], slot, now_ms)
        kept = await self._deliveries.get(carrier.id)
        if kept is None and len(wanted) == 1:
            [alone] = wanted
            return {alone.id: moved(alone, "CREATED", "next_morning", now_ms=now_ms, held="", next_at_ms=now_ms)}
        if kept is None and await self._deliveries.add(carrier, now_ms=now_ms):
            self._notices.labels(carrier.kind, "folded").inc()
        kept = kept or await self._deliveries.get(carrier.id) or carrier
        reason = f"{FOLDED_INTO}: {kept.id}"
        covered = [one for one in wanted if one.id in kept.covers]
        return {one.id: ended(one, "SUPERSEDED", reason, now_ms=now_ms) for one in covered}

    async def _gone(self, delivery: Delivery, now_ms: int) -> Delivery | None:
        if is_switched_off(delivery, await self._preferences.of(delivery.recipient)):
            return ended(delivery, "CANCELLED", SWITCHED_OFF, now_ms=now_ms)
        settled = await self._still_owed.settled(delivery, now_ms)
        return ended(delivery, "SUPERSEDED", settled, now_ms=now_ms) if settled else None

    def _carrier(self, held: Sequence[Delivery], slot: str, now_ms: int) -> Delivery:
        last = held[-1]
        kind = "alert" if any(one.kind == "alert" for one in held) else last.kind
        units = {one.unit for one in held}
        covers = tuple(dict.fromkeys([*(one.id for one in held), *(key for one in held for key in one.covers)]))
        place = "alerts" if kind == "alert" else ""
        letter = FoldedLetter(
            tuple((one.title, one.text) for one in held), last.language, f"{place}?{urlencode({'plan': last.plan})}"
        )
        made = created(
            kind=kind,
            subject=held[0].id,
            slot=slot,
            plan=last.plan,
            unit=units.pop() if len(units) == 1 else "",
            recipient=Recipient(last.recipient, None, last.language, last.time_zone),
            covers=covers,
            letter=self._writer.folded(letter),
            reason="folded",
            now_ms=now_ms,
        )
        # It stands for what was counted against a budget before: it is never held back itself.
        return replace(made, origin=held[0].id)
