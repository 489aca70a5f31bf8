"""What was or was not sent, and the decision behind it: for a recipient, a unit, and a subject.

Each source keeps its own decisions with their reasons; here they are only read, put in order, and put into words.
Every source is bounded by ROWS_MAX, so the answer is too: what is older is found by naming the subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.notify.domain.alerts import Alert
from services.notify.domain.contacts import shortened
from services.notify.domain.contacts_quality import Address, units_of
from services.notify.domain.deliveries import Delivery
from services.notify.domain.grouping import Group
from services.notify.domain.preferences import Preferences
from services.notify.domain.reason_words import words_of
from services.notify.domain.rungs import Reminder
from services.notify.handlers.ports import AlertBook, AlertPages, LedgerBook, ReminderBook, UnitBook
from shared.events.base import Names
from shared.events.notice import DigestState

ROWS_MAX = 300
OBLIGATIONS_MAX = 20
UNITS_MAX = 10
WORK_STEPS = frozenset({"claimed"})
"""Steps of the sender's own work: they decide nothing."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One decision: about what, what was decided, why, when (epoch ms); `words` say the code in both languages."""

    kind: str
    id: str
    about: str
    status: str
    reason: str
    at_ms: int
    number: int = 0
    recipient: str | None = None
    unit: str | None = None
    words: Names = field(default_factory=lambda: Names(vi="", en=""))

    @property
    def key(self) -> tuple[int, str, str, int]:
        """The newest first; of one instant, the last step of a thing first."""
        return (-self.at_ms, self.kind, self.id, -self.number)


class DeliveriesAbout(Protocol):
    async def get(self, delivery: str) -> Delivery | None: ...
    async def of_recipient(self, recipient: str, limit: int) -> list[Delivery]: ...
    async def of_unit(self, unit: str, limit: int) -> list[Delivery]: ...


class GroupsOf(Protocol):
    async def of_unit(self, unit: str, limit: int) -> list[Group]: ...


class PreferencesOf(Protocol):
    async def of(self, recipient: str) -> Preferences: ...


class AddressesOf(Protocol):
    async def of_recipient(self, recipient: str, limit: int) -> list[Address]: ...


class RunState(Protocol):
    """A digest run, as far as `why` asks it."""

    @property
    def id(self) -> str: ...
    @property
    def decision(self) -> str: ...
    @property
    def made_at_ms(self) -> int: ...
    def state(self) -> DigestState: ...


class DigestsAbout(Protocol):
    async def get(self, digest: str) -> Any: ...


class Why:
    """Answers `why`."""

    def __init__(
        self,
        *,
        units: UnitBook,
        ledger: LedgerBook,
        reminders: ReminderBook,
        alerts: AlertBook,
        alert_pages: AlertPages,
        groups: GroupsOf,
        deliveries: DeliveriesAbout,
        digests: DigestsAbout,
        preferences: PreferencesOf,
        addresses: AddressesOf,
    ) -> None:
        self._units = units
        self._ledger = ledger
        self._reminders = reminders
        self._alerts = alerts
        self._alert_pages = alert_pages
        self._groups = groups
        self._deliveries = deliveries
        self._digests = digests
        self._preferences = preferences
        self._addresses = addresses

    async def about(
        self,
        *,
        recipient: str | None = None,
        unit: str | None = None,
        subject: str | None = None,
        limit: int = ROWS_MAX,
        cursor: str | None = None,
    ) -> tuple[list[Reason], str | None]:
        """Decisions, the newest first, and the cursor of what follows. Several things named: what concerns them all.

        `subject`: an obligation, an alert, a digest or a delivery; an address in it is taken for the recipient.
        """
        if subject is not None and "@" in subject and recipient is None:
            recipient, subject = subject, None
        who = recipient.strip().lower() if recipient else None
        found = await self._found(who, unit, subject)
        distinct = {reason.key: reason for reason in found}
        ordered = [distinct[key] for key in sorted(distinct) if cursor is None or _text(key) > cursor]
        page = ordered[:limit]
        return page, _text(page[-1].key) if len(ordered) > limit else None

    async def _found(self, recipient: str | None, unit: str | None, subject: str | None) -> list[Reason]:
        if subject is not None:
            found = await self._of_subject(subject, recipient, unit)
            to_them = [one for one in found if recipient is None or one.recipient in (None, shortened(recipient))]
            return [one for one in to_them if unit is None or one.unit in (None, "", unit)]
        if recipient is not None:
            found = await self._of_recipient(recipient, unit)
            return [one for one in found if unit is None or one.unit in (None, "", unit)]
        return await self._of_unit(unit) if unit is not None else []

    async def _of_unit(self, unit: str) -> list[Reason]:
        found = [one for alert in await self._alert_pages.of_unit(unit, ROWS_MAX) for one in _alert(alert)]
        found += [_group(group) for group in await self._groups.of_unit(unit, ROWS_MAX)]
        found += _all(_delivery(one) for one in await self._deliveries.of_unit(unit, ROWS_MAX))
        for state in await self._ledger.of_unit(unit, OBLIGATIONS_MAX):
            found += await self._of_obligation(state.obligation)
        return found

    async def _of_recipient(self, recipient: str, unit: str | None) -> list[Reason]:
        """What went or did not go to them, what they chose, and the reminders of the units they are a contact of."""
        found = _all(_delivery(one) for one in await self._deliveries.of_recipient(recipient, ROWS_MAX))
        found += _preferences(await self._preferences.of(recipient))
        found += _all(_address(one) for one in await self._addresses.of_recipient(recipient, ROWS_MAX))
        units = await self._units.all()
        for code in [code for code in units_of(recipient, units) if unit in (None, code)][:UNITS_MAX]:
            roles = {one.role for one in units[code].contacts if one.email.strip().lower() == recipient}
            for state in await self._ledger.of_unit(code, OBLIGATIONS_MAX):
                rows = await self._reminders.of_obligation(state.obligation)
                found += [_reminder(row) for row in rows if roles & set(row.roles)]
        return found

    async def _of_subject(self, subject: str, recipient: str | None, unit: str | None) -> list[Reason]:
        if subject.startswith("alert-"):
            return await self._of_alert(subject, recipient)
        if subject.startswith("digest-"):
            run = await self._digests.get(subject)
            sent = await self._sent_to(recipient, (subject,))
            return [*([_digest(run)] if run is not None else []), *sent]
        if subject.startswith("delivery-"):
            delivery = await self._deliveries.get(subject)
            return _delivery(delivery) if delivery is not None else []
        found = await self._of_obligation(subject)
        return found or await self._told_of(subject, recipient, unit)

    async def _told_of(self, subject: str, recipient: str | None, unit: str | None) -> list[Reason]:
        """Deliveries that tell anything else (an inspection, a finding), of the recipient or the unit named with it."""
        held = await self._deliveries.of_recipient(recipient, ROWS_MAX) if recipient else []
        held += await self._deliveries.of_unit(unit, ROWS_MAX) if unit else []
        told = [one for one in held if subject in one.subject or any(subject in key for key in one.covers)]
        return _all(_delivery(one) for one in told)

    async def _of_alert(self, id: str, recipient: str | None) -> list[Reason]:
        alert = await self._alerts.get(id)
        if alert is None:
            return []
        found = _alert(alert)
        found += [_group(group) for group in await self._groups.of_unit(alert.unit, ROWS_MAX)]
        held = await self._deliveries.of_unit(alert.unit, ROWS_MAX)
        if recipient is not None:
            held += await self._deliveries.of_recipient(recipient, ROWS_MAX)
        about = [one for one in held if any(key.startswith(id) for key in one.covers)]
        return found + _all(_delivery(one) for one in about)

    async def _of_obligation(self, obligation: str) -> list[Reason]:
        rows = await self._reminders.of_obligation(obligation)
        ids = list(dict.fromkeys(id for row in rows for id in row.deliveries))[:ROWS_MAX]
        sent = [one for id in ids if (one := await self._deliveries.get(id)) is not None]
        return [*(_reminder(row) for row in rows), *_all(_delivery(one) for one in sent)]

    async def _sent_to(self, recipient: str | None, keys: Sequence[str]) -> list[Reason]:
        if recipient is None:
            return []
        held = await self._deliveries.of_recipient(recipient, ROWS_MAX)
        return _all(_delivery(one) for one in held if set(keys) & set(one.covers))


def _all(parts: Iterable[list[Reason]]) -> list[Reason]:
    return [one for part in parts for one in part]


def _text(key: tuple[int, str, str, int]) -> str:
    """The key as text in the same order: the place where a page ended."""
    at_ms, kind, id, number = key
    return f"{at_ms + 2**53:017d}|{kind}|{id}|{number + 1000:04d}"


def _reminder(row: Reminder) -> Reason:
    about = f"{row.form} {row.period}: {row.rung}"
    words = words_of(row.decision)
    return Reason(
        "reminder", row.id, about, row.status, row.decision, row.decided_at_ms, row.revision, None, row.unit, words
    )


def _alert(alert: Alert) -> list[Reason]:
    """The alert as it is, and each step on its way there."""
    now = alert.reason or alert.notice
    last = len(alert.history) + 1
    found = [
        Reason(
            "alert", alert.id, alert.rule, alert.phase, now, alert.changed_at_ms, last, None, alert.unit, words_of(now)
        )
    ]
    for number, step in enumerate(alert.history[:-1]):
        reason = str(step["reason"])
        words = words_of(reason)
        at_ms = int(step["at_ms"])
        found.append(
            Reason("alert", alert.id, alert.rule, str(step["phase"]), reason, at_ms, number, None, alert.unit, words)
        )
    return found


def _group(group: Group) -> Reason:
    about = f"{group.kind} -> {group.receiver or 'audience'}"
    words = words_of(group.decision)
    return Reason("group", group.id, about, "", group.decision, group.decided_at_ms, 0, None, group.unit, words)


def _digest(run: RunState) -> Reason:
    state = run.state()
    return Reason(
        "digest", run.id, state.audience, state.status, run.decision, run.made_at_ms, 0, words=words_of(run.decision)
    )


def _delivery(delivery: Delivery) -> list[Reason]:
    """Each step of one delivery. Preferences, quiet hours and the budget have left theirs among them."""
    now = {"status": delivery.status, "decision": delivery.decision, "at_ms": delivery.changed_at_ms}
    to, about = shortened(delivery.recipient), f"{delivery.title} -> {delivery.channel}"
    return [
        Reason(
            "delivery",
            delivery.id,
            about,
            str(step["status"]),
            str(step["decision"]),
            int(step["at_ms"]),
            number,
            to,
            delivery.unit,
            words_of(str(step["decision"])),
        )
        for number, step in enumerate(delivery.trail or (now,))
        if step["decision"] not in WORK_STEPS
    ]


def _preferences(preferences: Preferences) -> list[Reason]:
    to = shortened(preferences.recipient)
    return [
        Reason(
            "preference",
            preferences.id,
            str(step["what"]),
            f"off: {step['off']}" if step["off"] else "all_on",
            str(step["how"]),
            int(step["at_ms"]),
            number,
            to,
            None,
            words_of(str(step["how"])),
        )
        for number, step in enumerate(preferences.trail)
    ]


def _address(address: Address) -> list[Reason]:
    to = shortened(address.recipient)
    return [
        Reason(
            "address",
            address.id,
            f"{address.channel} {address.shown}",
            str(step["status"]),
            str(step["reason"]),
            int(step["at_ms"]),
            number,
            to,
            None,
            words_of(str(step["reason"])),
        )
        for number, step in enumerate(address.trail)
    ]
