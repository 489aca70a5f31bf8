"""Whether the inspection rules of a plan can be published: parameters, conditions, escalation chains."""

from __future__ import annotations

from collections.abc import Iterator

from shared.plan.check_rules import parameter_findings
from shared.plan.checks import SIGNALS
from shared.plan.expression.evaluate import check_compiles
from shared.plan.expression.facts import named_in
from shared.plan.expression.tokens import ExpressionError
from shared.plan.faults import PathKey
from shared.plan.inspection import InspectionRule
from shared.plan.model import Plan

_Finding = tuple[PathKey, str, str | None]


def inspection_findings(plan: Plan) -> Iterator[_Finding]:
    """What is wrong with the plan's inspection rules and escalation chains."""
    indicators = {indicator.code: indicator for indicator in plan.indicators()}
    for at, rule in enumerate(plan.inspection):
        path: PathKey = ("inspection", at)
        yield from parameter_findings(path, rule.signal, rule.parameters, SIGNALS[rule.signal], indicators)
        yield from _condition((*path, "condition"), rule)
        yield from _needed(plan, path, rule)
    seen: set[str] = set()
    for at, chain in enumerate(plan.escalation):
        if chain.severity in seen:
            yield ("escalation", at, "severity"), f"`{chain.severity}` has two chains", "write all steps in one"
        seen.add(chain.severity)
    if plan.escalation and plan.standing_body is None:
        says = "the plan has no standing body, so nobody can be told"
        yield ("escalation",), says, "name the unit that inspects in `standing_body`"


def _condition(path: PathKey, rule: InspectionRule) -> Iterator[_Finding]:
    if rule.condition is None:
        return
    try:
        named_in(rule.condition, rule.signal)
        check_compiles(rule.condition)
    except ExpressionError as fault:
        yield path, fault.message, fault.hint


def _needed(plan: Plan, path: PathKey, rule: InspectionRule) -> Iterator[_Finding]:
    """A fall of bands needs bands."""
    if rule.signal == "band_fell" and len(plan.scoring.bands) < 2:
        yield (*path, "signal"), "`band_fell` never fires: the plan has no bands", "add `bands` to `scoring`"
