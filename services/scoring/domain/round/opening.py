"""A round is opened: identity, calendar, rules of the appraisal. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.round.calendar import faults
from shared.events.round import Calendar, RoundState
from shared.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Rules:
    """How criteria are appraised in a round. Never changes once the round is open.

    `threshold`: two appraised values that differ by more than this share of the larger one need a referee.
    """

    appraisals_needed: Literal[1, 2] = 1
    threshold: float = 0.0


def round_id(plan: str, year: int) -> str:
    return f"round-{plan}-{year}"


def rules_of(held: RoundState) -> Rules:
    return Rules(held.appraisals_needed, held.second_appraisal_threshold)


def opened(plan: str, year: int, calendar: Calendar, rules: Rules, *, by: str, reason: str, now_ms: int) -> RoundState:
    """The first state of a round: DRAFT until its self-scoring opens. Refused when its calendar is not in order."""
    if found := faults(calendar):
        raise Refusal(
            "not_valid",
            "Lịch của đợt đánh giá không hợp lệ.",
            "The calendar of the round is not in order.",
            details=found,
        )
    return RoundState(
        revision=1,
        round=round_id(plan, year),
        evaluation=evaluation_id(plan, year),
        plan=plan,
        year=year,
        phase="DRAFT",
        calendar=calendar,
        appraisals_needed=rules.appraisals_needed,
        second_appraisal_threshold=rules.threshold,
        opened_by=by,
        opened_at_ms=now_ms,
        reason=reason,
        entered_at_ms=now_ms,
        changed_at_ms=now_ms,
    )
