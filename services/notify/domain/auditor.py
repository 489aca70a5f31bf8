"""The auditor: what should have been planned and sent by now, worked out a second time, and where the record differs.

It starts from the ledger and the plan's words and shares no rule with the planner or the worker: a fault there must
not hide itself here. It says what is missing or too much, and mends nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.notify.domain.alerts import Alert, Signal
from services.notify.domain.deliveries import Delivery
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.ledger import Entry
from services.notify.domain.rungs import Reminder
from shared.events.base import Names
from shared.plan.model import Ladder, Plan

AUDITOR = "AUDITOR"
GRACE_MS = 3_600_000
"""What is younger than this may still be on its way."""

EXAMPLES_MAX = 20
FAR_MS = 2**53

RUNG_MISSING = "rung_missing"
RUNG_UNASKED = "rung_not_asked_for"
RUNG_STUCK = "rung_stuck"
RUNG_DROPPED = "rung_dropped_while_owed"
SENT_UNPROVED = "sent_without_message"
SENT_SETTLED = "sent_after_settled"
TWO_A_DAY = "two_messages_a_day"
MESSAGE_STUCK = "message_stuck"
DIGEST_MISSING = "digest_missing"
NO_NEXT_STEP = "alert_without_next_step"
KINDS = (
    RUNG_MISSING,
    RUNG_UNASKED,
    RUNG_STUCK,
    RUNG_DROPPED,
    SENT_UNPROVED,
    SENT_SETTLED,
    TWO_A_DAY,
    MESSAGE_STUCK,
    DIGEST_MISSING,
    NO_NEXT_STEP,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: of which kind, and about what (an id, or what the missing thing would be)."""

    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class Window:
    """What is looked at: rungs and moments in (from, to]; `now_ms` is the look itself."""

    from_ms: int
    to_ms: int
    now_ms: int

    def holds(self, instant_ms: int) -> bool:
        return self.from_ms < instant_ms <= self.to_ms


def rung_differences(
    entries: Iterable[Entry],
    rows: Sequence[Reminder],
    plan_of: Callable[[str, str], Plan | None],
    is_working: Callable[[Plan, date], bool],
    window: Window,
) -> list[Difference]:
    """The ladder of every obligation against the rows that fire within the window."""
    held = {(row.obligation, row.rung, row.due_at_ms): row for row in rows}
    known = {entry.state.obligation: entry for entry in entries}
    asked: set[tuple[str, str, int]] = set()
    found: list[Difference] = []
    counted: dict[tuple[str, str, str, int, str], list[tuple[str, int]]] = {}
    for entry in known.values():
        state = entry.state
        alike = (state.plan, state.plan_version, state.form, state.due_at_ms, state.time_zone)
        if alike not in counted:  # many units owe the same form on the same day
            plan = plan_of(state.plan, state.plan_version)
            counted[alike] = list(_fires(entry, plan, is_working)) if plan else []
        for code, fires_ms in counted[alike]:
            if not window.holds(fires_ms):
                continue
            key = (entry.state.obligation, code, entry.state.due_at_ms)
            asked.add(key)
            if key not in held and _was_owed(entry, fires_ms, window.now_ms):
                found.append(Difference(RUNG_MISSING, f"{key[0]} {code}"))
    for key, row in held.items():
        entry_of = known.get(row.obligation)
        if entry_of is not None:
            found += _row_differences(row, entry_of, key in asked)
    return found


def _fires(entry: Entry, plan: Plan, is_working: Callable[[Plan, date], bool]) -> Iterable[tuple[str, int]]:
    """Every rung of the obligation's ladder with the instant at which it fires in the unit's zone."""
    state = entry.state
    zone = ZoneInfo(state.time_zone)
    due = datetime.fromtimestamp(state.due_at_ms / 1000, UTC).astimezone(zone).date()
    ladder = _ladder(plan, state.form)
    for rung in ladder.rungs if ladder else ():
        day = _counted(due, rung.working_days, lambda day: is_working(plan, day))
        moment = datetime.combine(day, time.fromisoformat(ladder.at if ladder else "09:00"), zone)
        yield rung.code, int(moment.timestamp() * 1000)


def _counted(day: date, count: int, is_working: Callable[[date], bool]) -> date:
    """So many working days from a day; for 0 the last working day up to it."""
    step, left = (1 if count > 0 else -1), abs(count)
    while left or (count == 0 and not is_working(day)):
        day += timedelta(days=step)
        left -= bool(left) and is_working(day)
    return day


def _ladder(plan: Plan, form: str) -> Ladder | None:
    for one in plan.forms:
        if one.code == form and one.ladder is not None:
            return plan.ladder(one.ladder)
    return None


def _was_owed(entry: Entry, fires_ms: int, now_ms: int) -> bool:
    """Whether the rung had to be planned: known for a while, and owed when last heard of."""
    return entry.state.outcome == "PENDING" and max(entry.known_at_ms, entry.state.changed_at_ms) < now_ms - GRACE_MS


def _row_differences(row: Reminder, entry: Entry, is_asked: bool) -> Iterable[Difference]:
    state = entry.state
    current = row.due_at_ms == state.due_at_ms
    if current and not is_asked and row.status in ("PENDING", "SENT"):
        yield Difference(RUNG_UNASKED, row.id)
    owed_throughout = state.outcome == "PENDING" and state.changed_at_ms < row.decided_at_ms
    if current and row.status == "SUPERSEDED" and owed_throughout:
        yield Difference(RUNG_DROPPED, row.id)
    settled_ms = state.first_valid_at_ms if state.outcome in ("FULFILLED", "NIL") else None
    told = row.status == "SENT" and row.decision == "due" and state.returned_count == 0
    if told and settled_ms and max(settled_ms, state.changed_at_ms) < row.decided_at_ms - GRACE_MS:
        yield Difference(SENT_SETTLED, row.id)


def record_differences(
    stuck: Iterable[Reminder | Nudge], sent: Iterable[Reminder], made: Sequence[Delivery], existing: frozenset[str]
) -> list[Difference]:
    """Rows that wait beyond their time, rows that say sent without a message, people who got two messages in a day."""
    found = [Difference(RUNG_STUCK, row.id) for row in stuck]
    found += [
        Difference(SENT_UNPROVED, row.id)
        for row in sent
        if not row.deliveries or not existing.issuperset(row.deliveries)
    ]
    first = [one for one in made if not one.origin]
    per_day = Counter((one.recipient, one.slot) for one in first)
    found += [Difference(TWO_A_DAY, one.id) for one in first if per_day[one.recipient, one.slot] > 1]
    return found


def alert_differences(alerts: Iterable[Alert], now_ms: int) -> list[Difference]:
    """Alerts whose escalation stands still: a next step that is over, or none while a level with a time remains."""
    found: list[Difference] = []
    for alert in alerts:
        if not alert.is_open:
            continue
        waits = [step.after_ms for step in alert.steps[alert.level : alert.level + 1]]
        lost = alert.phase == "OPEN" and not alert.muted_by and bool(waits) and waits[0] < FAR_MS
        if alert.next_step_at_ms < now_ms - GRACE_MS or (lost and alert.next_step_at_ms >= FAR_MS):
            found.append(Difference(NO_NEXT_STEP, alert.id))
    return found


def signals(plan: Plan, differences: Sequence[Difference], *, now_ms: int) -> list[Signal]:
    """One signal per kind of difference: firing with its examples, or ended where none is left."""
    by_kind: Mapping[str, list[str]] = {
        kind: sorted({one.about for one in differences if one.kind == kind}) for kind in KINDS
    }
    return [_signal(plan, kind, about, now_ms) for kind, about in by_kind.items()]


def _signal(plan: Plan, kind: str, about: Sequence[str], now_ms: int) -> Signal:
    detail: dict[str, Any] = {"difference": kind, "count": len(about), "examples": list(about[:EXAMPLES_MAX])}
    return Signal(
        plan=plan.code,
        unit=plan.standing_body or "",
        rule=AUDITOR,
        names=Names(vi="Kiểm tra nội bộ phát hiện sai lệch", en="The auditor found a difference"),
        severity="high",
        points=0,
        subject=kind,
        firing=bool(about),
        source_revision=now_ms // 1000,
        reason="no_difference_left",
        detail=detail,
        signal="auditor",
    )
