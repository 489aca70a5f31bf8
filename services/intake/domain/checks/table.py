"""Name -> check: the map between a plan's rules and the functions. A test holds it against `shared.plan.checks`."""

from __future__ import annotations

from collections.abc import Iterator

from services.intake.domain.checks import evidence, expressions, history, identities, numbers, profile
from services.intake.domain.checks.context import Check, Context, Found
from shared.plan.checks import parameters_of
from shared.plan.model import ValidationRule

TABLE: dict[str, Check] = {
    "non_negative": numbers.non_negative,
    "numerator_within_denominator": numbers.numerator_within_denominator,
    "denominator_zero": numbers.denominator_zero,
    "not_decreasing": history.not_decreasing,
    "same_denominator": identities.same_denominator,
    "headcount_near_profile": profile.headcount_near_profile,
    "ratio_jump": history.ratio_jump,
    "copied_report": history.copied_report,
    "evidence_required": evidence.evidence_required,
    "evidence_shared": evidence.evidence_shared,
    "exact_targets": profile.exact_targets,
    "applicability": profile.applicability,
    "at_most": identities.at_most,
    "equals": identities.equals,
}


def run(rule: ValidationRule, context: Context) -> Iterator[Found]:
    """What the rule finds, by its expression or its named check. Nothing on a form that it does not name."""
    if rule.forms and context.form.code not in rule.forms:
        return iter(())
    if rule.check is None:
        return expressions.breaches(rule, context)
    return TABLE[rule.check](context, {**parameters_of(rule), "missing": rule.missing})
