"""Rows about alerts, reminders, digests and deliveries, as every page lists them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.dashboard.pages import labels, reasons
from services.dashboard.pages.address import Address
from services.dashboard.pages.words import Words
from shared.events.notice import AlertState, DeliveryState, DigestState, ReminderState
from shared.events.unit import UnitState

ABOUT_MAX = 3
WAITING = frozenset({"CREATED", "SENDING", "TEMPORARY_FAILURE"})


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert. `link` leads to its page; `about` tells it from others of its rule and unit: periods, indicators."""

    id: str
    link: str
    is_open: bool
    time: str
    machine: str
    severity: str
    severity_text: str
    unit: str
    unit_name: str
    address: str
    kind: str
    rule: str
    phase: str
    phase_text: str
    note: str
    points: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One reminder, digest or delivery. `link` leads to its page, where it has one."""

    at_ms: int
    time: str
    machine: str
    kind: str
    text: str
    detail: str
    unit_name: str
    address: str
    status: str
    look: str
    reason: str
    id: str = ""
    link: str = ""
    is_waiting: bool = False


@dataclass(frozen=True, slots=True)
class Naming:
    """How rows name units and where they lead."""

    units: Mapping[str, UnitState]
    words: Words
    address: Address

    def unit(self, code: str | None) -> str:
        if code is None:
            return ""
        return self.words.name(self.units[code].names) if code in self.units else code

    def link(self, code: str | None) -> str:
        return self.address.unit(code) if code is not None and code in self.units else ""


def alert_row(state: AlertState, naming: Naming) -> AlertRow:
    """One alert; its note says what was promised, why it is silenced, or how often it was seen."""
    words = naming.words
    note = ""
    if state.phase == "ACKNOWLEDGED" and state.promise:
        note = words.say("promised by {date}", date=words.iso_day(state.promise))
    elif state.phase == "SILENCED":
        note = state.reason or ""
    elif state.occurrences > 1:
        note = words.say("seen {n} times", n=state.occurrences)
    return AlertRow(
        id=state.alert,
        link=naming.address.to(f"/alerts/{state.alert}", peer=None),
        is_open=state.phase == "OPEN",
        time=words.moment(state.opened_at_ms),
        machine=words.machine(state.opened_at_ms),
        severity=state.severity,
        severity_text=words.say(labels.SEVERITIES[state.severity]),
        unit=state.unit,
        unit_name=naming.unit(state.unit),
        address=naming.link(state.unit),
        kind=words.name(state.names),
        rule=state.rule,
        phase=state.phase.lower(),
        phase_text=words.say(labels.ALERT_PHASES[state.phase]),
        note=note,
        points=words.number(state.points, 0),
        about=about(state.detail, words),
    )


def about(detail: Mapping[str, Any], words: Words) -> str:
    """What an alert is about: its period or periods, the code of a finding, else some of its indicators."""
    if period := detail.get("period"):
        return words.period(str(period))
    if periods := detail.get("periods"):
        return ", ".join(words.period(str(code)) for code in periods[-ABOUT_MAX:])
    if code := detail.get("code"):
        return str(code)
    codes = [str(code) for code in detail.get("indicators") or ()]
    return ", ".join(codes[:ABOUT_MAX]) + (" …" if len(codes) > ABOUT_MAX else "")


def reminder_row(state: ReminderState, naming: Naming) -> NoticeRow:
    """One reminder."""
    words = naming.words
    at_ms = state.fire_at_ms if state.status == "PENDING" else state.decided_at_ms
    return NoticeRow(
        at_ms=at_ms,
        time=words.moment(at_ms),
        machine=words.machine(at_ms),
        kind=words.say(labels.REMINDER_KINDS.get(state.kind, state.kind)),
        text=words.period(state.period),
        detail=state.rung,
        unit_name=naming.unit(state.unit),
        address=naming.link(state.unit),
        status=words.say(labels.REMINDER_STATUSES[state.status]),
        look=labels.look_of_status(state.status),
        reason=reasons.said(state.decision, words),
    )


def digest_row(state: DigestState, naming: Naming) -> NoticeRow:
    """One run of a digest."""
    words = naming.words
    audience = words.say(labels.AUDIENCES.get(state.audience, state.audience))
    return NoticeRow(
        at_ms=state.made_at_ms,
        time=words.moment(state.made_at_ms),
        machine=words.machine(state.made_at_ms),
        kind=words.say("Digest"),
        text=words.name(state.headline),
        detail=words.say("{audience}, recipients: {n}", audience=audience, n=state.recipients),
        unit_name="",
        address="",
        status=words.say("completed") if state.status == "COMPLETED" else words.say("being made"),
        look=labels.look_of_status(state.status),
        reason="",
        id=state.digest,
        link=naming.address.to(f"/digests/{state.digest}", peer=None),
    )


def delivery_row(state: DeliveryState, naming: Naming) -> NoticeRow:
    """One delivery."""
    words = naming.words
    tries = words.say("{n} attempts", n=state.attempts) if state.attempts > 1 else ""
    return NoticeRow(
        at_ms=state.changed_at_ms,
        time=words.moment(state.changed_at_ms),
        machine=words.machine(state.changed_at_ms),
        kind=words.say(labels.DELIVERY_KINDS[state.kind]),
        text=state.title,
        detail=" · ".join(part for part in (state.channel, state.recipient, tries) if part),
        unit_name=naming.unit(state.unit),
        address=naming.link(state.unit),
        status=words.say(labels.DELIVERY_STATUSES[state.status]),
        look=labels.look_of_status(state.status),
        # What the mail server said to an accepted message is evidence for `why`, not for a list.
        reason="" if state.status in ("SENT", "DELIVERED") else reasons.said(state.decision, words),
        id=state.delivery,
        link=naming.address.to(f"/deliveries/{state.delivery}", peer=None),
        is_waiting=state.status in WAITING,
    )


def newest(rows: Iterable[NoticeRow], *, most: int) -> tuple[NoticeRow, ...]:
    """The newest of several kinds of notices."""
    return tuple(sorted(rows, key=lambda row: -row.at_ms)[:most])
