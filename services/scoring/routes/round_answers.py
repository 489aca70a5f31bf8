"""How rounds are shown: instants as text, what each phase waits for in the language of the request."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from services.scoring.domain.round.calendar import WINDOWS, window
from services.scoring.domain.round.machine import STEPS, Standing, due_at_ms, next_phase
from services.scoring.domain.round.waits import Wait, waits
from shared.clock import iso
from shared.events.base import Names
from shared.events.round import RoundState, Window, WindowName
from shared.events.score import EvaluationPhase
from shared.http.language import current_language


class WindowShown(BaseModel):
    """When a window opens and closes."""

    opens_at: str
    closes_at: str


class StepShown(BaseModel):
    """A step that was taken; `by` is `clock` where time took it."""

    before: EvaluationPhase
    after: EvaluationPhase
    at: str
    by: str
    reason: str


class MoveShown(BaseModel):
    """A window that was moved."""

    window: WindowName
    before: WindowShown
    after: WindowShown
    at: str
    by: str
    reason: str


class PhaseShown(BaseModel):
    """One phase and what it waits for, in the language of the request."""

    phase: EvaluationPhase
    name: str
    place: Literal["past", "current", "to_come"]
    ends_at: str | None = Field(description="When time ends it; null where people do.")
    waits_for: str
    held_up_by: str | None = Field(description="What must be settled before its end; null when nothing is.")


class RoundShown(BaseModel):
    """A round."""

    plan: str
    year: int
    phase: EvaluationPhase
    revision: int
    calendar: dict[WindowName, WindowShown]
    cut_off_day: str
    appraisals_needed: int
    second_appraisal_threshold: float
    opened_by: str
    opened_at: str
    reason: str
    entered_at: str
    next_step: EvaluationPhase | None = Field(description="What time brings next.")
    next_step_at: str | None
    legal_steps: list[EvaluationPhase]
    steps: list[StepShown]
    moves: list[MoveShown]


class RoundInFull(RoundShown):
    """A round with what it waits for, and how many criteria of all units stand where."""

    phases: list[PhaseShown]
    disputed: int
    open_requests: int
    criteria: dict[str, int]


def shown(state: RoundState) -> dict[str, Any]:
    """The members of a `RoundShown`."""
    due = due_at_ms(state)
    return {
        **state.model_dump(include={"plan", "year", "phase", "revision", "appraisals_needed", "opened_by", "reason"}),
        "second_appraisal_threshold": state.second_appraisal_threshold,
        "calendar": {name: _window_shown(window(state.calendar, name)) for name in WINDOWS},
        "cut_off_day": state.calendar.cut_off_day,
        "opened_at": iso(state.opened_at_ms),
        "entered_at": iso(state.entered_at_ms),
        "next_step": next_phase(state.phase),
        "next_step_at": None if due is None else iso(due),
        "legal_steps": [after for before, after in STEPS if before == state.phase],
        "steps": [{**step.model_dump(exclude={"at_ms"}), "at": iso(step.at_ms)} for step in state.steps],
        "moves": [
            MoveShown(
                window=move.window,
                before=_window_shown(move.before),
                after=_window_shown(move.after),
                at=iso(move.at_ms),
                by=move.by,
                reason=move.reason,
            )
            for move in state.reschedulings
        ],
    }


def full(state: RoundState, standing: Standing, criteria: dict[str, int]) -> RoundInFull:
    """A round with what it waits for, and its criteria by status."""
    return RoundInFull(
        **shown(state),
        phases=[_phase(wait) for wait in waits(state, standing)],
        disputed=standing.disputed,
        open_requests=standing.open_requests,
        criteria=criteria,
    )


def _phase(wait: Wait) -> PhaseShown:
    return PhaseShown(
        phase=wait.phase,
        name=_said(wait.names),
        place=wait.place,
        ends_at=None if wait.ends_at_ms is None else iso(wait.ends_at_ms),
        waits_for=_said(wait.waits_for),
        held_up_by=None if wait.held_up_by is None else _said(wait.held_up_by),
    )


def _said(names: Names) -> str:
    return names.of(current_language())


def _window_shown(one: Window) -> WindowShown:
    return WindowShown(opens_at=iso(one.opens_at_ms), closes_at=iso(one.closes_at_ms))
