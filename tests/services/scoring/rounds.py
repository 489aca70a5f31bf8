"""A round of the small plan-year: its calendar, and states of it in any phase."""

from __future__ import annotations

from typing import Any, get_args

from services.scoring.domain.round.opening import Rules, opened
from shared.events.round import Calendar, RoundState, Window
from shared.events.score import EvaluationPhase
from tests.services.scoring.world import DAY_MS, END_MS, YEAR

PHASES: tuple[EvaluationPhase, ...] = get_args(EvaluationPhase)
OPENS_MS = END_MS
SELF = Window(opens_at_ms=OPENS_MS, closes_at_ms=OPENS_MS + 10 * DAY_MS)
APPRAISAL = Window(opens_at_ms=OPENS_MS + 11 * DAY_MS, closes_at_ms=OPENS_MS + 20 * DAY_MS)
CLARIFICATION = Window(opens_at_ms=OPENS_MS + 22 * DAY_MS, closes_at_ms=OPENS_MS + 30 * DAY_MS)
CUT_OFF_DAY = "2011-12-31"
CALENDAR = Calendar(self_scoring=SELF, appraisal=APPRAISAL, clarification=CLARIFICATION, cut_off_day=CUT_OFF_DAY)

DURING: dict[EvaluationPhase, int] = {
    "DRAFT": OPENS_MS - 1,
    "SELF_SCORING": SELF.opens_at_ms + 1,
    "APPRAISAL": APPRAISAL.opens_at_ms + 1,
    "PROVISIONAL": APPRAISAL.closes_at_ms + 1,
    "CLARIFICATION": CLARIFICATION.opens_at_ms + 1,
    "FINAL_REVIEW": CLARIFICATION.closes_at_ms + 1,
}
"""An instant within each phase."""


def a_round(phase: EvaluationPhase = "DRAFT", rules: Rules | None = None, **fields: Any) -> RoundState:
    """A round that stands in the phase, however it came there."""
    made = opened("TEST", YEAR, CALENDAR, rules or Rules(), by="keeper", reason="decision 1", now_ms=OPENS_MS - DAY_MS)
    return made.model_copy(update={"phase": phase, **fields})
