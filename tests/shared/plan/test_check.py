"""Coherence: one broken reference at a time, told at its path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.plan.checks import CHECKS, SIGNALS, parameters_of
from shared.plan.load import PlanErrors, load_plan, plan_from_document

Document = dict[str, Any]


def put(*path: Any, value: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        here: Any = document
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = value

    return change


def add(*path: Any, item: Callable[[Document], Any]) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        here: Any = document
        for key in path:
            here = here[key]
        here.append(item(document))

    return change


def monthly(document: Document) -> None:
    document["forms"][0]["frequency"] = "monthly"


def opens_late(document: Document) -> None:
    document["forms"][0].update(regime="TT02-2023", tier="reporter_to_unit", open_days_before_close=0)


def at_most(**given: str | None) -> Callable[[Document], None]:
    operands = {"left": "SVC-04.value", "right": "SVC-03.numerator", **given}
    parameters = {side: operand for side, operand in operands.items() if operand is not None}

    def change(document: Document) -> None:
        document["validation"][0] |= {"check": "at_most", "parameters": parameters}

    return change


FAULTS: list[tuple[Callable[[Document], None], str, str]] = [
    (add("groups", item=lambda d: d["groups"][0]), "groups[7].code", "`INF` is used twice"),
    (put("groups", 0, "indicators", 1, "code", value="INF-01"), "groups[0].indicators[1].code", "used twice"),
    (add("peer_groups", item=lambda d: d["peer_groups"][0]), "peer_groups[4].code", "`VU` is used twice"),
    (add("ladders", item=lambda d: d["ladders"][0]), "ladders[1].code", "`DEFAULT` is used twice"),
    (put("ladders", 0, "rungs", 1, "code", value="R-7"), "ladders[0].rungs[1].code", "`R-7` is used twice"),
    (put("validation", 1, "code", value="V01"), "validation[1].code", "`V01` is used twice"),
    (put("scoring", "bands", 1, "code", value="TOT"), "scoring.bands[1].code", "`TOT` is used twice"),
    (put("digests", 1, "audience", value="operations"), "digests[1].audience", "`operations` is used twice"),
    (put("time_zone", value="Asia/Hanoi"), "time_zone", "unknown time zone 'Asia/Hanoi'"),
    (put("holidays", "country", value="ZZ"), "holidays.country", "no holidays are known for country 'ZZ'"),
    (
        put("holidays", value={"extra_days_off": ["2011-05-05"], "swapped_working_days": ["2011-05-05"]}),
        "holidays",
        "2011-05-05 is both a day off and a working day",
    ),
    (put("standing_body", value="Trung tâm"), "standing_body", "is not the code of a unit"),
    (put("effective", "last", value="2199-01-01"), "effective", "100 years at most"),
    (put("effective", "last", value="9999-12-31"), "effective", "in force between 1900 and 2200"),
    (put("scoring", "scale_max", value=100), "scoring.scale_max", "the groups have 1000 points in all"),
    (
        put("groups", 0, "indicators", 0, "applies_to", value=["VY"]),
        "groups[0].indicators[0].applies_to[0]",
        "there is no peer group `VY`",
    ),
    (
        put("groups", 0, "indicators", 0, "targets", value={"2011": 85, "2013": 90}),
        "groups[0].indicators[0].targets",
        "no target for 2012, 2014, 2015",
    ),
    (
        put("groups", 0, "indicators", 0, "target_overrides", value=[{"unit": "STTTT-01", "targets": {"2012": -1}}]),
        "groups[0].indicators[0].target_overrides[0].targets.2012",
        "linear_to_target needs targets >= 0",
    ),
    (
        put("groups", 0, "indicators", 0, "target_overrides", value=[{"unit": "VP", "targets": {"2012": 1}}] * 2),
        "groups[0].indicators[0].target_overrides[1].unit",
        "`VP` is used twice",
    ),
    (
        put("groups", 0, "indicators", 0, "frequency", value="monthly"),
        "groups[0].indicators[0]",
        "the indicator INF-01 is on no form",
    ),
    (
        add("forms", item=lambda d: {**d["forms"][0], "code": "AGAIN"}),
        "groups[0].indicators[0]",
        "on several forms: QUARTERLY, AGAIN",
    ),
    (put("forms", 0, "indicators", value=["INF-99"]), "forms[0].indicators[0]", "there is no indicator `INF-99`"),
    (put("forms", 0, "indicators", value=["DIR-04"]), "forms[0].indicators[0]", "DIR-04 is computed by us"),
    (
        put("forms", 0, "indicators", value=["INF-03"]),
        "forms[0].indicators[0]",
        "INF-03 is annual, the form is quarterly",
    ),
    (put("forms", 0, "applies_to", value=["X"]), "forms[0].applies_to[0]", "there is no peer group `X`"),
    (put("forms", 0, "ladder", value="DEFALT"), "forms[0].ladder", "there is no ladder `DEFALT`"),
    (put("forms", 0, "regime", value="ND10"), "forms[0].regime", "there is no regime `ND10`"),
    (put("forms", 0, "tier", value="unit_to_moon"), "forms[0].tier", "no tier of regime ND09 `unit_to_moon`"),
    (put("regimes", 0, "periods", value={}), "forms[0].frequency", "does not say what a quarterly period is"),
    (
        put("regimes", 0, "deadlines", "unit_to_standing_body", value={}),
        "forms[0].tier",
        "has no quarterly deadline for tier unit_to_standing_body",
    ),
    (monthly, "forms[0]", "no indicator is monthly, so the form is empty"),
    (opens_late, "forms[0].open_days_before_close", "in 2011-Q1 the form is due before it opens"),
    (put("forms", 0, "lock_days", value=1), "forms[0].lock_days", "in 2011-Q1 the form locks before its grace ends"),
    (
        put("regimes", 0, "periods", "quarterly", "first", value={"month": 9, "day": 1}),
        "forms[0]",
        "in 2011-Q1 the period ends before it begins",
    ),
    (put("validation", 0, "check", value="not_negative"), "validation[0].check", "there is no check `not_negative`"),
    (put("validation", 0, "forms", value=["YEARLY"]), "validation[0].forms[0]", "there is no form `YEARLY`"),
    (at_most(right=None), "validation[0].parameters", "`at_most` needs the parameter `right`"),
    (at_most(left="SVC-04.numerator"), "validation[0].parameters.left", "SVC-04 has no numerator"),
    (at_most(left="SVC-03"), "validation[0].parameters.left", "'SVC-03' is not a number of a report"),
    (at_most(left="SVC-33.value"), "validation[0].parameters.left", "there is no indicator `SVC-33`"),
    (
        put("validation", 8, "parameters", value={"against": "last_year"}),
        "validation[8].parameters.against",
        "'last_year' is not one of previous_in_year, year_before",
    ),
    (
        put("validation", 10, "parameters", "indicators", value=[]),
        "validation[10].parameters.indicators",
        "must be a list of indicator codes",
    ),
    (
        put("inspection", 2, "parameters", "share", value=50),
        "inspection[2].parameters.share",
        "must be at most 1",
    ),
    (
        put("inspection", 2, "parameters", "atleast", value=5),
        "inspection[2].parameters.atleast",
        "`far_below_target` has no parameter `atleast`",
    ),
    (
        put("digests", 2, "schedules", 0, "form", value="QUARTER"),
        "digests[2].schedules[0].form",
        "there is no form `QUARTER`",
    ),
]


@pytest.mark.parametrize(("change", "path", "message"), FAULTS, ids=[f"{path}-{text[:30]}" for _, path, text in FAULTS])
def test_what_does_not_fit_together_is_told_at_its_path(
    document: Document, change: Callable[[Document], None], path: str, message: str
) -> None:
    change(document)
    with pytest.raises(PlanErrors) as caught:
        plan_from_document(document)
    said = {fault.path: fault.message for fault in reversed(caught.value.faults)}
    assert path in said
    assert message in said[path]


def test_a_fault_of_coherence_has_the_line_of_its_yaml(mic_text: str) -> None:
    line = mic_text.splitlines().index("    ladder: DEFAULT") + 1
    with pytest.raises(PlanErrors) as caught:
        load_plan(mic_text.replace("    ladder: DEFAULT", "    ladder: DEFAULTS", 1))
    (fault,) = caught.value.faults
    assert str(fault) == f"line {line}: forms[0].ladder: there is no ladder `DEFAULTS` (did you mean `DEFAULT`?)"


def test_an_open_ended_plan_needs_targets_for_its_first_year(document: Document) -> None:
    document["effective"]["last"] = None
    for group in document["groups"]:
        for indicator in group["indicators"]:
            indicator["targets"] = {"2011": indicator["targets"]["2011"]} if indicator["targets"] else {}
    assert plan_from_document(document).effective.last is None


def test_two_forms_may_share_an_indicator_when_no_unit_owes_both(document: Document) -> None:
    quarterly = document["forms"][0]
    document["forms"].append({**quarterly, "code": "PROVINCIAL", "applies_to": ["SO"]})
    quarterly["applies_to"] = ["VU", "CUC", "DVSN"]
    assert len(plan_from_document(document).forms) == 3


def test_parameters_that_are_not_given_have_their_defaults(document: Document) -> None:
    plan = plan_from_document(document)
    rules = {rule.code: rule for rule in plan.validation}
    assert parameters_of(rules["V06"]) == {"indicators": (), "time": "cumulative_ytd", "against": "previous_in_year"}
    assert parameters_of(rules["V10"]) == {"at_least": 2.0}
    assert parameters_of(plan.inspection[2]) == {"share": 0.5, "at_least": 5.0}
    assert parameters_of(plan.inspection[0]) == {}


def test_the_default_plan_names_every_check_that_it_does_not_write_as_an_expression(document: Document) -> None:
    written = {"at_most", "equals", "same_denominator", "exact_targets"}
    assert {rule["check"] for rule in document["validation"]} - {None} == set(CHECKS) - written
    assert {rule["signal"] for rule in document["inspection"]} == set(SIGNALS)
