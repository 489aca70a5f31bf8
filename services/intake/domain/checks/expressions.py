"""Rules that a plan writes in CEL: what an expression speaks of is looked up, evaluated, and told when it is false.

An expression that has no answer for the numbers of a report (0 / 0) is a breach like any other: a rule that cannot be
computed must not let a report pass that it might have refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.intake.domain.checks.context import FIELDS, Context, Found, Values, shown, text
from shared.events.base import Names
from shared.plan.expression.evaluate import Answer, Environment, EvaluationError
from shared.plan.expression.meaning import Meaning, condition_of
from shared.plan.expression.template import filled
from shared.plan.expression.vocabulary import ERAS, Path, written
from shared.plan.model import Indicator, ValidationRule

_NEVER_MISSING = frozenset({"code", "form", "period", "year", "peer_group"})
_SHOWN_MAX = 300

Row = dict[str, Any]
Amount = float | str | None


def breaches(rule: ValidationRule, context: Context) -> Iterator[Found]:
    """Where the rule's expression is not true: once for the report, or for each indicator reported."""
    meaning = condition_of(rule.expression or "", rule.for_each)
    rows = _rows(rule, meaning, context)
    if meaning.uses_rows and not rows:
        return
    environment = Environment([row for _, row in rows] if meaning.uses_rows else None)
    for subject in _subjects(rule, context):
        found = _amounts(meaning.operands, context, subject)
        if not _is_filled(found, rule.missing):
            continue
        environment.bind(_tree(found))
        yield from _breach(_Case(rule, meaning, context, subject, amounts=found, rows=rows), environment)


def _subjects(rule: ValidationRule, context: Context) -> list[Indicator | None]:
    if rule.for_each == "report":
        return [None]
    return [indicator for indicator, _ in context.chosen({"indicators": rule.indicators})]


def _rows(rule: ValidationRule, meaning: Meaning, context: Context) -> list[tuple[str, Row]]:
    """`values`: the fields that the expression asks for, of the indicators that have them; one row when it asks for
    no more than the first."""
    found: list[tuple[str, Row]] = []
    if not meaning.uses_rows:
        return found
    for indicator, _ in context.chosen({"indicators": rule.indicators}):
        amounts = _amounts(meaning.row_paths, context, indicator)
        if _is_filled(amounts, rule.missing):
            found.append((indicator.code, _tree(amounts)))
            if not meaning.uses_all_rows:
                break
    return found


def _is_filled(amounts: dict[Path, Amount], strategy: str) -> bool:
    """Whether to go on, with 0 in place of what is missing, or to skip."""
    missing = [path for path, amount in amounts.items() if amount is None]
    if missing:
        is_all = all(path in missing or path[-1] in _NEVER_MISSING for path in amounts)
        if strategy == "skip_if_any_missing" or (strategy == "skip_if_all_missing" and is_all):
            return False
        amounts.update(dict.fromkeys(missing, 0.0))
    return True


def _tree(amounts: Mapping[Path, Amount]) -> Row:
    """`{("v", "A", "value"): 1.0}` as `{"v": {"A": {"value": 1.0}}}`."""
    tree: Row = {}
    for path, amount in amounts.items():
        here = tree
        for part in path[:-1]:
            here = here.setdefault(part, {})
        here[path[-1]] = amount
    return tree


# --- amounts: what a path stands for in this report ---


def _amounts(paths: tuple[Path, ...], context: Context, subject: Indicator | None) -> dict[Path, Amount]:
    return {path: _amount(path, context, subject) for path in paths}


def _amount(path: Path, context: Context, subject: Indicator | None) -> Amount:
    if path[0] == "v":
        return _of_indicator(path[2:], context, context.catalogue[path[1]])
    if path[0] == "unit":
        return context.unit.peer_group if path[1] == "peer_group" else _number(context.unit.headcount)
    if path[0] == "form":
        return context.form.code
    if path[0] == "period":
        return context.period
    if path[0] == "year":
        return context.year
    assert subject is not None, "the expression was checked for the rule's for_each"
    return _of_indicator(path, context, subject)


def _of_indicator(path: Path, context: Context, indicator: Indicator) -> Amount:
    if path[0] == "code":
        return indicator.code
    if path[0] == "target":
        return indicator.target(context.year, context.unit.unit)
    if path[0] in ERAS:
        earlier: Values = (context.previous if path[0] == "previous" else context.year_before) or {}
        return _reported(path[1], indicator, earlier)
    return _reported(path[0], indicator, context.values)


def _reported(member: str, indicator: Indicator, values: Values) -> float | None:
    held = values.get(indicator.code)
    if held is None or held.status != "reported":
        return None
    if member == "value":
        return shown(indicator, held)
    if member == "ratio":
        return held.numerator / held.denominator if held.numerator is not None and held.denominator else None
    return held.numerator if member == "numerator" else held.denominator


def _number(count: int | None) -> float | None:
    return None if count is None else float(count)


# --- what is told of a breach ---


@dataclass(frozen=True, slots=True)
class _Case:
    """One evaluation: the rule, what it was about, and the numbers it was given."""

    rule: ValidationRule
    meaning: Meaning
    context: Context
    subject: Indicator | None
    amounts: Mapping[Path, Amount]
    rows: Sequence[tuple[str, Row]]


def _breach(case: _Case, environment: Environment) -> Iterator[Found]:
    source = case.meaning.source
    try:
        if environment.evaluate(source) is True:
            return
        expected, got = _compared(case, environment)
        named = _indicators(case, environment)
        yield Found(_message(case.rule, environment), named, _member(case, named), expected, got)
    except EvaluationError as fault:
        place = f"validation[{case.context.plan.validation.index(case.rule)}].expression"
        message = Names(
            vi=f"{case.rule.names.vi} (không tính được với số liệu này)",
            en=f"{case.rule.names.en} (cannot be computed with these numbers)",
        )
        named = _named(case)
        yield Found(message, named, _member(case, named), source[:_SHOWN_MAX], f"{place}: {fault}")


def _message(rule: ValidationRule, environment: Environment) -> Names:
    told = rule.messages
    if told is None:
        return rule.names

    def quoted(source: str) -> str:
        return _told(environment.evaluate(source))

    return Names(vi=filled(told.vi, quoted), en=filled(told.en, quoted))


def _compared(case: _Case, environment: Environment) -> tuple[str, str]:
    """expected and got: both sides of a comparison, else the expression and the numbers that it was given."""
    comparison = case.meaning.comparison
    if comparison is None:
        given = ", ".join(f"{written(path)} = {_told(amount)}" for path, amount in case.amounts.items())
        return case.meaning.source[:_SHOWN_MAX], given[:_SHOWN_MAX]
    right, left = _told(environment.evaluate(comparison.right)), _told(environment.evaluate(comparison.left))
    return (right if comparison.sign == "==" else f"{comparison.sign} {right}"), left


def _told(amount: Answer | None) -> str:
    return text(round(amount, 6)) if isinstance(amount, int | float) else str(amount)


def _indicators(case: _Case, environment: Environment) -> tuple[str, ...]:
    """Who is at fault: the indicator looked at, those named, and the rows that the walk over `values` picks out."""
    choosing = case.meaning.choosing
    if choosing is None:
        return _named(case)
    picked = []
    for code, row in case.rows:
        environment.bind({choosing.variable: row})
        if environment.evaluate(choosing.body) is choosing.at_fault:
            picked.append(code)
    return tuple(dict.fromkeys((*_named(case), *picked)))


def _named(case: _Case) -> tuple[str, ...]:
    subject = (case.subject.code,) if case.subject else ()
    first = (case.rows[0][0],) if case.meaning.uses_first_row else ()
    return tuple(dict.fromkeys((*subject, *case.meaning.codes, *first)))


def _member(case: _Case, named: tuple[str, ...]) -> str:
    """The member of the request's value that the finding points to: the first number asked of the first indicator."""
    for path in case.amounts:
        code, own = (path[1], path[2:]) if path[0] == "v" else (case.subject.code if case.subject else None, path)
        if named and code == named[0] and len(own) == 1 and own[0] in FIELDS:
            is_sent = own[0] != "value" or not case.context.catalogue[code].is_quotient
            return own[0] if is_sent else ""
    return ""
