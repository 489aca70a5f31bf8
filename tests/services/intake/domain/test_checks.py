"""Every named check: what it finds, and that it keeps quiet otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.intake.domain.checks.table import TABLE, run
from shared.events.report import Evidence
from shared.plan.checks import CHECKS
from shared.plan.model import Form, Indicator
from shared.plan.model import ValidationRule as Rule
from tests.services.intake.domain.making import context, found, unit, value, values

FILE = Evidence(kind="file", reference="scan.pdf", sha256="a" * 64)


def test_every_check_that_a_plan_may_name_is_written() -> None:
    assert TABLE.keys() == CHECKS.keys()


def test_non_negative_points_at_the_negative_member() -> None:
    held = context(value("MAIL", numerator=-1, denominator=5), value("CALLS", value=0))
    assert found("non_negative", held) == [(("MAIL",), "numerator", ">= 0", "-1")]


@pytest.mark.parametrize(("part", "faults"), [(50, 0), (51, 1)])
def test_a_part_is_at_most_its_whole(part: float, faults: int) -> None:
    held = context(value("MAIL", numerator=part, denominator=50))
    assert len(found("numerator_within_denominator", held)) == faults


def test_a_rate_and_an_indicator_that_may_exceed_are_no_parts_of_a_whole() -> None:
    held = context(value("MAIL", numerator=51, denominator=50))
    for update in ({"type": "rate"}, {"allow_over_100": True}):
        changed: Indicator = held.catalogue["MAIL"].model_copy(update=update)
        assert found("numerator_within_denominator", replace(held, catalogue={"MAIL": changed})) == []


def test_a_denominator_of_zero_is_found_where_the_indicator_does_not_allow_it() -> None:
    held = context(value("MAIL", numerator=0, denominator=0), value("DOCS", numerator=0, denominator=0))
    assert found("denominator_zero", held) == [(("MAIL",), "denominator", "> 0", "0")]


def test_something_out_of_nothing_is_found_even_where_empty_is_allowed() -> None:
    held = context(value("DOCS", numerator=2, denominator=0))
    assert found("denominator_zero", held) == [(("DOCS",), "numerator", "0", "2")]


def test_a_cumulative_value_may_not_fall_within_the_year() -> None:
    held = context(
        value("TOTAL", value=4), form="QUARTERLY", previous=values(value("TOTAL", value=5)), previous_year=2011
    )
    assert found("not_decreasing", held, time="cumulative_ytd") == [(("TOTAL",), "value", ">= 5", "4")]
    assert found("not_decreasing", held, time="stock") == []
    assert found("not_decreasing", replace(held, previous_year=2010), time="cumulative_ytd") == []


def test_a_stock_is_compared_with_the_year_before() -> None:
    before = values(value("STAFF", numerator=41, denominator=50))
    held = context(value("STAFF", numerator=40, denominator=50), form="ANNUAL", year_before=before)
    assert found("not_decreasing", held, time="stock", against="year_before") == [
        (("STAFF",), "numerator", ">= 41", "40")
    ]


def test_each_denominator_that_differs_from_the_first_is_found() -> None:
    held = context(
        value("MAIL", numerator=1, denominator=50),
        value("DOCS", numerator=1, denominator=51),
        value("CALLS", value=51),
    )
    assert found("same_denominator", held, indicators=("MAIL", "DOCS")) == [
        (("DOCS", "MAIL"), "denominator", "50", "51")
    ]


@pytest.mark.parametrize(("staff", "faults"), [(45, 0), (55, 0), (44, 1), (56, 1)])
def test_the_headcount_is_held_against_the_profile(staff: float, faults: int) -> None:
    held = context(value("MAIL", numerator=1, denominator=staff))
    assert len(found("headcount_near_profile", held, indicators=("MAIL",))) == faults
    assert found("headcount_near_profile", replace(held, unit=unit(headcount=None)), indicators=("MAIL",)) == []


@pytest.mark.parametrize(("part", "faults"), [(35, 0), (36, 1), (15, 0), (14, 1)])
def test_a_ratio_may_move_by_the_limit_and_no_further(part: float, faults: int) -> None:
    held = context(
        value("MAIL", numerator=part, denominator=50), previous=values(value("MAIL", numerator=25, denominator=50))
    )
    assert len(found("ratio_jump", held)) == faults


def test_a_report_with_only_the_date_changed_is_found() -> None:
    now = (value("MAIL", numerator=1, denominator=2), value("CALLS", value=3))
    assert len(found("copied_report", context(*now, previous=values(*now)))) == 1
    assert found("copied_report", context(*now, previous=values(now[0], value("CALLS", value=4)))) == []
    assert found("copied_report", context(*now)) == []
    assert found("copied_report", context(now[1], previous=values(now[1]))) == []


def test_required_evidence_must_be_there_and_of_its_kind() -> None:
    staff = value("STAFF", numerator=1, denominator=2)
    held = context(staff, form="ANNUAL")
    assert found("evidence_required", held) == [(("STAFF",), "evidence", "any", "missing")]
    assert found("evidence_required", context(staff.model_copy(update={"evidence": FILE}), form="ANNUAL")) == []
    assert found("evidence_required", context(value("STAFF", status="nil"), form="ANNUAL")) == []


def test_another_units_file_is_found() -> None:
    held = context(value("CALLS", value=1, evidence=FILE))
    assert found("evidence_shared", held) == []
    (fault,) = found("evidence_shared", replace(held, evidence_elsewhere={"a" * 64: "U2"}))
    assert fault[0] == ("CALLS",)


def test_too_many_exact_targets_are_found() -> None:
    exact, near = value("MAIL", numerator=80, denominator=100), value("CALLS", value=9)
    assert found("exact_targets", context(exact, near)) == []
    assert found("exact_targets", context(exact, value("CALLS", value=10))) == [(("MAIL", "CALLS"), "", "<= 0.5", "1")]


def test_what_does_not_apply_is_left_out_and_what_applies_is_there() -> None:
    held = context(value("LAWS", value=1), value("MAIL", status="nil"), value("CALLS", value=1))
    assert [(one[0], one[3]) for one in found("applicability", held)] == [
        (("LAWS",), "filled in"),
        (("DOCS",), "missing"),
    ]


OPERANDS = {"left": "CALLS.value", "right": "MAIL.numerator"}


@pytest.mark.parametrize(
    ("check", "calls", "faults"), [("at_most", 5, 0), ("at_most", 6, 1), ("equals", 5, 0), ("equals", 4, 1)]
)
def test_two_numbers_are_compared(check: str, calls: float, faults: int) -> None:
    held = context(value("CALLS", value=calls), value("MAIL", numerator=5, denominator=9))
    assert len(found(check, held, **OPERANDS)) == faults


@pytest.mark.parametrize(
    ("missing", "faults"), [("skip_if_any_missing", 0), ("skip_if_all_missing", 1), ("missing_is_zero", 1)]
)
def test_a_missing_number_does_what_the_rule_says(missing: str, faults: int) -> None:
    one_side = context(value("CALLS", value=4))
    assert len(found("at_most", one_side, missing=missing, **OPERANDS)) == faults
    assert found("at_most", context(), missing=missing, **OPERANDS) == []


def test_a_rule_keeps_quiet_on_forms_that_it_does_not_name() -> None:
    held = context(value("CALLS", value=-1))
    rule = Rule.model_validate(
        {
            "code": "R",
            "check": "non_negative",
            "severity": "error",
            "names": {"vi": "r", "en": "r"},
            "forms": ["ANNUAL"],
        }
    )
    assert list(run(rule, held)) == []
    annual: Form = held.plan.form("ANNUAL")
    assert len(list(run(rule, replace(held, form=annual)))) == 1
