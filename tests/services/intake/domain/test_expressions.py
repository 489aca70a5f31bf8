"""Rules written as expressions: what they see of a report, what missing numbers do, what is told of a breach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.intake.domain.checks.context import Context, Found
from services.intake.domain.checks.table import run
from services.intake.domain.validation import stored_findings, validate
from shared.events.report import ReportedValue
from shared.plan.model import OwnTargets, ValidationRule
from tests.services.intake.domain.making import context, unit, value, values

MAIL = value("MAIL", numerator=40, denominator=50)
DOCS = value("DOCS", numerator=1, denominator=4)
CALLS = value("CALLS", value=3)


def rule(expression: str, **more: Any) -> ValidationRule:
    held = {"code": "X", "severity": "error", "names": {"vi": "Quy tắc", "en": "Rule"}, "expression": expression}
    return ValidationRule.model_validate(held | more)


def breaches(expression: str, held: Context, **more: Any) -> list[Found]:
    return list(run(rule(expression, **more), held))


def holds(expression: str, held: Context, **more: Any) -> bool:
    return breaches(expression, held, **more) == []


# --- what an expression sees ---


@pytest.mark.parametrize(
    "expression",
    [
        'v["MAIL"].numerator == 40.0 && v["MAIL"].denominator == 50.0',
        'v["MAIL"].ratio == 0.8 && v["MAIL"].value == 80.0',
        'v["CALLS"].value == 3.0 && v["CALLS"].target == 10.0',
        'v["CALLS"].previous.value == 5.0 && v["MAIL"].year_before.ratio == 0.5',
        'v["CALLS"].code == "CALLS"',
        'unit.headcount == 50.0 && unit.peer_group == "A"',
        'form == "MONTHLY" && period == "2011-M03" && year == 2011',
        "size(values) == 3",
        "values.all(i, i.value > 0.0) && values.exists(i, i.value == 3.0)",
        "size(values.filter(i, i.ratio > 0.0)) == 2",
        "values[0].numerator == 40.0",
        'abs(min(1.0, max(2.0, v["CALLS"].value)) - 4.0) == 3.0',
    ],
)
def test_it_sees_the_report_its_history_and_its_unit(expression: str) -> None:
    held = context(
        MAIL,
        DOCS,
        CALLS,
        period="2011-M03",
        previous=values(value("CALLS", value=5)),
        year_before=values(value("MAIL", numerator=10, denominator=20)),
    )
    assert holds(expression, held)
    assert not holds(f"!({expression})", held)


def test_a_units_own_target_comes_before_the_plans() -> None:
    held = context(CALLS)
    own = held.catalogue["CALLS"].model_copy(update={"target_overrides": (OwnTargets(unit="U1", targets={2011: 3}),)})
    assert not holds("value == target", held, for_each="indicator")
    assert holds("value == target", replace(held, catalogue={"CALLS": own}), for_each="indicator")


def test_each_indicator_is_judged_on_its_own_and_only_those_listed() -> None:
    held = context(MAIL, DOCS, CALLS)
    assert [found.indicators for found in breaches("value > 90.0", held, for_each="indicator")] == [
        ("MAIL",),
        ("DOCS",),
        ("CALLS",),
    ]
    (found,) = breaches("numerator >= 2.0", held, for_each="indicator", indicators=["MAIL", "DOCS"])
    assert (found.indicators, found.member, found.expected, found.got) == (("DOCS",), "numerator", ">= 2", "1")


def test_a_value_that_says_why_there_is_none_is_not_judged() -> None:
    held = context(value("MAIL", status="nil"), value("DOCS", status="not_applicable", reason="x"))
    assert holds("value > 1000.0", held, for_each="indicator")
    assert holds("size(values) > 1000", held)


def test_it_looks_only_at_its_forms() -> None:
    assert holds("false", context(MAIL), forms=["ANNUAL"])
    assert not holds("false", context(MAIL), forms=["MONTHLY"])


# --- missing numbers ---

ANY, ALL, ZERO = "skip_if_any_missing", "skip_if_all_missing", "missing_is_zero"
BOTH = 'v["CALLS"].value == v["MAIL"].numerator'
JUMP = "abs(value - previous.value) <= 1.0"
OF_UNIT = "unit.headcount > 10.0"
WALK = "values.all(i, i.value == i.previous.value)"
EMPTY = value("DOCS", numerator=0, denominator=0)


@pytest.mark.parametrize(
    ("expression", "sent", "strategy", "is_broken"),
    [
        # both sides, one, none: 3 against 40
        (BOTH, (CALLS, MAIL), ANY, True),
        (BOTH, (CALLS, MAIL), ALL, True),
        (BOTH, (CALLS, MAIL), ZERO, True),
        (BOTH, (CALLS,), ANY, False),
        (BOTH, (CALLS,), ALL, True),
        (BOTH, (CALLS,), ZERO, True),
        (BOTH, (), ANY, False),
        (BOTH, (), ALL, False),
        (BOTH, (), ZERO, False),  # 0 == 0
        ('v["CALLS"].value != v["MAIL"].numerator', (), ZERO, True),
        ('v["CALLS"].value != v["MAIL"].numerator', (), ALL, False),
        # an earlier report that is not there: 3 against nothing
        (JUMP, (CALLS,), ANY, False),
        (JUMP, (CALLS,), ALL, True),
        (JUMP, (CALLS,), ZERO, True),
        # a ratio over nothing is missing, its numbers are not
        ("ratio == 1.0", (EMPTY,), ANY, False),
        ("ratio == 1.0", (EMPTY,), ALL, False),
        ("ratio == 1.0", (EMPTY,), ZERO, True),
        ("ratio == numerator + 1.0", (EMPTY,), ALL, True),
        # texts are never missing, and do not make a rule go on
        ('code == "B" && numerator > 5.0', (CALLS,), ANY, False),
        ('code == "B" && numerator > 5.0', (CALLS,), ALL, False),
        ('code == "B" && numerator > 5.0', (CALLS,), ZERO, True),
        # a walk takes the values that have what is asked of them
        (WALK, (CALLS, MAIL), ANY, False),
        (WALK, (CALLS, MAIL), ALL, True),
        (WALK, (CALLS, MAIL), ZERO, True),
    ],
)
def test_a_missing_number_does_what_the_strategy_says(
    expression: str, sent: tuple[ReportedValue, ...], strategy: str, is_broken: bool
) -> None:
    for_each = "report" if "v[" in expression or "values" in expression else "indicator"
    assert holds(expression, context(*sent), missing=strategy, for_each=for_each) is not is_broken


@pytest.mark.parametrize(("strategy", "is_broken"), [(ANY, False), (ALL, False), (ZERO, True)])
def test_a_unit_without_a_headcount(strategy: str, is_broken: bool) -> None:
    held = context(CALLS, unit=unit(headcount=None))
    assert holds(OF_UNIT, held, missing=strategy) is not is_broken


# --- what is told ---


def test_a_comparison_tells_both_sides_and_anything_else_its_numbers() -> None:
    (found,) = breaches('v["MAIL"].numerator + 1.0 <= v["DOCS"].denominator * 2.0', context(MAIL, DOCS))
    assert (found.indicators, found.member) == (("MAIL", "DOCS"), "numerator")
    assert (found.expected, found.got) == ("<= 8", "41")
    (found,) = breaches('v["MAIL"].ratio < 0.5 || v["CALLS"].value > 5.0', context(MAIL, CALLS))
    assert found.expected == 'v["MAIL"].ratio < 0.5 || v["CALLS"].value > 5.0'
    assert found.got == 'v["MAIL"].ratio = 0.8, v["CALLS"].value = 3'


def test_a_message_quotes_numbers_in_both_languages() -> None:
    messages = {"vi": "Có {value} cuộc, chỉ tiêu {target}", "en": "{value} calls ({code}), {target - value} too few"}
    (found,) = breaches('value >= target || code == "A"', context(CALLS), for_each="indicator", messages=messages)
    assert (found.message.vi, found.message.en) == ("Có 3 cuộc, chỉ tiêu 10", "3 calls (CALLS), 7 too few")
    (found,) = breaches("value >= target", context(CALLS), for_each="indicator")
    assert (found.message.vi, found.message.en) == ("Quy tắc", "Rule")


def test_a_walk_names_the_values_that_it_finds_at_fault() -> None:
    held = context(MAIL, DOCS, CALLS)
    (found,) = breaches("values.all(i, i.value < 20.0)", held)
    assert found.indicators == ("MAIL", "DOCS")
    (found,) = breaches("!values.exists(i, i.value < 20.0)", held)
    assert found.indicators == ("CALLS",)
    (found,) = breaches("size(values) > 3", held)
    assert found.indicators == ()


def test_what_has_no_answer_is_a_breach_that_says_where() -> None:
    nothing = value("MAIL", numerator=0, denominator=0)
    held = context(nothing)
    wrong = rule('v["MAIL"].numerator / v["MAIL"].denominator <= 1.0')
    plan = held.plan.model_copy(update={"validation": (*held.plan.validation, wrong)})
    (found,) = run(wrong, replace(held, plan=plan))
    assert found.message.en == "Rule (cannot be computed with these numbers)"
    assert found.message.vi == "Quy tắc (không tính được với số liệu này)"
    assert found.got.startswith(f"validation[{len(held.plan.validation)}].expression: ")
    assert (found.indicators, found.member) == (("MAIL",), "numerator")


def test_an_error_of_an_expression_rejects_those_it_names() -> None:
    held = context(MAIL, DOCS, CALLS)
    plan = held.plan.model_copy(update={"validation": (rule('v["MAIL"].numerator < v["CALLS"].value'),)})
    verdict = validate([MAIL, DOCS, CALLS], replace(held, plan=plan), "PARTIAL")
    assert verdict.rejected == {"MAIL", "CALLS"}
    assert verdict.accepted == (DOCS,)


# --- explanations ---


def test_a_warning_that_asks_for_an_explanation_is_kept_as_unexplained_without_one() -> None:
    asks, tells = rule("false", severity="warning", explain=True), rule("false", severity="warning", code="Y")
    refuses = rule('v["MAIL"].value < 0.0', explain=True, code="Z")
    held = context(MAIL, DOCS, CALLS)
    plan = held.plan.model_copy(update={"validation": (asks, tells)})
    verdict = validate([MAIL, DOCS, CALLS], replace(held, plan=plan), "ATOMIC")
    assert verdict.is_accepted
    assert verdict.unexplained({}) == {"X"}
    assert [(one.code, one.explanation, one.unexplained) for one in stored_findings(verdict, {})] == [
        ("X", None, True),
        ("Y", None, False),
    ]
    explained = stored_findings(verdict, {"X": "vì"})[0]
    assert (explained.explanation, explained.unexplained) == ("vì", False)
    refused = held.plan.model_copy(update={"validation": (refuses,)})
    assert validate([MAIL, DOCS, CALLS], replace(held, plan=refused), "ATOMIC").unexplained({}) == frozenset()
