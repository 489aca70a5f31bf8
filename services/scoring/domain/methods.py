"""Methods: how an annual value becomes a share. One function per method of the plan, each over all units at once.

Every function takes the `Question` (values of the scorable units, what they are held against) and answers shares, with
the cells that it cannot score. Direction is applied in score space, never by negating the input: for a fixed or
cohort-relative scale the reflection is 1 - share; `linear_to_target` uses target / value. `steps`, `level_map` and
`lower_is_better` state their direction themselves.

A cohort-relative method without any spread carries no information: the indicator is left out for everybody concerned
and flagged (`zero_range`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from services.scoring.domain.cells import Bools, Codes, Column, Floats, Ints, Status, blank
from shared.plan.model import (
    Goalposts,
    Indicator,
    LevelMap,
    LinearToTarget,
    LowerIsBetter,
    Steps,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be scored: one row per name, NaN in `value` where the cell carries none."""

    indicator: Indicator
    value: Floats
    numerator: Floats
    denominator: Floats
    target: Floats
    peer: Ints
    peers: int

    @property
    def has_value(self) -> Bools:
        return np.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class Answer:
    """Shares (NaN where none), cells to leave out or to refuse, what the method compared with, and flags."""

    share: Floats
    excluded: Bools | None = None
    invalid: Bools | None = None
    flags: dict[str, Bools] = field(default_factory=dict)
    reference: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shares:
    """One indicator scored: final status per unit, share (NaN unless OBSERVED), flags, reference values."""

    status: Codes
    share: Floats
    flags: dict[str, Bools]
    reference: dict[str, Floats]


def score(indicator: Indicator, column: Column, *, target: Floats, peer: Ints, peers: int) -> Shares:
    """Score one column. `target` is NaN where the plan has none for the unit; `peer` numbers the peer groups."""
    observed = column.status == Status.OBSERVED
    value = np.where(observed, column.value, np.nan)
    question = Question(indicator, value, column.numerator, column.denominator, target, peer, peers)
    answer = METHODS[indicator.method.kind](question)
    status = column.status.copy()
    if indicator.method.kind == "informational":
        status[observed] = Status.INFORMATIONAL
    if answer.excluded is not None:
        status[observed & answer.excluded] = Status.EXCLUDED
    if answer.invalid is not None:
        status[observed & answer.invalid] = Status.INVALID
    flags = {name: mask & observed for name, mask in answer.flags.items() if bool(np.any(mask & observed))}
    share = np.where(status == Status.OBSERVED, answer.share, np.nan)
    return Shares(status, share, flags, answer.reference)


def linear(value: Floats, start: float | Floats, end: float | Floats) -> Floats:
    """(value - start) / (end - start), clipped to [0, 1]; in halves, so that a range beyond 1.8e308 cannot overflow."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio = (value / 2 - np.asarray(start) / 2) / (np.asarray(end) / 2 - np.asarray(start) / 2)
    return np.clip(ratio, 0.0, 1.0)


def _reflected(question: Question, answer: Answer) -> Answer:
    if question.indicator.direction != "lower":
        return answer
    return replace(answer, share=1.0 - answer.share)


def linear_to_target(question: Question) -> Answer:
    """clip(value / target, 0, cap); lower is better: clip(target / value, 0, cap), a value of 0 earns the cap."""
    method = question.indicator.method
    assert isinstance(method, LinearToTarget)
    value, target = question.value, question.target
    without = np.isnan(target)
    zero = target == 0
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        ratio = target / value if question.indicator.direction == "lower" else value / target
    share = np.clip(ratio, 0.0, method.cap)
    if question.indicator.direction == "lower":
        share = np.where(value <= 0, method.cap, share)
    share = np.where(zero, 0.0 if method.zero_target == "zero" else 1.0, share)
    excluded = without | (zero if method.zero_target == "exclude" else False)
    return Answer(share, excluded=excluded, flags={"no_target": without, "zero_target": zero})


def official_ratio(question: Question) -> Answer:
    """clip(numerator / denominator, 0, 1)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.clip(question.numerator / question.denominator, 0.0, 1.0)
    return _reflected(question, Answer(share))


def lower_is_better(question: Question) -> Answer:
    """1 up to the target, 0 from the worst value on, linear between."""
    method = question.indicator.method
    assert isinstance(method, LowerIsBetter)
    value, target = question.value, question.target
    between = 1.0 - linear(value, target, method.worst)
    share = np.where(value <= target, 1.0, np.where(value >= method.worst, 0.0, between))
    without = np.isnan(target)
    return Answer(share, excluded=without, flags={"no_target": without})


def share_of_peer_max(question: Question) -> Answer:
    """value / largest value in the peer group, floored at 0; no information where nobody is above 0."""
    best = np.full(question.peers, -np.inf)
    has = question.has_value
    np.maximum.at(best, question.peer[has], question.value[has])
    largest = best[question.peer]
    flat = has & ~(largest > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(question.value / np.where(largest > 0, largest, np.nan), 0.0, 1.0)
    reference = {"peer_max": np.where(np.isfinite(largest), largest, np.nan)}
    return _reflected(question, Answer(share, excluded=flat, flags={"zero_range": flat}, reference=reference))


def steps(question: Question) -> Answer:
    """The share of the highest step reached; reaching the limit earns it; 0 below the first."""
    method = question.indicator.method
    assert isinstance(method, Steps)
    limits = np.array([step.at_least for step in method.steps])
    shares = np.array([0.0, *(step.share for step in method.steps)])
    return Answer(shares[np.searchsorted(limits, question.value, side="right")])


def level_map(question: Question) -> Answer:
    """The share of the reported level; a level that is not listed is invalid."""
    method = question.indicator.method
    assert isinstance(method, LevelMap)
    listed = sorted(method.levels, key=lambda level: level.level)
    levels = np.array([level.level for level in listed], dtype=np.float64)
    shares = np.array([level.share for level in listed])
    at = np.minimum(np.searchsorted(levels, question.value), len(levels) - 1)
    return Answer(shares[at], invalid=levels[at] != question.value)


def boolean(question: Question) -> Answer:
    """1 when true, 0 when false; anything else is invalid."""
    wrong = (question.value != 0) & (question.value != 1)
    return _reflected(question, Answer(question.value.copy(), invalid=wrong))


def min_max_goalposts(question: Question) -> Answer:
    """(value - low) / (high - low), clipped; with `log` on natural logarithms, where a value <= 0 earns 0."""
    method = question.indicator.method
    assert isinstance(method, Goalposts)
    if not method.log:
        return _reflected(question, Answer(linear(question.value, method.low, method.high)))
    positive = question.value > 0
    logs = np.log(np.where(positive, question.value, method.low))
    share = linear(logs, float(np.log(method.low)), float(np.log(method.high)))
    answer = _reflected(question, Answer(share))
    share = np.where(positive | ~question.has_value, answer.share, 0.0)
    return replace(answer, share=share, flags={"log_of_nonpositive": question.has_value & ~positive})


def zscore_minmax(question: Question) -> Answer:
    """Min-max over the cohort of the z-scores. Mean and deviation cancel, so it is min-max of the values."""
    has = question.has_value
    values = question.value[has]
    if len(values) < 2 or values.min() == values.max():
        return Answer(blank(len(has)), excluded=has, flags={"zero_range": has})
    low, high = float(values.min()), float(values.max())
    reference = {"cohort_min": np.full(len(has), low), "cohort_max": np.full(len(has), high)}
    return _reflected(question, Answer(linear(question.value, low, high), reference=reference))


def informational(question: Question) -> Answer:
    """Shown, never counted."""
    return Answer(blank(len(question.value)))


METHODS: dict[str, Callable[[Question], Answer]] = {
    "linear_to_target": linear_to_target,
    "official_ratio": official_ratio,
    "lower_is_better": lower_is_better,
    "share_of_peer_max": share_of_peer_max,
    "steps": steps,
    "level_map": level_map,
    "boolean": boolean,
    "min_max_goalposts": min_max_goalposts,
    "zscore_minmax": zscore_minmax,
    "informational": informational,
}
