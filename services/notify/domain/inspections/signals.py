"""The signal `finding_overdue`, asked of every finding of an inspection that has a last day. Pure."""

from __future__ import annotations

from services.notify.domain.alerts import Signal
from services.notify.domain.inspections.nudges import next_overdue_ms, overdue
from services.notify.domain.instants import DAY_MS
from services.notify.domain.signals import of_finding, rules_of
from shared.events.inspection import InspectionState
from shared.plan.expression.facts import named_in
from shared.plan.model import Plan


def of_inspection(plan: Plan, state: InspectionState, *, now_ms: int) -> list[Signal]:
    """One signal a rule and finding: firing while the finding is open past its last instant."""
    found: list[Signal] = []
    for one in state.findings:
        if one.due_at_ms is not None:
            found += of_finding(
                plan,
                unit=state.unit,
                finding=one.finding,
                severity=one.severity,
                due_at_ms=one.due_at_ms,
                settled=None if one.status == "OPEN" else one.status.lower(),
                revision=one.revision,
                now_ms=now_ms,
                detail={"inspection": state.inspection, "code": one.code},
            )
    return found


def next_look_ms(plan: Plan, state: InspectionState, now_ms: int) -> int | None:
    """When time alone changes a signal: a finding becomes overdue; daily where a rule counts days. None: never."""
    ahead = next_overdue_ms(state, now_ms)
    counting = any(
        rule.condition is not None and "days_overdue" in named_in(rule.condition, rule.signal)
        for rule in rules_of(plan, "finding_overdue")
    )
    if not counting:
        return ahead
    late = [one.due_at_ms for one in state.findings if one.due_at_ms is not None and overdue(one, now_ms)]
    daily = [due_ms + ((now_ms - due_ms) // DAY_MS + 1) * DAY_MS for due_ms in late]
    return min([*daily, *([ahead] if ahead is not None else [])], default=None)
