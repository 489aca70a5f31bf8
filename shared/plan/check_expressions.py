"""Whether a rule's expression can be published: its syntax, names and types, its indicators, forms and steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.plan.expression.evaluate import check_compiles
from shared.plan.expression.meaning import Meaning, condition_of, meaning_of
from shared.plan.expression.template import quotes_of
from shared.plan.expression.tokens import ExpressionError
from shared.plan.expression.vocabulary import NUMBERS, Path, written
from shared.plan.faults import PathKey, did_you_mean
from shared.plan.model import Form, Indicator, Plan, ValidationRule

_Finding = tuple[PathKey, str, str | None]

STEPS_MAX = 10_000
"""For one rule and one report: about two milliseconds."""
STEPS_OF_ALL_MAX = 50_000


def expression_findings(plan: Plan) -> Iterator[_Finding]:
    """What is wrong with the plan's expressions."""
    indicators = {indicator.code: indicator for indicator in plan.indicators()}
    carried = {form.code: _on_form(form, indicators.values()) for form in plan.forms}
    total = 0
    for at, rule in enumerate(plan.validation):
        if rule.expression is None:
            continue
        path: PathKey = ("validation", at)
        for position, code in enumerate(rule.indicators):
            yield from _unknown((*path, "indicators", position), code, indicators)
        try:
            meaning = condition_of(rule.expression, rule.for_each)
            check_compiles(rule.expression)
        except ExpressionError as fault:
            yield (*path, "expression"), fault.message, fault.hint
            continue
        yield from _names((*path, "expression"), rule, meaning, indicators)
        forms = [held for code, held in carried.items() if not rule.forms or code in rule.forms]
        yield from _forms(path, rule, meaning, forms, indicators)
        yield from _messages((*path, "messages"), rule, meaning)
        steps = _steps(rule, meaning, forms)
        total += steps
        if steps > STEPS_MAX:
            says = f"the expression takes {steps} steps for a report, {STEPS_MAX} are allowed"
            yield (*path, "expression"), says, "list fewer `indicators`, or split the rule in two"
    if total > STEPS_OF_ALL_MAX:
        says = f"the expressions take {total} steps for a report, {STEPS_OF_ALL_MAX} are allowed"
        yield ("validation",), says, "give rules the `forms` and `indicators` that they look at"


def _unknown(path: PathKey, code: str, indicators: Iterable[str]) -> Iterator[_Finding]:
    if code not in indicators:
        yield path, f"there is no indicator `{code}`", did_you_mean(code, indicators)


def _names(path: PathKey, rule: ValidationRule, meaning: Meaning, held: dict[str, Indicator]) -> Iterator[_Finding]:
    """Indicators that exist and have what is asked of them."""
    for code in meaning.codes:
        yield from _unknown(path, code, held)
    for operand in meaning.operands:
        if operand[0] == "v" and operand[1] in held:
            yield from _has(path, held[operand[1]], operand, operand[2:])
    listed = [held[code] for code in rule.indicators if code in held]
    asked = [*(o for o in meaning.operands if rule.for_each == "indicator" and o[0] != "v"), *meaning.row_paths]
    for indicator in listed:
        for own in asked:
            yield from _has(path, indicator, own, own)


def _has(path: PathKey, indicator: Indicator, operand: Path, own: Path) -> Iterator[_Finding]:
    if own[-1] in NUMBERS and own[-1] != "value" and not indicator.is_quotient:
        yield path, f"{indicator.code} has no {own[-1]}", f"write {written((*operand[:-1], 'value'))}"
    if own == ("target",) and not indicator.targets and not indicator.target_overrides:
        yield path, f"{indicator.code} has no targets", "leave it out, or give it targets"


def _forms(
    path: PathKey, rule: ValidationRule, meaning: Meaning, forms: list[frozenset[str]], known: Iterable[str]
) -> Iterator[_Finding]:
    """Some form that the rule looks at has all the indicators that are named: else they never meet in a report."""
    together = frozenset(known).intersection(meaning.codes)
    if forms and not any(together <= held for held in forms):
        says = f"no form that the rule looks at has {' and '.join(sorted(together))}"
        yield (*path, "expression"), says, "mend `forms`, or the codes"
    for position, code in enumerate(rule.indicators):
        if forms and code in known and not any(code in held for held in forms):
            yield (*path, "indicators", position), f"no form that the rule looks at has {code}", "mend `forms`"


def _messages(path: PathKey, rule: ValidationRule, meaning: Meaning) -> Iterator[_Finding]:
    """Every quoted part is a number or a text made of what the expression itself speaks of."""
    for language in ("vi", "en") if rule.messages else ():
        assert rule.messages is not None
        try:
            for quote in quotes_of(rule.messages.of(language)):
                _check_quote(quote, rule, meaning)
        except ExpressionError as fault:
            yield (*path, language), fault.message, fault.hint


def _check_quote(quote: str, rule: ValidationRule, meaning: Meaning) -> None:
    found = meaning_of(quote, rule.for_each)
    check_compiles(quote)
    if found.type not in ("number", "whole", "text"):
        raise ExpressionError(f"`{quote}` is neither a number nor a text")
    if found.choosing is not None:
        raise ExpressionError(f"`{quote}` walks over the values", "quote a number of the expression")
    other = [written(path) for path in found.operands if path not in meaning.operands]
    other += [f"values[0].{written(path)}" for path in found.row_paths if path not in meaning.row_paths]
    if other or (found.uses_rows and not meaning.uses_rows):
        raise ExpressionError(
            f"the expression does not speak of `{other[0] if other else quote}`", "quote only what it speaks of"
        )


def _steps(rule: ValidationRule, meaning: Meaning, forms: list[frozenset[str]]) -> int:
    """Steps for the largest report that the rule looks at."""
    rows = max((len(held) for held in forms), default=0)
    rows = min(rows, len(rule.indicators)) if rule.indicators else rows
    return meaning.steps_of(rows) * (rows if rule.for_each == "indicator" else 1)


def _on_form(form: Form, indicators: Iterable[Indicator]) -> frozenset[str]:
    """The indicators on the form, whatever their peer groups: no report has more."""
    return frozenset(
        i.code
        for i in indicators
        if i.computed_by == "form" and (i.code in form.indicators if form.indicators else i.frequency == form.frequency)
    )
