"""Coherence of the rules of a plan: validation checks and digests, with their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.plan.check_expressions import expression_findings
from shared.plan.checks import CHECKS, OPERAND_FIELDS, Parameter
from shared.plan.faults import PathKey, did_you_mean
from shared.plan.model import Indicator, Plan

_Finding = tuple[PathKey, str, str | None]


def rule_findings(plan: Plan) -> Iterator[_Finding]:
    """What is wrong with the plan's validation rules and digests."""
    indicators = {indicator.code: indicator for indicator in plan.indicators()}
    forms = [form.code for form in plan.forms]
    for at, rule in enumerate(plan.validation):
        path: PathKey = ("validation", at)
        if rule.check is not None:
            yield from _check(path, rule.check, rule.parameters, indicators)
        for position, form in enumerate(rule.forms):
            yield from _form((*path, "forms", position), form, forms)
    yield from expression_findings(plan)
    for at, digest in enumerate(plan.digests):
        for position, schedule in enumerate(digest.schedules):
            if schedule.kind == "after_due":
                yield from _form(("digests", at, "schedules", position, "form"), schedule.form, forms)


def _check(
    path: PathKey, name: str, given: Mapping[str, Any], indicators: Mapping[str, Indicator]
) -> Iterator[_Finding]:
    check = CHECKS.get(name)
    if check is None:
        hint = did_you_mean(name, CHECKS) or f"the checks are {', '.join(CHECKS)}"
        yield (*path, "check"), f"there is no check `{name}`", hint
    else:
        yield from parameter_findings(path, name, given, check.parameters, indicators)


def _form(path: PathKey, code: str, forms: list[str]) -> Iterator[_Finding]:
    if code not in forms:
        yield path, f"there is no form `{code}`", did_you_mean(code, forms) or f"the plan has {', '.join(forms)}"


def parameter_findings(
    path: PathKey,
    name: str,
    given: Mapping[str, Any],
    known: Mapping[str, Parameter],
    indicators: Mapping[str, Indicator],
) -> Iterator[_Finding]:
    """What is wrong with the parameters of a check or signal, whose known ones are given."""
    for key, value in given.items():
        here = (*path, "parameters", key)
        if key not in known:
            listed = f"it takes {', '.join(known)}" if known else "it takes none"
            yield here, f"`{name}` has no parameter `{key}`", did_you_mean(key, known) or listed
        else:
            for message, hint in _wrong(known[key], value, indicators):
                yield here, message, hint
    for key, parameter in known.items():
        if parameter.required and key not in given:
            yield (*path, "parameters"), f"`{name}` needs the parameter `{key}`", parameter.says


def _wrong(parameter: Parameter, value: Any, indicators: Mapping[str, Indicator]) -> Iterator[tuple[str, str | None]]:
    if parameter.kind == "number":
        yield from _wrong_number(parameter, value)
    elif parameter.kind == "choice":
        if value not in parameter.choices:
            choices = ", ".join(parameter.choices)
            yield f"{value!r} is not one of {choices}", did_you_mean(value, parameter.choices)
    elif parameter.kind == "operand":
        yield from _wrong_operand(value, indicators)
    else:
        yield from _wrong_indicators(parameter, value, indicators)


def _wrong_number(parameter: Parameter, value: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"must be a number, not {value!r}", parameter.says
    elif parameter.low is not None and value < parameter.low:
        yield f"must be at least {parameter.low:g}", parameter.says
    elif parameter.high is not None and value > parameter.high:
        yield f"must be at most {parameter.high:g}", parameter.says


def _wrong_operand(value: Any, indicators: Mapping[str, Indicator]) -> Iterator[tuple[str, str | None]]:
    code, _, part = str(value).rpartition(".")
    if part not in OPERAND_FIELDS or not code:
        yield f"{value!r} is not a number of a report", "write CODE.numerator, CODE.denominator or CODE.value"
    elif code not in indicators:
        yield f"there is no indicator `{code}`", did_you_mean(code, indicators)
    elif part != "value" and not indicators[code].is_quotient:
        yield f"{code} has no {part}", f"write {code}.value"


def _wrong_indicators(
    parameter: Parameter, value: Any, indicators: Mapping[str, Indicator]
) -> Iterator[tuple[str, str | None]]:
    if not isinstance(value, list | tuple) or (parameter.required and not value):
        yield "must be a list of indicator codes", "write [INF-01, INF-02]"
        return
    for code in value:
        if code not in indicators:
            yield f"there is no indicator `{code}`", did_you_mean(code, indicators)
