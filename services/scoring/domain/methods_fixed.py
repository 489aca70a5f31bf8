"""Methods that hold a value against numbers of the plan: targets, goalposts, steps, levels, knots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.scoring.domain.cells import Floats, blank
from services.scoring.domain.methods_question import Answer, Question, beyond, clip, linear, ratio, reflected
from shared.plan.methods import Goalposts, LevelMap, LinearToTarget, LowerIsBetter, Optimum, Piecewise, Steps, Target


def linear_to_target(question: Question) -> Answer:
    """clip(value / target, 0, cap); lower is better: clip(target / value, 0, cap), a value of 0 earns the cap."""
    method = question.indicator.method
    assert isinstance(method, LinearToTarget)
    value, goal = question.value, question.target
    without, zero = np.isnan(goal), goal == 0
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        full = goal / value if question.lower else value / goal
    if question.lower:
        full = np.where(value <= 0, np.inf, full)
    if zero.any():
        full = np.where(zero, np.nan, full)
    answer = _capped(question, full, method.cap)
    share = np.where(zero, 0.0 if method.zero_target == "zero" else 1.0, answer.share) if zero.any() else answer.share
    excluded = without | zero if method.zero_target == "exclude" else without
    flags = {**answer.flags, "no_target": without, "zero_target": zero}
    return replace(answer, share=share, excluded=excluded, flags=flags)


def target(question: Question) -> Answer:
    """clip((value - baseline) / (target - baseline), 0, cap); lower: clip((worst - value) / (worst - target), 0, cap).

    A target on the wrong side of its start scores nobody: it cannot be published, but may be tried.
    """
    method = question.indicator.method
    assert isinstance(method, Target)
    start = method.worst if question.lower else method.baseline
    assert start is not None
    goal = question.target
    without = np.isnan(goal)
    flat = ~without & ((goal >= start) if question.lower else (goal <= start))
    answer = _capped(question, ratio(question.value, start, goal), method.cap)
    flags = {**answer.flags, "no_target": without, "zero_range": flat}
    return replace(answer, excluded=without | flat, flags=flags)


def _capped(question: Question, full: Floats, cap: float) -> Answer:
    """Held between 0 and the cap; what exceeds 1 is told as `over_achievement` (0.25: a quarter more than wanted)."""
    over = full > 1.0
    flags = {"clipped": beyond(full, 0.0, cap), "over_achievement": over & np.isfinite(full)}
    reference = {"over_achievement": np.where(flags["over_achievement"], full - 1.0, np.nan)} if over.any() else {}
    return Answer(clip(full, cap), flags=flags, reference=reference)


def official_ratio(question: Question) -> Answer:
    """clip(numerator / denominator, 0, 1); of a value that was not reported so (imputed, shrunk): value / scale."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = question.numerator / question.denominator
        if question.indicator.shrink_by or not question.basis.all():
            plain = question.basis & (question.indicator.shrink_by == 0)
            share = np.where(plain, share, question.value / question.indicator.scale)
    flags = {"clipped": beyond(share, 0.0, 1.0)}
    return reflected(question, Answer(clip(share), flags=flags))


def lower_is_better(question: Question) -> Answer:
    """1 up to the target, 0 from the worst value on, linear between."""
    method = question.indicator.method
    assert isinstance(method, LowerIsBetter)
    value, goal = question.value, question.target
    between = 1.0 - linear(value, goal, method.worst)
    share = np.where(value <= goal, 1.0, np.where(value >= method.worst, 0.0, between))
    without = np.isnan(goal)
    flags = {"no_target": without, "clipped": beyond(value, goal, method.worst)}
    return Answer(share, excluded=without, flags=flags)


def steps(question: Question) -> Answer:
    """The share of the highest step reached (reaching it earns it), `below` before the first.

    Where lower is better a step is reached from above: the lowest limit that the value does not exceed.
    """
    method = question.indicator.method
    assert isinstance(method, Steps)
    limits = np.array([step.at_least for step in method.steps])
    shares = [step.share for step in method.steps]
    table = np.array([*shares, method.below] if question.lower else [method.below, *shares])
    return Answer(table[np.searchsorted(limits, question.value, side="left" if question.lower else "right")])


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
    return reflected(question, Answer(question.value.copy(), invalid=wrong))


def min_max_goalposts(question: Question) -> Answer:
    """(value - low) / (high - low), clipped; with `log` on natural logarithms, where a value <= 0 earns 0."""
    method = question.indicator.method
    assert isinstance(method, Goalposts)
    flags = {"clipped": beyond(question.value, method.low, method.high)}
    if not method.log:
        return reflected(question, Answer(linear(question.value, method.low, method.high), flags=flags))
    positive = question.value > 0
    logs = np.log(np.where(positive, question.value, method.low))
    share = linear(logs, float(np.log(method.low)), float(np.log(method.high)))
    answer = reflected(question, Answer(share, flags=flags, formula="log"))
    without_log = question.has_value & ~positive
    share = np.where(without_log, 0.0, answer.share)
    return replace(answer, share=share, flags={**flags, "log_of_nonpositive": without_log})


def piecewise(question: Question) -> Answer:
    """Straight lines between the knots, flat outside them; the shares state the direction."""
    method = question.indicator.method
    assert isinstance(method, Piecewise)
    return _through(question, [knot.value for knot in method.knots], [knot.share for knot in method.knots])


def optimum(question: Question) -> Answer:
    """1 between `first` and `last`, falling in straight lines to 0 at `low` and `high`."""
    method = question.indicator.method
    assert isinstance(method, Optimum)
    if method.first == method.last:
        return _through(question, [method.low, method.first, method.high], [0.0, 1.0, 0.0])
    return _through(question, [method.low, method.first, method.last, method.high], [0.0, 1.0, 1.0, 0.0])


def _through(question: Question, values: list[float], shares: list[float]) -> Answer:
    """Interpolated in quarters of the values: a range, and a value less a knot, cannot overflow."""
    knots = np.array(values) / 4
    return Answer(
        np.interp(question.value / 4, knots, np.array(shares)),
        flags={"clipped": beyond(question.value, values[0], values[-1])},
    )


def informational(question: Question) -> Answer:
    """Shown, never counted."""
    return Answer(blank(len(question.value)))
