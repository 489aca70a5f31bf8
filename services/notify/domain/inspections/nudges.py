"""Reminders of the deadlines of inspections: which rows a deadline gets, and what becomes of those that are due. Pure.

A row belongs to one deadline of one step or finding. It is never tested by equality of days: it is due from
`fire_at_ms` on, until it was sent or what it is about was done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from services.notify.domain.instants import at_local, local_day
from shared.events.inspection import InspectionFinding, InspectionState
from shared.events.notice import ReminderStatus
from shared.plan.inspection_process import InspectionRung
from shared.plan.model import Plan
from shared.plan.working_days import working_days_of

MAIL_AT = "09:00"
FIRST_TO = ("report_officer", "unit_approver")
"""Who is told of a new finding, and of a remedy that was returned."""

FIRST_WORDS = ("NEW", "RETURNED")
"""What these say includes the deadline, and why: of two rungs of one morning they are the one that is told."""

PLAN_UNKNOWN = "plan_unknown"
Kind = Literal["step", "finding"]


_SETTLED = {"REMEDIED": "remedied", "ACCEPTED": "remedy_accepted", "WITHDRAWN": "finding_withdrawn"}
"""A finding that is not open -> why nobody is reminded of it."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """One rung of one deadline. `about`: the step's code or the finding's id. Instants in epoch ms.

    What telling leaves on it (`ready_at_ms` to `revision`) is as on a rung of an obligation.
    """

    id: str
    inspection: str
    plan: str
    unit: str
    kind: Kind
    about: str
    rung: str
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a due row: `PENDING` means that it is to be told now."""

    nudge: Nudge
    status: ReminderStatus
    reason: str


def planned(plan: Plan, state: InspectionState, *, now_ms: int) -> list[Nudge]:
    """Every row that the inspection's present deadlines ask for. The same state gives the same ids."""
    rows: list[Nudge] = []
    for kind, about, day, due_at_ms in _deadlines(state):
        rungs = plan.inspection_process.step_rungs if kind == "step" else plan.inspection_process.finding_rungs
        for rung in rungs:
            rows.append(_row(plan, state, rung, kind=kind, about=about, day=day, due_at_ms=due_at_ms, now_ms=now_ms))
    return rows + [_first(plan, state, one, now_ms) for one in state.findings if _is_owed(one)]


def decide(state: InspectionState | None, due: Sequence[Nudge]) -> list[Verdict]:
    """The due rows of one inspection, held against it as it stands now: of each deadline only the latest is told."""
    found: list[Verdict] = []
    for about in dict.fromkeys(row.about for row in due):
        rows = [row for row in due if row.about == about]
        latest = max(rows, key=lambda row: (row.fire_at_ms, row.rung in FIRST_WORDS, row.id))
        for row in rows:
            done = settled_by(state, row)
            if done is not None:
                found.append(Verdict(row, "SUPERSEDED", done))
            elif row.id != latest.id:
                found.append(Verdict(row, "SKIPPED_LATE", "newer_rung_due"))
            else:
                found.append(Verdict(row, "PENDING", "due"))
    return found


def settled_by(state: InspectionState | None, row: Nudge) -> str | None:
    """Named reason why nothing is to be told any more; None while it is."""
    if state is None:
        return "inspection_unknown"
    if row.kind == "step":
        if state.next_step != row.about:
            return "inspection_cancelled" if state.phase == "CANCELLED" else "step_taken"
        return None if state.next_due_at_ms == row.due_at_ms else "deadline_moved"
    finding = next((one for one in state.findings if one.finding == row.about), None)
    if finding is None or finding.status != "OPEN":
        return "finding_unknown" if finding is None else _SETTLED[finding.status]
    return None


def overdue(finding: InspectionFinding, now_ms: int) -> bool:
    """Open past its last instant. What was remedied and waits for an inspector is not the unit's to hurry."""
    return finding.status == "OPEN" and finding.due_at_ms is not None and now_ms > finding.due_at_ms


def next_overdue_ms(state: InspectionState, now_ms: int) -> int | None:
    """The next instant at which time alone makes a finding overdue; None when there is none."""
    ahead = [one.due_at_ms + 1 for one in state.findings if one.status == "OPEN" and one.due_at_ms is not None]
    return min((at_ms for at_ms in ahead if at_ms > now_ms), default=None)


def _deadlines(state: InspectionState) -> Iterator[tuple[Kind, str, str, int]]:
    if state.next_step is not None and state.next_due_day is not None and state.next_due_at_ms is not None:
        yield "step", state.next_step, state.next_due_day, state.next_due_at_ms
    yield from _remedies(state.findings)


def _remedies(findings: Iterable[InspectionFinding]) -> Iterator[tuple[Kind, str, str, int]]:
    for one in findings:
        if one.status == "OPEN" and one.due_day is not None and one.due_at_ms is not None:
            yield "finding", one.finding, one.due_day, one.due_at_ms


def _is_owed(one: InspectionFinding) -> bool:
    return one.status == "OPEN" and one.due_at_ms is not None


def _first(plan: Plan, state: InspectionState, one: InspectionFinding, now_ms: int) -> Nudge:
    """The first word to the unit: at 09:00 of the working day after the conclusion, or after a remedy was returned."""
    fire_on = working_days_of(plan.holidays).add(local_day(one.changed_at_ms, plan.time_zone), 1)
    fire_at_ms = at_local(fire_on, MAIL_AT, plan.time_zone)
    rung = "NEW" if one.reason is None else "RETURNED"
    due_at_ms = one.due_at_ms or 0
    return Nudge(
        id=_id(state.inspection, one.finding, f"{rung}@{one.revision}", due_at_ms),
        inspection=state.inspection,
        plan=state.plan,
        unit=state.unit,
        kind="finding",
        about=one.finding,
        rung=rung,
        roles=FIRST_TO,
        due_at_ms=due_at_ms,
        fire_at_ms=fire_at_ms,
        next_at_ms=fire_at_ms,
        ready_at_ms=fire_at_ms,
        status="PENDING",
        decision="planned",
        decided_at_ms=now_ms,
    )


def _row(
    plan: Plan,
    state: InspectionState,
    rung: InspectionRung,
    *,
    kind: Kind,
    about: str,
    day: str,
    due_at_ms: int,
    now_ms: int,
) -> Nudge:
    fire_on = working_days_of(plan.holidays).add(date.fromisoformat(day), rung.working_days)
    fire_at_ms = at_local(fire_on, MAIL_AT, plan.time_zone)
    too_late = fire_at_ms < state.changed_at_ms
    return Nudge(
        id=_id(state.inspection, about, rung.code, due_at_ms),
        inspection=state.inspection,
        plan=state.plan,
        unit=state.unit,
        kind=kind,
        about=about,
        rung=rung.code,
        roles=rung.to,
        due_at_ms=due_at_ms,
        fire_at_ms=fire_at_ms,
        next_at_ms=fire_at_ms,
        ready_at_ms=fire_at_ms,
        status="SKIPPED_LATE" if too_late else "PENDING",
        decision="deadline_known_late" if too_late else "planned",
        decided_at_ms=now_ms,
    )


def _id(inspection: str, about: str, rung: str, due_at_ms: int) -> str:
    text = "\n".join((inspection, about, rung, str(due_at_ms)))
    return f"nudge-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
