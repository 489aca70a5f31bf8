"""The signals of the plan's inspection rules, each a question to one state of one source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.notify.domain.alerts import MISSING_CONTACT, Signal
from services.notify.domain.instants import NEVER_MS
from services.notify.domain.rungs import settled_by
from shared.events.base import Names
from shared.events.obligation import ObligationState
from shared.events.report import ReportState
from shared.events.score import ScoreState
from shared.plan.model import InspectionRule, Plan

COPIED_CHECK = "copied_report"
FAR_SHARE_BELOW = 0.5
FAR_INDICATORS_AT_LEAST = 5


def overdue_from_ms(state: ObligationState) -> int:
    """The first instant at which this obligation counts as overdue; NEVER_MS when nothing is owed."""
    return state.grace_end_ms + 1 if state.outcome == "PENDING" else NEVER_MS


def of_obligation(plan: Plan, state: ObligationState, *, now_ms: int) -> list[Signal]:
    """`report_overdue`: the grace is over and the report is still owed. An instant equal to the limit is on time."""
    firing = now_ms >= overdue_from_ms(state)
    reason = settled_by(state) or "not_overdue"
    detail = {"form": state.form, "period": state.period, "due_at_ms": state.due_at_ms}
    return [
        _signal(rule, state, subject=state.obligation, firing=firing, reason=reason, detail=detail)
        for rule in _rules(plan, "report_overdue")
    ]


def of_report(plan: Plan, state: ReportState) -> list[Signal]:
    """`copied_report`: the stored report carries the finding of the plan's check of that name."""
    codes = {rule.code for rule in plan.validation if rule.check == COPIED_CHECK}
    firing = any(finding.code in codes for finding in state.findings)
    detail = {"form": state.form, "period": state.period, "report": state.report, "version": state.version}
    return [
        _signal(rule, state, subject=state.obligation, firing=firing, reason="amended", detail=detail)
        for rule in _rules(plan, "copied_report")
    ]


def of_score(plan: Plan, state: ScoreState) -> list[Signal]:
    """`far_below_target`: at least `at_least` observed indicators have a share below `share`.

    What was not reported is not held against the target here; `report_overdue` says that.
    """
    return [_far_below(rule, state) for rule in _rules(plan, "far_below_target")]


def _far_below(rule: InspectionRule, state: ScoreState) -> Signal:
    limit = rule.parameters.get("share", FAR_SHARE_BELOW)
    least = rule.parameters.get("at_least", FAR_INDICATORS_AT_LEAST)
    far = sorted(
        score.code
        for score in state.indicators
        if score.status == "observed" and score.share is not None and score.share < limit
    )
    detail: dict[str, Any] = {"year": state.year, "share_below": limit, "indicators": far}
    reason = "above_limit_again"
    return _signal(rule, state, subject=f"{state.year}", firing=len(far) >= least, reason=reason, detail=detail)


def missing_contact(plan: str, unit: str, role: str, *, firing: bool, source_revision: int) -> Signal:
    """An operations alert: nobody holds a role that a reminder needs. No risk points: it is not the unit's conduct."""
    return Signal(
        plan=plan,
        unit=unit,
        rule=MISSING_CONTACT,
        names=Names(vi="Thiếu đầu mối liên hệ", en="No contact on record"),
        severity="low",
        points=0,
        subject=role,
        firing=firing,
        source_revision=source_revision,
        reason="contact_given",
        detail={"role": role},
    )


def _rules(plan: Plan, signal: str) -> Iterator[InspectionRule]:
    return (rule for rule in plan.inspection if rule.signal == signal)


def _signal(
    rule: InspectionRule,
    source: ObligationState | ReportState | ScoreState,
    *,
    subject: str,
    firing: bool,
    reason: str,
    detail: dict[str, Any],
) -> Signal:
    return Signal(
        plan=source.plan,
        unit=source.unit,
        rule=rule.code,
        names=rule.names,
        severity=rule.severity,
        points=rule.points,
        subject=subject,
        firing=firing,
        source_revision=source.revision,
        reason=reason,
        detail=detail,
    )
