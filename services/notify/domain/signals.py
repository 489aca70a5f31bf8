"""The signals of obligations, reports and contacts: each a question to states that notify follows.

A rule's own `condition` narrows its signal; the facts that it may speak of are those of `shared/plan/expression/facts`.
What the alert shows (`detail`) are the numbers that made it and, as `look_at`, the ids of what to look at; never how
long it has been, which would change by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.notify.domain.alerts import DELIVERY_PROBLEM, MISSING_CONTACT, Signal
from services.notify.domain.instants import DAY_MS, NEVER_MS
from services.notify.domain.rungs import settled_by
from shared.events.base import Names
from shared.events.obligation import ObligationState
from shared.events.report import ReportState
from shared.plan.checks import parameters_of
from shared.plan.expression.evaluate import EvaluationError
from shared.plan.expression.facts import Fact, holds, named_in
from shared.plan.inspection import InspectionRule
from shared.plan.model import Plan

LATE = "LATE"
OUT = frozenset({"WAIVED", "NOT_APPLICABLE", "CANCELLED"})
ARRIVED = frozenset({"FULFILLED", "NIL"})


def rules_of(plan: Plan, signal: str) -> Iterator[InspectionRule]:
    return (rule for rule in plan.inspection if rule.signal == signal)


def said(
    rule: InspectionRule,
    *,
    plan: str,
    unit: str,
    subject: str,
    firing: bool,
    reason: str,
    revision: int,
    facts: Mapping[str, Fact],
    detail: dict[str, Any],
    points: int | None = None,
) -> Signal:
    """What a rule says. `reason` names why the signal itself does not fire; a condition has reasons of its own."""
    if firing and rule.condition is not None:
        firing, reason = _narrowed(rule, {"unit": unit, **facts}, reason)
    return Signal(
        plan=plan,
        unit=unit,
        rule=rule.code,
        names=rule.names,
        severity=rule.severity,
        points=rule.points if points is None else points,
        subject=subject,
        firing=firing,
        source_revision=revision,
        reason=reason,
        detail=detail,
        signal=rule.signal,
        cooldown_hours=rule.cooldown_hours,
    )


def _narrowed(rule: InspectionRule, facts: Mapping[str, Fact], reason: str) -> tuple[bool, str]:
    try:
        met = holds(rule.condition or "", rule.signal, facts)
    except EvaluationError:
        return False, "condition_has_no_answer"
    if met is None:
        return False, "condition_lacks_a_fact"
    return met, reason if met else "condition_not_met"


def first_look_ms(state: ObligationState) -> int:
    """When to look at an obligation that was not known: at once when it says more than that it is owed."""
    return 0 if state.reliefs or state.outcome != "PENDING" else overdue_from_ms(state)


def overdue_from_ms(state: ObligationState) -> int:
    """The first instant at which this obligation counts as overdue; NEVER_MS when nothing is owed."""
    return state.grace_end_ms + 1 if state.outcome == "PENDING" else NEVER_MS


def next_look_ms(plan: Plan, state: ObligationState, *, now_ms: int) -> int:
    """When to ask again without anything being announced: when it is overdue; daily where a condition counts days.

    What came in time ends a row of late periods once its own limit has passed, and then it is asked as well.
    """
    overdue_ms = overdue_from_ms(state)
    if state.outcome in ARRIVED and now_ms <= state.grace_end_ms and any(rules_of(plan, "two_in_a_row")):
        return state.grace_end_ms + 1
    if now_ms < overdue_ms or overdue_ms == NEVER_MS:
        return overdue_ms
    counting = any(
        rule.condition is not None and "days_overdue" in named_in(rule.condition, rule.signal)
        for rule in rules_of(plan, "report_overdue")
    )
    return overdue_ms + ((now_ms - overdue_ms) // DAY_MS + 1) * DAY_MS if counting else NEVER_MS


def of_obligation(plan: Plan, state: ObligationState, *, now_ms: int) -> list[Signal]:
    """`report_overdue`: the grace is over and the report is still owed. An instant equal to the limit is on time."""
    firing = now_ms >= overdue_from_ms(state)
    reason = settled_by(state) or "not_overdue"
    facts: dict[str, Fact] = {
        "peer_group": state.peer_group,
        "form": state.form,
        "period": state.period,
        "days_overdue": float(max(0, now_ms - state.grace_end_ms) // DAY_MS),
        "returned": float(state.returned_count),
        "rejected": float(state.rejected_count),
    }
    detail = {
        "form": state.form,
        "period": state.period,
        "due_at_ms": state.due_at_ms,
        "returned": state.returned_count,
        "look_at": [state.obligation],
    }
    return [
        said(
            rule,
            plan=state.plan,
            unit=state.unit,
            subject=state.obligation,
            firing=firing,
            reason=reason,
            revision=state.revision,
            facts=facts,
            detail=detail,
        )
        for rule in rules_of(plan, "report_overdue")
    ]


def of_streak(plan: Plan, states: Sequence[ObligationState], *, form: str, now_ms: int) -> list[Signal]:
    """`two_in_a_row`: consecutive periods of a form that are overdue or came late, counted back from the newest.

    `states`: obligations of one unit. Only those of the form whose limit has passed are looked at, in the order of
    their periods; what is waived, not applicable or extended to a later limit is passed over. One at least must still
    be owed: when all have arrived, there is nothing left to urge.
    """
    own = [state for state in states if state.form == form]
    if not own:
        return []
    row = _row([state for state in own if state.grace_end_ms < now_ms and state.outcome not in OUT])
    owed = [state for state in row if state.outcome == "PENDING"]
    newest = own[0]
    facts: dict[str, Fact] = {
        "peer_group": newest.peer_group,
        "form": form,
        "periods": float(len(row)),
        "owed": float(len(owed)),
    }
    detail = {
        "form": form,
        "periods": [state.period for state in row],
        "owed": [state.period for state in owed],
        "look_at": [state.obligation for state in owed],
    }
    return [
        said(
            rule,
            plan=newest.plan,
            unit=newest.unit,
            subject=form,
            firing=len(row) >= parameters_of(rule)["at_least"] and bool(owed),
            reason="reports_received" if row and not owed else "row_broken",
            revision=max(state.changed_at_ms for state in own),
            facts=facts,
            detail=detail,
        )
        for rule in rules_of(plan, "two_in_a_row")
    ]


def _row(closed: list[ObligationState]) -> list[ObligationState]:
    """The newest periods without a break in which nothing came in time, oldest first."""
    found: list[ObligationState] = []
    for state in sorted(closed, key=lambda state: (state.period_end_ms, state.obligation), reverse=True):
        if state.outcome != "PENDING" and state.timeliness != LATE:
            break
        found.append(state)
    return found[::-1]


def of_report(plan: Plan, state: ReportState, *, peer_group: str = "") -> list[Signal]:
    """`copied_report` and `evidence_missing`: the stored report carries the finding of the plan's check."""
    return [*_copied(plan, state, peer_group), *_without_evidence(plan, state, peer_group)]


def _copied(plan: Plan, state: ReportState, peer_group: str) -> Iterator[Signal]:
    codes = {rule.code for rule in plan.validation if rule.check == "copied_report"}
    found = [finding for finding in state.findings if finding.code in codes]
    facts: dict[str, Fact] = {
        **_of_report(state, peer_group),
        "explained": bool(found) and all(finding.explanation for finding in found),
        "version": float(state.version),
    }
    detail = {"form": state.form, "period": state.period, "report": state.report, "version": state.version}
    for rule in rules_of(plan, "copied_report"):
        yield _about_report(rule, state, firing=bool(found), reason="amended", facts=facts, detail=detail)


def _without_evidence(plan: Plan, state: ReportState, peer_group: str) -> Iterator[Signal]:
    """Points count for each indicator."""
    codes = {rule.code for rule in plan.validation if rule.check == "evidence_required"}
    lacking = sorted({code for finding in state.findings if finding.code in codes for code in finding.indicators})
    facts: dict[str, Fact] = {**_of_report(state, peer_group), "indicators": float(len(lacking))}
    detail = {"form": state.form, "period": state.period, "report": state.report, "indicators": lacking}
    for rule in rules_of(plan, "evidence_missing"):
        firing = bool(lacking) and len(lacking) >= parameters_of(rule)["at_least"]
        points = rule.points * len(lacking)
        yield _about_report(
            rule, state, firing=firing, reason="evidence_given", facts=facts, detail=detail, points=points
        )


def _of_report(state: ReportState, peer_group: str) -> dict[str, Fact]:
    return {"peer_group": peer_group, "form": state.form, "period": state.period}


def _about_report(
    rule: InspectionRule,
    state: ReportState,
    *,
    firing: bool,
    reason: str,
    facts: Mapping[str, Fact],
    detail: dict[str, Any],
    points: int | None = None,
) -> Signal:
    return said(
        rule,
        plan=state.plan,
        unit=state.unit,
        subject=state.obligation,
        firing=firing,
        reason=reason,
        revision=state.revision,
        facts=facts,
        detail={**detail, "look_at": [state.report]},
        points=points,
    )


def of_finding(
    plan: Plan,
    *,
    unit: str,
    finding: str,
    severity: str,
    due_at_ms: int,
    settled: str | None,
    revision: int,
    now_ms: int,
    detail: Mapping[str, Any] | None = None,
) -> list[Signal]:
    """`finding_overdue`: a finding of an inspection whose remediation is not shown in time.

    `settled`: the named reason why nothing is owed any more (`remedied`), or None while it is.
    """
    facts: dict[str, Fact] = {
        "peer_group": "",
        "severity": severity,
        "days_overdue": float(max(0, now_ms - due_at_ms) // DAY_MS),
    }
    shown = {**(detail or {}), "severity": severity, "due_at_ms": due_at_ms, "look_at": [finding]}
    return [
        said(
            rule,
            plan=plan.code,
            unit=unit,
            subject=finding,
            firing=settled is None and now_ms > due_at_ms,
            reason=settled or "not_overdue",
            revision=revision,
            facts=facts,
            detail=shown,
        )
        for rule in rules_of(plan, "finding_overdue")
    ]


def missing_contact(plan: str, unit: str, role: str, *, firing: bool, source_revision: int) -> Signal:
    """An operations alert: nobody holds a role that a reminder needs. No risk points: it is not the unit's conduct."""
    names = Names(vi="Thiếu đầu mối liên hệ", en="No contact on record")
    return _operations(
        MISSING_CONTACT,
        names,
        plan=plan,
        unit=unit,
        subject=role,
        firing=firing,
        revision=source_revision,
        reason="contact_given",
        detail={"role": role},
    )


def delivery_problem(
    plan: str, unit: str, recipient: str, *, firing: bool, source_revision: int, detail: Mapping[str, Any]
) -> Signal:
    """An operations alert: messages to a recipient (shortened address) are given up. Ends when one arrives again."""
    names = Names(vi="Không gửi được thông báo", en="Notices cannot be delivered")
    shown = {**detail, "recipient": recipient}
    return _operations(
        DELIVERY_PROBLEM,
        names,
        plan=plan,
        unit=unit,
        subject=recipient,
        firing=firing,
        revision=source_revision,
        reason="delivered_again",
        detail=shown,
    )


def _operations(
    rule: str,
    names: Names,
    *,
    plan: str,
    unit: str,
    subject: str,
    firing: bool,
    revision: int,
    reason: str,
    detail: dict[str, Any],
) -> Signal:
    return Signal(
        plan=plan,
        unit=unit,
        rule=rule,
        names=names,
        severity="low",
        points=0,
        subject=subject,
        firing=firing,
        source_revision=revision,
        reason=reason,
        detail=detail,
        signal=rule.lower(),
    )
