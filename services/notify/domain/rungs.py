"""Rungs of the ladder: the rows an obligation gets, and what becomes of those that are due.

A row belongs to one due day: an extension supersedes the rows that still wait and makes new ones for the new day,
so that what was sent before it stays as it was. Its `fire_at_ms` is in the unit's zone; each recipient is written to
when the clocks of their own zone show the same day and time, so a row may be told in parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from services.notify.domain.instants import DAY_MS
from shared.events.notice import ReminderState, ReminderStatus
from shared.events.obligation import ObligationState
from shared.plan.model import Ladder, Rung

MAX_LATENESS_MS = DAY_MS
"""A rung that is later than this is not made up: not when a newer one exists, nor when it was over before its
obligation became known."""

PLANNED = "planned"
KNOWN_LATE = "obligation_known_late"
EXTENDED = "extended"
UNKNOWN = "obligation_unknown"
NEWER_DUE = "newer_rung_due"
TOO_LATE = "too_late_newer_rung_exists"
DUE = "due"
TOLD_IN_PART = "told_in_part"
MISSING_CONTACT = "missing_contact"
NOT_DELIVERED = "not_delivered"


@dataclass(frozen=True, slots=True)
class Reminder:
    """One rung of one obligation for one due day. `next_at_ms` is when the worker looks at it (again).

    `ready_at_ms`: since when nothing but us delays it. `deliveries`: ids of the messages that tell it so far;
    `told`: marks of the addresses that they went to; `unreached`: of those where they did not arrive.
    """

    id: str
    obligation: str
    plan: str
    form: str
    unit: str
    period: str
    rung: str
    kind: str
    roles: tuple[str, ...]
    due_at_ms: int
    fire_at_ms: int
    next_at_ms: int
    status: ReminderStatus
    decision: str
    decided_at_ms: int
    ready_at_ms: int = 0
    deliveries: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    revision: int = 1
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def state(self) -> ReminderState:
        return ReminderState(
            revision=self.revision,
            reminder=self.id,
            obligation=self.obligation,
            plan=self.plan,
            form=self.form,
            unit=self.unit,
            period=self.period,
            rung=self.rung,
            kind=self.kind,
            roles=self.roles,
            fire_at_ms=self.fire_at_ms,
            status=self.status,
            decision=self.decision,
            decided_at_ms=self.decided_at_ms,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with one due row: `send`, or settle it with a status; and why."""

    reminder: Reminder
    action: Literal["send", "settle"]
    status: ReminderStatus
    reason: str


def reminder_id(obligation: str, rung: str, due_at_ms: int) -> str:
    """The same rung for the same due day always has the same id: planning twice makes no second row."""
    digest = hashlib.sha256(f"{obligation}\n{rung}\n{due_at_ms}".encode()).hexdigest()
    return f"reminder-{digest[:32]}"


def planned(
    state: ObligationState,
    ladder: Ladder,
    fire_ms: Callable[[Rung], int],
    *,
    known_at_ms: int,
    now_ms: int,
    first_ms: Callable[[int], int] = lambda fire_at_ms: fire_at_ms,
) -> list[Reminder]:
    """The rows of an obligation, in the ladder's order. What came too late to be known is SKIPPED_LATE from the start.

    Publishing a plan for past years must not flood: such rows are written, for `why`, but never sent. `first_ms`
    gives the instant at which the first recipient's morning comes: some live east of the unit.
    """
    rows: list[Reminder] = []
    for rung in ladder.rungs:
        fire_at_ms = fire_ms(rung)
        too_late = known_at_ms - fire_at_ms > MAX_LATENESS_MS
        ready_at_ms = max(first_ms(fire_at_ms), known_at_ms)
        rows.append(_row(state, rung, fire_at_ms, ready_at_ms, too_late=too_late, now_ms=now_ms))
    return rows


def _row(
    state: ObligationState, rung: Rung, fire_at_ms: int, ready_at_ms: int, *, too_late: bool, now_ms: int
) -> Reminder:
    return Reminder(
        id=reminder_id(state.obligation, rung.code, state.due_at_ms),
        obligation=state.obligation,
        plan=state.plan,
        form=state.form,
        unit=state.unit,
        period=state.period,
        rung=rung.code,
        kind=rung.kind,
        roles=rung.to,
        due_at_ms=state.due_at_ms,
        fire_at_ms=fire_at_ms,
        next_at_ms=ready_at_ms,
        status="SKIPPED_LATE" if too_late else "PENDING",
        decision=KNOWN_LATE if too_late else PLANNED,
        decided_at_ms=now_ms,
        ready_at_ms=ready_at_ms,
    )


def outdated(rows: Sequence[Reminder], state: ObligationState) -> list[Reminder]:
    """Waiting rows of another due day: an extension (or a corrected calendar) replaced them."""
    return [row for row in rows if row.status == "PENDING" and row.due_at_ms != state.due_at_ms]


def is_replanned(held: Reminder) -> bool:
    """Whether the row was put aside for another due day, and not for anything that was sent or settled."""
    return held.status == "SUPERSEDED" and held.decision == EXTENDED


def replanned(held: Reminder, row: Reminder, *, now_ms: int) -> Reminder:
    """The row as it is planned now: an extension was taken back or has expired, and its due day holds again."""
    return replace(
        held,
        status=row.status,
        decision=row.decision,
        next_at_ms=row.next_at_ms,
        ready_at_ms=row.ready_at_ms,
        decided_at_ms=now_ms,
        revision=held.revision + 1,
    )


def settled_by(state: ObligationState) -> str | None:
    """Why nothing is owed any more, or None while the report is still owed."""
    reasons = {
        "FULFILLED": "report_received",
        "NIL": "nil_reported",
        "WAIVED": "waived",
        "NOT_APPLICABLE": "not_applicable",
        "CANCELLED": "cancelled",
    }
    return reasons.get(state.outcome)


def decide(
    state: ObligationState | None, due: Sequence[Reminder], *, now_ms: int = 0, last_rung: str | None = None
) -> list[Verdict]:
    """What becomes of the due rows of one obligation: at most one is sent, the latest of the current due day.

    `state` is the obligation as re-read now; None when it is not known (cannot happen while the ledger is kept).
    `last_rung` is the last of its ladder: every other one has a newer one that makes it up.
    """
    if state is None:
        return [Verdict(row, "settle", "SUPERSEDED", UNKNOWN) for row in due]
    done = settled_by(state)
    if done is not None:
        return [Verdict(row, "settle", "SUPERSEDED", done) for row in due]
    current = [row for row in due if row.due_at_ms == state.due_at_ms]
    latest = max(current, key=lambda row: (row.fire_at_ms, row.id), default=None)
    return [_verdict(row, state, latest, now_ms, last_rung) for row in due]


def _verdict(
    row: Reminder, state: ObligationState, latest: Reminder | None, now_ms: int, last_rung: str | None
) -> Verdict:
    if row.due_at_ms != state.due_at_ms:
        return Verdict(row, "settle", "SUPERSEDED", EXTENDED)
    if latest is not None and row.id != latest.id:
        return Verdict(row, "settle", "SKIPPED_LATE", NEWER_DUE)
    if last_rung not in (None, row.rung) and now_ms - row.next_at_ms > MAX_LATENESS_MS:
        return Verdict(row, "settle", "SKIPPED_LATE", TOO_LATE)
    return Verdict(row, "send", "SENT", DUE)
