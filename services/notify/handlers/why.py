"""What was or was not sent, and the decision behind it: for a recipient, a unit, and a subject.

Each source keeps its own decisions with their reasons; here they are only read, put in order, and put into words.
Every source is bounded by ROWS_MAX, so the answer is too: what is older is found by naming the subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from services.notify.domain.contacts import answers_for, shortened
from services.notify.domain.contacts_quality import Address
from services.notify.domain.deliveries import Delivery
from services.notify.domain.grouping import Group
from services.notify.domain.inspections.machine import inspection_of
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.instants import DAY_MS, NEVER_MS
from services.notify.domain.preferences import Preferences
from services.notify.domain.reasons import (
    Reason,
    of_address,
    of_alert,
    of_delivery,
    of_digest,
    of_group,
    of_nudge,
    of_preferences,
    of_reminder,
    of_window,
)
from services.notify.domain.rungs import Reminder
from services.notify.domain.silences import Outage, Silence
from services.notify.domain.telling import nudges_of, rungs_of
from services.notify.handlers.ports import AlertBook, AlertPages, ReminderBook, UnitBook
from shared.events.obligation import ObligationState

ROWS_MAX = 300
OBLIGATIONS_MAX = 20
UNITS_MAX = 10
AHEAD_MS = 31 * DAY_MS
"""A unit's or a recipient's answer leaves out reports that are due later: of them nothing was decided but a plan, which
would bury what was. They are found by naming the obligation."""


class LedgerAround(Protocol):
    async def around(self, unit: str, *, at_least_ms: int, below_ms: int, limit: int) -> list[ObligationState]: ...


class RungsAbout(ReminderBook, Protocol):
    async def of_ids(self, ids: list[str]) -> list[Reminder]: ...


class DeliveriesAbout(Protocol):
    async def get(self, delivery: str) -> Delivery | None: ...
    async def of_recipient(self, recipient: str, limit: int) -> list[Delivery]: ...
    async def of_unit(self, unit: str, limit: int) -> list[Delivery]: ...


class NudgesAbout(Protocol):
    async def of_inspection(self, inspection: str) -> list[Nudge]: ...
    async def of_unit(self, unit: str, limit: int) -> list[Nudge]: ...
    async def of_ids(self, ids: list[str]) -> list[Nudge]: ...


class WindowsAbout(Protocol):
    async def get(self, window: str) -> Silence | Outage | None: ...


class GroupsOf(Protocol):
    async def of_unit(self, unit: str, limit: int) -> list[Group]: ...


class PreferencesOf(Protocol):
    async def of(self, recipient: str) -> Preferences: ...


class AddressesOf(Protocol):
    async def of_recipient(self, recipient: str, limit: int) -> list[Address]: ...


class DigestsAbout(Protocol):
    async def get(self, digest: str) -> Any: ...


class Why:
    """Answers `why`."""

    def __init__(
        self,
        *,
        units: UnitBook,
        ledger: LedgerAround,
        reminders: RungsAbout,
        nudges: NudgesAbout,
        alerts: AlertBook,
        alert_pages: AlertPages,
        groups: GroupsOf,
        silences: WindowsAbout,
        outages: WindowsAbout,
        deliveries: DeliveriesAbout,
        digests: DigestsAbout,
        preferences: PreferencesOf,
        addresses: AddressesOf,
    ) -> None:
        self._units = units
        self._ledger = ledger
        self._reminders = reminders
        self._nudges = nudges
        self._alerts = alerts
        self._alert_pages = alert_pages
        self._groups = groups
        self._windows = {"silence": silences, "outage": outages}
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
        now_ms: int = NEVER_MS,
    ) -> tuple[list[Reason], str | None]:
        """Decisions, the newest first, and the cursor of what follows. Several things named: what concerns them all.

        `subject`: an obligation, an alert, a silence, an outage, an inspection, a finding, a digest or a delivery; an
        address in it is taken for the recipient.
        """
        if subject is not None and "@" in subject and recipient is None:
            recipient, subject = subject, None
        who = recipient.strip().lower() if recipient else None
        found = await self._found(who, unit, subject, now_ms)
        distinct = {reason.key: reason for reason in found}
        ordered = [distinct[key] for key in sorted(distinct) if cursor is None or _text(key) > cursor]
        page = ordered[:limit]
        return page, _text(page[-1].key) if len(ordered) > limit else None

    async def _found(self, recipient: str | None, unit: str | None, subject: str | None, now_ms: int) -> list[Reason]:
        if subject is not None:
            found = await self._of_subject(subject, recipient, unit)
            to_them = [one for one in found if recipient is None or one.recipient in (None, shortened(recipient))]
            return [one for one in to_them if unit is None or one.unit in (None, "", unit)]
        if recipient is not None:
            found = await self._of_recipient(recipient, unit, now_ms)
            return [one for one in found if unit is None or one.unit in (None, "", unit)]
        return await self._of_unit(unit, now_ms) if unit is not None else []

    async def _of_unit(self, unit: str, now_ms: int) -> list[Reason]:
        found = [one for alert in await self._alert_pages.of_unit(unit, ROWS_MAX) for one in of_alert(alert)]
        found += [of_group(group) for group in await self._groups.of_unit(unit, ROWS_MAX)]
        found += _all(of_delivery(one) for one in await self._deliveries.of_unit(unit, ROWS_MAX))
        found += await self._with_messages(await self._nudges.of_unit(unit, ROWS_MAX))
        for state in await self._owed(unit, now_ms):
            found += await self._of_obligation(state.obligation)
        return found

    async def _owed(self, unit: str, now_ms: int) -> list[ObligationState]:
        """A unit's obligations that anything may have been decided about by now, those due last first."""
        below_ms = min(now_ms + AHEAD_MS, NEVER_MS)
        return await self._ledger.around(unit, at_least_ms=0, below_ms=below_ms, limit=OBLIGATIONS_MAX)

    async def _of_recipient(self, recipient: str, unit: str | None, now_ms: int) -> list[Reason]:
        """What went or did not go to them, what they chose, and the reminders of the units that they answer for."""
        sent = await self._deliveries.of_recipient(recipient, ROWS_MAX)
        found = _all(of_delivery(one) for one in sent)
        told = list(dict.fromkeys(key for one in sent for key in nudges_of(one)))
        found += [of_nudge(row) for row in (await self._nudges.of_ids(told) if told else [])]
        rungs = list(dict.fromkeys(key for one in sent for key in rungs_of(one)))[:ROWS_MAX]
        found += [of_reminder(row) for row in (await self._reminders.of_ids(rungs) if rungs else [])]
        found += of_preferences(await self._preferences.of(recipient))
        found += _all(of_address(one) for one in await self._addresses.of_recipient(recipient, ROWS_MAX))
        answers = answers_for(recipient, await self._units.all())
        for code, roles in [(code, roles) for code, roles in answers.items() if unit in (None, code)][:UNITS_MAX]:
            for state in await self._owed(code, now_ms):
                rows = await self._reminders.of_obligation(state.obligation)
                found += [of_reminder(row) for row in rows if roles & set(row.roles)]
            dated = await self._nudges.of_unit(code, ROWS_MAX)
            found += [of_nudge(row) for row in dated if row.kind == "finding" and roles & set(row.roles)]
        return found

    async def _of_subject(self, subject: str, recipient: str | None, unit: str | None) -> list[Reason]:
        if subject.startswith("alert-"):
            return await self._of_alert(subject, recipient)
        if subject.startswith("digest-"):
            run = await self._digests.get(subject)
            sent = await self._sent_to(recipient, (subject,))
            return [*([of_digest(run)] if run is not None else []), *sent]
        if subject.startswith("delivery-"):
            delivery = await self._deliveries.get(subject)
            return of_delivery(delivery) if delivery is not None else []
        if subject.startswith(("silence-", "outage-")):
            window = await self._windows[subject.partition("-")[0]].get(subject)
            return of_window(window) if window is not None else []
        if subject.startswith(("inspection-", "finding-")):
            return await self._of_inspection(subject)
        found = await self._of_obligation(subject)
        return found or await self._told_of(subject, recipient, unit)

    async def _told_of(self, subject: str, recipient: str | None, unit: str | None) -> list[Reason]:
        """Deliveries that tell anything else (an inspection, a finding), of the recipient or the unit named with it."""
        held = await self._deliveries.of_recipient(recipient, ROWS_MAX) if recipient else []
        held += await self._deliveries.of_unit(unit, ROWS_MAX) if unit else []
        told = [one for one in held if subject in one.subject or any(subject in key for key in one.covers)]
        return _all(of_delivery(one) for one in told)

    async def _of_alert(self, id: str, recipient: str | None) -> list[Reason]:
        alert = await self._alerts.get(id)
        if alert is None:
            return []
        found = of_alert(alert)
        groups = await self._groups.of_unit(alert.unit, ROWS_MAX)
        found += [of_group(one) for one in groups if (one.plan, one.kind) == (alert.plan, alert.kind)]
        held = await self._deliveries.of_unit(alert.unit, ROWS_MAX)
        if recipient is not None:
            held += await self._deliveries.of_recipient(recipient, ROWS_MAX)
        about = [one for one in held if any(key.startswith(id) for key in one.covers)]
        return found + _all(of_delivery(one) for one in about)

    async def _of_inspection(self, subject: str) -> list[Reason]:
        """Reminders of an inspection, or of one finding, with the messages that told them."""
        is_finding = subject.startswith("finding-")
        rows = await self._nudges.of_inspection(inspection_of(subject) if is_finding else subject)
        return await self._with_messages([row for row in rows if not is_finding or row.about == subject])

    async def _with_messages(self, rows: Sequence[Nudge]) -> list[Reason]:
        ids = list(dict.fromkeys(id for row in rows for id in row.deliveries))[:ROWS_MAX]
        sent = [one for id in ids if (one := await self._deliveries.get(id)) is not None]
        return [*(of_nudge(row) for row in rows), *_all(of_delivery(one) for one in sent)]

    async def _of_obligation(self, obligation: str) -> list[Reason]:
        rows = await self._reminders.of_obligation(obligation)
        ids = list(dict.fromkeys(id for row in rows for id in row.deliveries))[:ROWS_MAX]
        sent = [one for id in ids if (one := await self._deliveries.get(id)) is not None]
        return [*(of_reminder(row) for row in rows), *_all(of_delivery(one) for one in sent)]

    async def _sent_to(self, recipient: str | None, keys: Sequence[str]) -> list[Reason]:
        if recipient is None:
            return []
        held = await self._deliveries.of_recipient(recipient, ROWS_MAX)
        return _all(of_delivery(one) for one in held if set(keys) & set(one.covers))


def _all(parts: Iterable[list[Reason]]) -> list[Reason]:
    return [one for part in parts for one in part]


def _text(key: tuple[int, str, str, int]) -> str:
    """The key as text in the same order: the place where a page ended."""
    at_ms, kind, id, number = key
    return f"{at_ms + 2**53:017d}|{kind}|{id}|{number + 1000:04d}"
