"""A unit's one request about a criterion, and the decision on it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.round.appraising import Criterion, Finding, check_finding
from services.scoring.domain.round.refusals import refused
from shared.events.base import Names
from shared.events.round import ClarificationDecision, ClarificationState, DatedEvidence
from shared.refusal import Detail, Refusal


def clarification_id(criterion: Criterion) -> str:
    return f"clarification-{criterion.plan}-{criterion.year}-{criterion.unit}/{criterion.indicator}"


def requested(
    criterion: Criterion,
    text: str,
    evidence: Sequence[DatedEvidence],
    *,
    cut_off_day: str,
    by: str,
    now_ms: int,
) -> ClarificationState:
    """The request. Refused when evidence is dated after the round's cut-off: it would not count."""
    late = [at for at, one in enumerate(evidence) if one.dated > cut_off_day]
    if late:
        said = Names(
            vi=f"Minh chứng phải có ngày không muộn hơn {cut_off_day}.",
            en=f"Evidence must be dated {cut_off_day} or earlier.",
        )
        raise Refusal(
            "not_valid",
            "Minh chứng sau ngày chốt số liệu không được tính.",
            "Evidence that is dated after the cut-off does not count.",
            details=[Detail(f"/evidence/{at}/dated", said) for at in late],
            members={"reason": "after_cut_off", "cut_off_day": cut_off_day},
        )
    return ClarificationState(
        revision=1,
        clarification=clarification_id(criterion),
        evaluation=evaluation_id(criterion.plan, criterion.year),
        plan=criterion.plan,
        year=criterion.year,
        unit=criterion.unit,
        indicator=criterion.indicator,
        status="OPEN",
        text=text,
        evidence=tuple(evidence),
        by=by,
        at_ms=now_ms,
        changed_at_ms=now_ms,
    )


def says_the_same(held: ClarificationState, text: str, evidence: Sequence[DatedEvidence], by: str) -> bool:
    """Whether the request that stands is this very one, sent again."""
    return (held.text, held.evidence, held.by) == (text, tuple(evidence), by)


def one_only(held: ClarificationState) -> Refusal:
    """409: there is a request about this criterion."""
    return refused(
        "one_request",
        "Mỗi tiêu chí chỉ được đề nghị giải trình một lần.",
        "There is one request for clarification per criterion, and it was made.",
        clarification=held.clarification,
        status=held.status,
    )


def decision_of(
    finding: Finding | None,
    *,
    accepted: bool,
    reason: str,
    by: str,
    now_ms: int,
    self_value: float | None,
    is_quotient: bool,
) -> ClarificationDecision:
    """The decision. With a finding (only where accepted) the criterion gets another appraised value."""
    if finding is None:
        return ClarificationDecision(accepted=accepted, reason=reason, by=by, at_ms=now_ms)
    if not accepted:
        raise Refusal(
            "not_valid",
            "Chỉ ghi kết quả mới khi chấp nhận đề nghị.",
            "Another result goes with an accepted request only.",
            pointer="/outcome",
        )
    check_finding(replace(finding, reason=reason), self_value, is_quotient=is_quotient)
    return ClarificationDecision(
        accepted=True,
        outcome=finding.outcome,
        value=finding.value,
        numerator=finding.numerator,
        denominator=finding.denominator,
        reason=reason,
        by=by,
        at_ms=now_ms,
    )


def decided(held: ClarificationState, decision: ClarificationDecision) -> ClarificationState:
    """The request with its decision. Refused when it has one: a decision is final within the round."""
    if held.decision is not None:
        raise refused(
            "already_decided",
            "Đề nghị giải trình này đã có quyết định.",
            "This request has been decided.",
            status=held.status,
        )
    return held.model_copy(
        update={
            "revision": held.revision + 1,
            "status": "ACCEPTED" if decision.accepted else "REJECTED",
            "decision": decision,
            "changed_at_ms": decision.at_ms,
        }
    )
