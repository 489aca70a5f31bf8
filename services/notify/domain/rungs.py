"""Rungs of the ladder: the rows an obligation gets, and what becomes of those that are due.

A row belongs to one due day: an extension supersedes the rows that still wait and makes new ones for the new day,
so that what was sent before it stays as it was.
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
"""A rung whose time passed longer than this before its obligation became known is not made up."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """One rung of one obligation for one due day. `next_at_ms` is when the worker looks at it (again)."""

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
    state: ObligationState, ladder: Ladder, fire_ms: Callable[[Rung], int], *, known_at_ms: int, now_ms: int
) -> list[Reminder]:
    """The rows of an obligation, in the ladder's order. What came too late to be known is SKIPPED_LATE from the start.

    Publishing a plan for past years must not flood: such rows are written, for `why`, but never sent.
    """
    return [_planned_row(state, rung, fire_ms(rung), known_at_ms, now_ms) for rung in ladder.rungs]


def _planned_row(state: ObligationState, rung: Rung, fire_at_ms: int, known_at_ms: int, now_ms: int) -> Reminder:
    too_late = known_at_ms - fire_at_ms > MAX_LATENESS_MS
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
        next_at_ms=fire_at_ms,
        status="SKIPPED_LATE" if too_late else "PENDING",
        decision="obligation_known_late" if too_late else "planned",
        decided_at_ms=now_ms,
    )


def outdated(rows: Sequence[Reminder], state: ObligationState) -> list[Reminder]:
    """Waiting rows of another due day: an extension (or a corrected calendar) replaced them."""
    return [row for row in rows if row.status == "PENDING" and row.due_at_ms != state.due_at_ms]


def is_replanned(held: Reminder) -> bool:
    """Whether the row was put aside for another due day, and not for anything that was sent or settled."""
    return held.status == "SUPERSEDED" and held.decision == "extended"


def replanned(held: Reminder, row: Reminder, *, now_ms: int) -> Reminder:
    """The row as it is planned now: an extension was taken back or has expired, and its due day holds again."""
    return replace(
        held,
        status=row.status,
        decision=row.decision,
        next_at_ms=row.fire_at_ms,
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


def decide(state: ObligationState | None, due: Sequence[Reminder]) -> list[Verdict]:
    """What becomes of the due rows of one obligation: at most one is sent, the latest of the current due day.

    `state` is the obligation as re-read now; None when it is not known (cannot happen while the ledger is kept).
    """
    if state is None:
        return [Verdict(row, "settle", "SUPERSEDED", "obligation_unknown") for row in due]
    done = settled_by(state)
    if done is not None:
        return [Verdict(row, "settle", "SUPERSEDED", done) for row in due]
    current = [row for row in due if row.due_at_ms == state.due_at_ms]
    latest = max(current, key=lambda row: (row.fire_at_ms, row.id), default=None)
    return [_verdict(row, state, latest) for row in due]


def _verdict(row: Reminder, state: ObligationState, latest: Reminder | None) -> Verdict:
    if row.due_at_ms != state.due_at_ms:
        return Verdict(row, "settle", "SUPERSEDED", "extended")
    if latest is not None and row.id != latest.id:
        return Verdict(row, "settle", "SKIPPED_LATE", "newer_rung_due")
    return Verdict(row, "send", "SENT", "due")


def settle(row: Reminder, status: ReminderStatus, reason: str, *, now_ms: int) -> Reminder:
    """The row with its final status."""
    return replace(row, status=status, decision=reason, decided_at_ms=now_ms, revision=row.revision + 1)


def put_off(row: Reminder, until_ms: int, *, now_ms: int) -> Reminder:
    """The row, looked at again later: its recipient had today's mail already."""
    return replace(
        row, next_at_ms=until_ms, decision="waits_for_next_mail", decided_at_ms=now_ms, revision=row.revision + 1
    )
