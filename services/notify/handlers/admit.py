"""May a delivery leave now, and by which channel: preferences, addresses, quiet hours, the day's budget, in this order.

Every answer is written on the delivery with its reason; nothing is dropped without one.
Crash: the day's account is written before the claim. Asked again, the same delivery takes no second place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from services.notify.domain.budget import OVER_BUDGET, Spent, next_morning_ms, spend
from services.notify.domain.contacts import Target
from services.notify.domain.contacts_quality import Address
from services.notify.domain.deliveries import Delivery, ended, failed, held_back
from services.notify.domain.fallback import choose
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.inspections.nudges import settled_by as deadline_settled_by
from services.notify.domain.instants import HOUR_MS, local_day
from services.notify.domain.preferences import Preferences, is_switched_off, quiet_until_ms
from services.notify.domain.rungs import Reminder, settled_by
from services.notify.domain.telling import nudges_of, rungs_of
from services.notify.handlers.ports import LedgerBook
from services.notify.handlers.watch_inspections import HeldInspection
from shared.errors import Transient

SWITCHED_OFF = "switched_off_by_recipient"
NO_ADDRESS = "no_address_in_use"
QUIET_HOURS = "recipient_quiet_hours"
ATTEMPTS_MAX = 20
STALE_AFTER_MS = HOUR_MS
"""A reminder that waited longer is held against the ledger again: nobody is reminded of what is done."""


class PreferencesOf(Protocol):
    async def of(self, recipient: str) -> Preferences: ...


class KnownAddresses(Protocol):
    async def get_many(self, addresses: list[str]) -> list[Address]: ...


class BudgetBook(Protocol):
    async def of(self, recipient: str) -> Spent: ...
    async def save(self, spent: Spent) -> bool: ...


class ReminderRows(Protocol):
    async def of_ids(self, ids: list[str]) -> list[Reminder]: ...


class NudgeRows(Protocol):
    async def of_ids(self, ids: list[str]) -> list[Nudge]: ...


class HeldInspections(Protocol):
    async def get(self, inspection: str) -> HeldInspection | None: ...


class StillOwed:
    """Whether anything that a reminder tells, of reports or of inspections, is still owed."""

    def __init__(
        self, reminders: ReminderRows, ledger: LedgerBook, nudges: NudgeRows, inspections: HeldInspections
    ) -> None:
        self._reminders = reminders
        self._ledger = ledger
        self._nudges = nudges
        self._inspections = inspections

    async def settled(self, delivery: Delivery, now_ms: int) -> str | None:
        """Why nothing of it is owed any more; None while something is, and for what is no reminder."""
        if delivery.kind not in ("reminder", "inspection") or now_ms - delivery.created_at_ms < STALE_AFTER_MS:
            return None
        reasons = [*await self._of_reports(delivery), *await self._of_deadlines(delivery)]
        return next((one for one in reasons if one), None) if reasons and all(reasons) else None

    async def _of_reports(self, delivery: Delivery) -> list[str | None]:
        rows = await self._reminders.of_ids(rungs_of(delivery))
        entries = await self._ledger.get_many(sorted({row.obligation for row in rows})) if rows else {}
        return [settled_by(entry.state) for entry in entries.values()]

    async def _of_deadlines(self, delivery: Delivery) -> list[str | None]:
        told = nudges_of(delivery)
        rows = await self._nudges.of_ids(told) if told else []
        held = {id: await self._inspections.get(id) for id in {row.inspection for row in rows}}
        states = {id: one.state if one is not None else None for id, one in held.items()}
        return [deadline_settled_by(states[row.inspection], row) for row in rows]


class Admit:
    """Decides about deliveries that were not tried yet, and finds the targets of those that were."""

    def __init__(
        self,
        *,
        preferences: PreferencesOf,
        addresses: KnownAddresses,
        budgets: BudgetBook,
        still_owed: StillOwed,
        per_day_max: int,
    ) -> None:
        self._preferences = preferences
        self._addresses = addresses
        self._budgets = budgets
        self._still_owed = still_owed
        self._per_day_max = per_day_max

    async def decide(self, delivery: Delivery, now_ms: int) -> Delivery:
        """The delivery with its `target` when it may leave now; without one: as it is to be saved instead."""
        preferences = await self._preferences.of(delivery.recipient)
        if is_switched_off(delivery, preferences):
            return ended(delivery, "CANCELLED", SWITCHED_OFF, now_ms=now_ms)
        done = await self._still_owed.settled(delivery, now_ms)
        if done is not None:
            return ended(delivery, "SUPERSEDED", done, now_ms=now_ms)
        target = await self._usable(preferences, delivery.tried)
        if target is None:
            return failed(delivery, NO_ADDRESS, now_ms=now_ms)
        by_person = delivery.cause == "resent_by_operator"
        until_ms = None if by_person else quiet_until_ms(preferences, now_ms, delivery.time_zone)
        if until_ms is not None:
            return held_back(delivery, QUIET_HOURS, until_ms, now_ms=now_ms)
        if not await self._spend(delivery, now_ms):
            return held_back(delivery, OVER_BUDGET, next_morning_ms(now_ms, delivery.time_zone), now_ms=now_ms)
        return replace(delivery, channel=target.channel, target=target)

    async def again(self, delivery: Delivery, now_ms: int) -> Delivery:
        """A delivery that was tried before, with its target; as given up where its channel is no longer in use."""
        preferences = await self._preferences.of(delivery.recipient)
        target = next((one for one in preferences.targets if one.channel == delivery.channel), None)
        if target is None or target.id in await self._disabled([target]):
            return failed(delivery, NO_ADDRESS, now_ms=now_ms)
        return replace(delivery, target=target)

    async def next_target(self, delivery: Delivery) -> Target | None:
        """The channel to fall back to when this one failed for good."""
        return await self._usable(await self._preferences.of(delivery.recipient), (*delivery.tried, delivery.channel))

    async def _usable(self, preferences: Preferences, tried: tuple[str, ...]) -> Target | None:
        targets = preferences.targets
        return choose(targets, tried=tried, disabled=await self._disabled(list(targets)))

    async def _disabled(self, targets: list[Target]) -> set[str]:
        known = await self._addresses.get_many([target.id for target in targets])
        return {address.id for address in known if address.is_disabled}

    async def _spend(self, delivery: Delivery, now_ms: int) -> bool:
        """Take a place in the day's budget; False when there is none left."""
        day = local_day(now_ms, delivery.time_zone).isoformat()
        for _ in range(ATTEMPTS_MAX):
            held = await self._budgets.of(delivery.recipient)
            spent = spend(held, delivery, day=day, most=self._per_day_max)
            if spent is None:
                return False
            if spent == held or await self._budgets.save(spent):
                return True
        raise Transient(f"the day's account of a recipient moved on {ATTEMPTS_MAX} times")
