"""Inspection rules that cannot be published, each told at its path with its remedy."""

from __future__ import annotations

from typing import Any

import pytest

from shared.plan.checks import SIGNALS
from shared.plan.expression.evaluate import EvaluationError
from shared.plan.expression.facts import ABOUT, FACTS, Fact, holds, named_in
from shared.plan.faults import PlanErrors
from shared.plan.load import plan_from_document
from shared.plan.model import Plan

Document = dict[str, Any]
FAR = 2


def faults(document: Document) -> dict[str, str]:
    with pytest.raises(PlanErrors) as caught:
        plan_from_document(document)
    return {fault.path: f"{fault.message} | {fault.hint}" for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("indicator > 3.0", "did you mean `indicators`?"),
        ("indicators", "not true or false"),
        ("indicators >", "a value is missing"),
        ("indicators > coverage + 1", "does not mix numbers with whole numbers"),
        ("peer_group > 3.0", "does not compare"),
        ("values.exists(i, i.value > 1.0)", "there is no name `values`"),
        ('v["A"].value > 1.0', "there is no name `v`"),
        ("days_overdue > 1.0", "there is no name `days_overdue`"),
        ("indicators > 1.0 " + "&& indicators > 1.0 " * 80, "longer than 1000 characters"),
    ],
)
def test_a_condition_is_checked_when_the_plan_is(document: Document, condition: str, says: str) -> None:
    document["inspection"][FAR]["condition"] = condition
    assert says in faults(document)["inspection[2].condition"]


def test_parameters_are_checked_by_signal(document: Document) -> None:
    rules = {rule["signal"]: rule for rule in document["inspection"]}
    at = {rule["signal"]: place for place, rule in enumerate(document["inspection"])}
    rules["security_incident"]["parameters"] = {"indicators": ["SEC-33"]}
    rules["two_in_a_row"]["parameters"] = {"at_least": 1}
    rules["outlier_peers"]["parameters"] = {"z": 0.5}
    rules["pace_at_risk"]["parameters"] = {"speed": 1}
    found = faults(document)
    assert "SEC-03" in found[f"inspection[{at['security_incident']}].parameters.indicators"]
    assert "at least 2" in found[f"inspection[{at['two_in_a_row']}].parameters.at_least"]
    assert "at least 1" in found[f"inspection[{at['outlier_peers']}].parameters.z"]
    assert "it takes pace, at_least" in found[f"inspection[{at['pace_at_risk']}].parameters.speed"]
    del rules["security_incident"]["parameters"]
    assert "needs the parameter `indicators`" in faults(document)[f"inspection[{at['security_incident']}].parameters"]


def test_one_chain_for_each_severity(document: Document) -> None:
    document["escalation"].append(document["escalation"][0])
    assert "has two chains" in faults(document)["escalation[2].severity"]


@pytest.mark.parametrize(
    ("key", "value"), [("points", 101), ("points", 1.5), ("cooldown_hours", -1), ("severity", "grave"), ("signal", "x")]
)
def test_a_rule_is_held_to_its_schema(document: Document, key: str, value: object) -> None:
    document["inspection"][0][key] = value
    assert any(path.startswith(f"inspection[0].{key}") for path in faults(document))


def test_every_signal_has_facts_and_parameters(mic: Plan) -> None:
    assert set(FACTS) == set(SIGNALS) == {rule.signal for rule in mic.inspection}
    for facts in FACTS.values():
        assert set(ABOUT) <= set(facts)
        assert set(facts.values()) <= {"number", "text", "truth"}


def test_the_default_plan_has_the_risk_points_of_its_source(mic: Plan) -> None:
    points = {rule.signal: rule.points for rule in mic.inspection}
    assert points["report_overdue"] == points["evidence_missing"] == 1
    assert (
        points["copied_report"] == points["band_fell"] == points["far_below_target"] == points["finding_overdue"] == 2
    )
    assert points["two_in_a_row"] == points["layers_differ"] == points["security_incident"] == 3


def test_what_a_condition_says() -> None:
    facts: dict[str, Fact] = {"unit": "U", "peer_group": "SO", "form": "F", "period": "2011-Q1", "days_overdue": 3.0}
    assert holds('days_overdue > 2.0 && peer_group in ["SO", "CUC"]', "report_overdue", facts) is True
    assert holds("days_overdue > 3.0", "report_overdue", facts) is False
    assert holds("returned > 0.0", "report_overdue", facts) is None
    assert named_in('form == "period" && explained', "copied_report") == ("form", "explained")
    with pytest.raises(EvaluationError):
        holds("1 / 0 > 1 || days_overdue > 2.0", "report_overdue", {**facts, "days_overdue": 1.0})
