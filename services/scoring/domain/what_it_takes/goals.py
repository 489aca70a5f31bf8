"""What is to be reached: the next band, or a rank. Both as a question about one trial."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.decompose.places import Field, field_of, place, rank_of
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.what_it_takes.trial import Outcome


@dataclass(frozen=True, slots=True)
class Goal:
    """`by_index` answers from the unit's own new index, others' numbers standing; `by_all` from everybody's.

    `needs_all`: the unit's own index does not decide it.
    """

    by_index: Callable[[Outcome], bool]
    by_all: Callable[[Evaluation], bool]
    needs_all: bool = False


def next_band(evaluation: Evaluation, at: int) -> Goal | None:
    """Any better band than the present one; None at the top, or without a band."""
    now = int(evaluation.band[at])
    if now in (NOT_RATED, 0):
        return None
    cut = evaluation.cuts[now - 1]
    return Goal(
        by_index=lambda outcome: outcome.published >= cut,
        by_all=lambda trial: NOT_RATED != int(trial.band[at]) < now,
    )


def at_rank(evaluation: Evaluation, at: int, rank: int, *, relative: bool) -> Goal | None:
    """This rank or better; None where the unit is there already.

    `relative`: the others' scores hang on the unit's value too, so that only everybody's evaluation decides.
    """
    unit = evaluation.cohort.units[at]
    now = rank_of(evaluation, unit)
    if now is not None and now <= rank:
        return None
    field = field_of(evaluation)
    return Goal(
        by_index=lambda outcome: _placed(field, evaluation, at, outcome) <= rank,
        by_all=lambda trial: (rank_of(trial, unit) or math.inf) <= rank,
        needs_all=relative or len(field.keys) > 1,
    )


def _placed(field: Field, evaluation: Evaluation, at: int, outcome: Outcome) -> float:
    value = outcome.published if evaluation.plan.scoring.rank_on == "published" else outcome.full
    if math.isnan(value):
        return math.inf
    found = place(field, evaluation.cohort.units[at], (value,), evaluation.cohort.peer_group(at))
    return math.inf if found is None else float(found)
