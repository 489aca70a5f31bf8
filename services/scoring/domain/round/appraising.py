"""Appraising one criterion of one unit: opinions, how two of them come to one result, and when a third is needed. Pure.

Opinions are only ever added. The last one of each place (first, second, referee) stands; with two needed, they agree
when both say the same kind of thing and their values differ by no more than the round's threshold: then their mean
stands. Otherwise the criterion is disputed and a third identity decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.round.opening import Rules
from services.scoring.domain.round.refusals import refused
from shared.events.round import AppraisalOutcome, AppraisalState, Opinion, OpinionPlace, SelfExplanation, Settled
from shared.refusal import Refusal

OPINIONS_MAX = 20
"""All opinions about a criterion travel in its event."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an appraiser says: `confirmed` as reported, another annual `value`, `not_applicable`, or `rejected`."""

    outcome: AppraisalOutcome
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """Which criterion of which unit."""

    plan: str
    year: int
    unit: str
    indicator: str

    @property
    def id(self) -> str:
        return f"appraisal-{self.plan}-{self.year}-{self.unit}/{self.indicator}"


def blank(criterion: Criterion, now_ms: int) -> AppraisalState:
    """A criterion about which nothing was said yet; its revision counts from the first that is said."""
    return AppraisalState.model_construct(
        revision=0,
        appraisal=criterion.id,
        evaluation=evaluation_id(criterion.plan, criterion.year),
        plan=criterion.plan,
        year=criterion.year,
        unit=criterion.unit,
        indicator=criterion.indicator,
        explanation=None,
        opinions=(),
        settled=None,
        disputed=False,
        changed_at_ms=now_ms,
    )


def check_finding(finding: Finding, self_value: float | None, *, is_quotient: bool) -> None:
    """Refused: a value where none belongs or none where one does, nothing to confirm, a difference without reason."""
    given = (finding.value, finding.numerator, finding.denominator)
    if finding.outcome != "value" and any(part is not None for part in given):
        raise _not_valid("/value", "Chỉ ghi giá trị khi outcome là value.", "A value goes with the outcome `value`.")
    if finding.outcome == "value" and finding.value is None:
        raise _not_valid("/value", "Cần giá trị thẩm định.", "The appraised value is missing.")
    if not is_quotient and (finding.numerator is not None or finding.denominator is not None):
        raise _not_valid("/numerator", "Chỉ tiêu này không có tử số, mẫu số.", "This indicator is no quotient.")
    if finding.outcome == "confirmed" and self_value is None:
        raise _not_valid(
            "/outcome", "Đơn vị chưa có giá trị để xác nhận.", "The unit has reported no value to confirm."
        )
    if differs(finding, self_value) and not (finding.reason or "").strip():
        raise _not_valid(
            "/reason",
            "Phải nêu lý do khi kết quả thẩm định khác giá trị đơn vị tự báo cáo.",
            "A reason is required where the appraisal differs from what the unit reported.",
        )


def differs(finding: Finding, self_value: float | None) -> bool:
    """Whether the finding is another than what the unit reported."""
    return finding.outcome != "confirmed" and (finding.outcome != "value" or finding.value != self_value)


def explained(held: AppraisalState, text: str, *, by: str, now_ms: int) -> AppraisalState:
    """The criterion with the unit's explanation of its own value."""
    return held.model_copy(
        update={
            "revision": held.revision + 1,
            "explanation": SelfExplanation(text=text, by=by, at_ms=now_ms),
            "changed_at_ms": now_ms,
        }
    )


def appraised(
    held: AppraisalState, finding: Finding, rules: Rules, *, self_value: float | None, by: str, now_ms: int
) -> AppraisalState:
    """The criterion with one more opinion. Refused where another identity is needed, or enough have spoken."""
    if len(held.opinions) >= OPINIONS_MAX:
        raise refused(
            "too_many_opinions",
            f"Tiêu chí này đã có {OPINIONS_MAX} ý kiến thẩm định; không ghi thêm được.",
            f"This criterion has {OPINIONS_MAX} opinions; no more are taken.",
        )
    opinion = Opinion(
        place=_place(held, rules, by),
        outcome=finding.outcome,
        value=finding.value,
        numerator=finding.numerator,
        denominator=finding.denominator,
        reason=finding.reason,
        by=by,
        at_ms=now_ms,
        revision=held.revision + 1,
        self_value=self_value,
    )
    opinions = (*held.opinions, opinion)
    settled = settle(opinions, rules)
    return held.model_copy(
        update={
            "revision": opinion.revision,
            "opinions": opinions,
            "settled": settled,
            "disputed": settled is None and {"first", "second"} <= standing(opinions).keys(),
            "changed_at_ms": now_ms,
        }
    )


def repeats(held: AppraisalState, finding: Finding, by: str) -> bool:
    """Whether this person's standing opinion says just this: saying it again changes nothing."""
    mine = [one for one in standing(held.opinions).values() if one.by == by]
    return any(
        (one.outcome, one.value, one.numerator, one.denominator, one.reason)
        == (finding.outcome, finding.value, finding.numerator, finding.denominator, finding.reason)
        for one in mine
    )


def standing(opinions: Iterable[Opinion]) -> dict[OpinionPlace, Opinion]:
    """The last opinion of each place."""
    return {one.place: one for one in opinions}


def settle(opinions: Iterable[Opinion], rules: Rules) -> Settled | None:
    """What they come to; None while another identity is awaited. Of past opinions, what they came to then."""
    held = standing(opinions)
    if not held:
        return None
    last = max(one.revision for one in held.values()), max(one.at_ms for one in held.values())
    if (referee := held.get("referee")) is not None:
        return _settled(referee, *last)
    first, second = held.get("first"), held.get("second")
    if rules.appraisals_needed == 1 or first is None or second is None:
        return _settled(first, *last) if rules.appraisals_needed == 1 and first is not None else None
    return _agreed(first, second, rules.threshold, *last)


def _agreed(first: Opinion, second: Opinion, threshold: float, revision: int, at_ms: int) -> Settled | None:
    if first.outcome == second.outcome and first.outcome != "value":
        return _settled(second, revision, at_ms)
    one, other = _value(first), _value(second)
    if one is None or other is None or abs(one - other) > threshold * max(abs(one), abs(other)):
        return None
    if one == other:
        exact = first if first.outcome == "value" else second
        return _settled(exact, revision, at_ms)
    return Settled(outcome="value", value=one / 2 + other / 2, revision=revision, at_ms=at_ms)


def _value(opinion: Opinion) -> float | None:
    """The annual value that the opinion amounts to; None where it is none."""
    return {"value": opinion.value, "confirmed": opinion.self_value}.get(opinion.outcome)


def _settled(opinion: Opinion, revision: int, at_ms: int) -> Settled:
    return Settled(
        outcome=opinion.outcome,
        value=opinion.value,
        numerator=opinion.numerator,
        denominator=opinion.denominator,
        revision=revision,
        at_ms=at_ms,
    )


def _place(held: AppraisalState, rules: Rules, by: str) -> OpinionPlace:
    """Whose turn it is."""
    stands = standing(held.opinions)
    first, second, referee = stands.get("first"), stands.get("second"), stands.get("referee")
    if referee is not None:
        if by == referee.by:
            return "referee"
        raise refused(
            "referee_decided", "Người thứ ba đã quyết định tiêu chí này.", "The referee has decided this criterion."
        )
    if rules.appraisals_needed == 1 or first is None or by == first.by:
        return "first"
    if second is None or by == second.by:
        return "second"
    if held.disputed:
        return "referee"
    raise refused(
        "two_have_appraised",
        "Hai người đã thẩm định và thống nhất tiêu chí này.",
        "Two identities have appraised this criterion and agree.",
    )


def _not_valid(pointer: str, vi: str, en: str) -> Refusal:
    return Refusal("not_valid", vi, en, pointer=pointer)
