"""The indicators of one unit: value, target and its basis, share, points, and what to work on next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.dashboard.charts.bars import percent_of
from services.dashboard.domain.standing import losses, lost
from services.dashboard.pages import labels
from services.dashboard.pages.words import NOTHING, Words
from shared.events.score import IndicatorScore
from shared.plan.model import Group, Indicator, LevelMap, Plan


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """One indicator. `basis` is the number of the footnote that says where its target comes from."""

    code: str
    name: str
    value: str
    target: str
    proposed: bool
    basis: int
    share: str
    width: float
    points: str
    points_max: str
    lost: str
    lost_much: bool
    status: str
    status_text: str


@dataclass(frozen=True, slots=True)
class PillarIndicators:
    """The indicators of one top group."""

    code: str
    name: str
    indicators: tuple[IndicatorView, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """One footnote: where targets come from. `proposed`: at least partly the platform's proposal."""

    number: int
    text: str
    proposed: bool


@dataclass(frozen=True, slots=True)
class NextStep:
    """An indicator that loses many points, and the sentence that says what would win them."""

    code: str
    name: str
    points: str
    width: float
    advice: str


@dataclass(frozen=True, slots=True)
class Indicators:
    """Everything about the indicators of one unit."""

    pillars: tuple[PillarIndicators, ...]
    bases: tuple[Basis, ...]
    steps: tuple[NextStep, ...]
    total_lost: str


def is_proposed(basis: str) -> bool:
    """Whether a target's basis says that it is, at least partly, a proposal."""
    lowered = basis.lower()
    return "propos" in lowered or "đề xuất" in lowered


def compose(scores: Sequence[IndicatorScore], plan: Plan, unit: str, year: int, words: Words) -> Indicators:
    """The indicators in the plan's order; those that the plan version does not have are left out."""
    by_code = {score.code: score for score in scores}
    texts: list[str] = []
    for indicator in plan.indicators():
        if indicator.code in by_code and indicator.target_basis not in texts:
            texts.append(indicator.target_basis)
    pillars = []
    for group in plan.groups:
        views = tuple(
            _view(
                by_code[indicator.code],
                indicator,
                basis=texts.index(indicator.target_basis) + 1,
                target=target_of(by_code[indicator.code], indicator, unit, year),
                words=words,
            )
            for indicator in leaves(group)
            if indicator.code in by_code
        )
        if views:
            pillars.append(PillarIndicators(group.code, words.name(group.names), views))
    bases = tuple(Basis(number, text, is_proposed(text)) for number, text in enumerate(texts, start=1))
    total = sum(lost(score) for score in scores)
    return Indicators(tuple(pillars), bases, _steps(scores, plan, unit, year, words), words.points(total))


def leaves(group: Group) -> tuple[Indicator, ...]:
    """Every indicator below a group, in document order."""
    inside = [indicator for child in group.groups for indicator in leaves(child)]
    return (*group.indicators, *inside)


def _view(
    score: IndicatorScore, indicator: Indicator, *, basis: int, target: float | None, words: Words
) -> IndicatorView:
    points_lost = lost(score)
    return IndicatorView(
        code=score.code,
        name=words.name(indicator.names),
        value=amount(score.value, indicator, words),
        target=amount(target, indicator, words),
        proposed=is_proposed(indicator.target_basis),
        basis=basis,
        share=words.percent(score.share) if score.share is not None else "",
        width=percent_of(score.share),
        points=words.points(score.points),
        points_max=words.number(score.points_max, 1),
        lost=words.points(points_lost) if points_lost else "",
        lost_much=bool(score.points_max) and points_lost >= 0.5 * (score.points_max or 0),
        status=score.status,
        status_text=words.say(labels.INDICATOR_STATUSES.get(score.status, score.status)),
    )


def target_of(score: IndicatorScore, indicator: Indicator, unit: str, year: int) -> float | None:
    """The target that the score was held against; the plan's where the score does not carry one."""
    return score.target if score.target is not None else indicator.target(year, unit)


def amount(value: float | None, indicator: Indicator, words: Words) -> str:
    """A value in its unit of measure; levels by name, booleans as yes or no."""
    if value is None:
        return NOTHING
    if indicator.type == "boolean":
        return words.say("yes") if value else words.say("no")
    if isinstance(indicator.method, LevelMap):
        named = {level.level: words.name(level.names) for level in indicator.method.levels}
        return named.get(round(value), words.number(value))
    number = words.number(value, 0 if indicator.integer else 1)
    return f"{number}%" if indicator.measure == "%" else f"{number} {indicator.measure}".rstrip()


def _steps(scores: Sequence[IndicatorScore], plan: Plan, unit: str, year: int, words: Words) -> tuple[NextStep, ...]:
    known = {indicator.code: indicator for indicator in plan.indicators()}
    found = [loss for loss in losses(scores) if loss.indicator.code in known]
    most = found[0].points if found else 1.0
    return tuple(
        NextStep(
            code=loss.indicator.code,
            name=words.name(known[loss.indicator.code].names),
            points=words.points(loss.points),
            width=percent_of(loss.points / most),
            advice=_advice(loss.indicator, known[loss.indicator.code], unit, year, words),
        )
        for loss in found
    )


def _advice(score: IndicatorScore, indicator: Indicator, unit: str, year: int, words: Words) -> str:
    if score.status == "not_reported":
        return words.say("Not reported yet: report it, a missing value scores zero.")
    if score.status == "invalid":
        return words.say("The reported value is not valid: send a corrected report.")
    target = target_of(score, indicator, unit, year)
    now = amount(score.value, indicator, words)
    if target is None or score.value is None:
        return words.say("Now {now}.", now=now)
    gap = amount(abs(target - score.value), indicator, words)
    if indicator.type == "boolean" or isinstance(indicator.method, LevelMap):
        return words.say("Now {now}, target {target}.", now=now, target=amount(target, indicator, words))
    shown = amount(target, indicator, words)
    if indicator.direction == "lower":
        return words.say("Now {now}, target at most {target}: {gap} too much.", now=now, target=shown, gap=gap)
    return words.say("Now {now}, target {target}: {gap} missing.", now=now, target=shown, gap=gap)
