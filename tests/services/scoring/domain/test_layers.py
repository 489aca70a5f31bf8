"""Self, appraised, final: what appraisers decide takes the place of what was reported, and both stay visible."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.sources import Accepted, Sources
from shared.plan.model import Plan
from tests.services.scoring.domain.test_inputs import owed
from tests.services.scoring.plans import goalposts, group, indicator, plan, quotient

NOW_MS = 100


def the_plan() -> Plan:
    leaves = [
        indicator("X", goalposts(0, 100), type="number", low=0, high=100),
        indicator("Y", goalposts(0, 100)),
        quotient("Q", {"kind": "official_ratio"}, type="ratio", scale=100),
        quotient("OT", {"kind": "official_ratio"}, computed_by="reports_on_time"),
    ]
    return plan(group("G", indicators=leaves))


def reported(unit: str, x: float, y: float, q: tuple[float, float] = (1, 4)) -> Accepted:
    values = [
        {"indicator": "X", "value": x},
        {"indicator": "Y", "value": y},
        {"indicator": "Q", "numerator": q[0], "denominator": q[1]},
    ]
    return Accepted(f"report-{unit}", f"obligation-{unit}-0", 1, False, 1, 1, values)


def sources(*appraised: Appraised) -> Sources:
    good: dict[str, Any] = {"outcome": "FULFILLED", "timeliness": "ON_TIME", "form": "F-ANNUAL"}
    ledger = tuple(owed(unit, **good) for unit in ("a", "b"))
    return Sources(ledger, (reported("a", 40, 80), reported("b", 20, 60)), appraised)


def row(unit: str, code: str, outcome: Any, *, revision: int = 1, **numbers: Any) -> Appraised:
    return Appraised(unit, code, outcome, revision, 50, **numbers)


def computed(*appraised: Appraised) -> Computation:
    return compute(the_plan(), "sha", 2011, sources(*appraised), NOW_MS)


def cells(computation: Computation, unit: str = "a") -> dict[str, Any]:
    content = computation.units()[computation.evaluation.cohort.position[unit]]
    return {cell["code"]: cell for cell in content["indicators"]}


def test_without_appraisals_the_layers_are_one_computation() -> None:
    computation = computed()
    assert computation.reported is computation.evaluation
    assert computation.appraised is None
    [a, _] = computation.units()
    assert a["layers"] == {"self": a["index"], "appraised": None, "final": a["index"]}
    assert not any(cell.get("appraised") for cell in a["indicators"])
    assert computed(row("elsewhere", "X", "rejected"), row("a", "NONE", "rejected")).appraised is None


def test_an_appraised_value_is_published_and_the_reported_one_stays_visible() -> None:
    computation = computed(row("a", "X", "value", value=100.0))
    plain = computed()
    a, b = computation.units()
    assert (cells(computation)["X"]["value"], cells(computation)["X"]["appraised"]) == (100.0, True)
    assert not cells(computation)["Y"].get("appraised")
    assert a["layers"]["self"] == plain.units()[0]["index"] < a["layers"]["final"] == a["index"]
    # X in full, and the platform's own count, which nobody appraises.
    assert a["layers"]["appraised"] == 1.0
    assert b["layers"] == {"self": b["index"], "appraised": None, "final": b["index"]}
    assert computation.layer("self") is computation.reported
    assert computation.layer("final") is computation.evaluation


@pytest.mark.parametrize(
    ("outcome", "status", "value", "final"),
    [
        ("confirmed", "observed", 40.0, (0.4 + 0.8 + 0.25 + 1) / 4),
        ("rejected", "not_reported", None, (0.8 + 0.25 + 1) / 4),
        ("not_applicable", "not_applicable", None, (0.8 + 0.25 + 1) / 3),
    ],
)
def test_each_outcome_has_its_meaning(outcome: str, status: str, value: float | None, final: float) -> None:
    computation = computed(row("a", "X", outcome))
    cell = cells(computation)["X"]
    assert (cell["status"], cell["value"], cell["appraised"]) == (status, value, True)
    assert computation.evaluation.full[0] == pytest.approx(final)


def test_the_newest_appraisal_of_a_criterion_counts_in_any_order() -> None:
    rows = [row("a", "X", "value", value=10.0), row("a", "X", "value", value=90.0, revision=2)]
    for held in (rows, rows[::-1]):
        assert cells(computed(*held))["X"]["value"] == 90.0
    assert computed(*rows).inputs_sha256 == computed(*rows[::-1]).inputs_sha256


def test_a_value_that_cannot_be_is_not_scored_whoever_gave_it() -> None:
    cell = cells(computed(row("a", "X", "value", value=130.0)))["X"]
    assert (cell["status"], cell["share"]) == ("invalid", None)


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"value": 50.0}, (2.0, 4.0)),
        ({"value": 50.0, "numerator": 3.0, "denominator": 6.0}, (3.0, 6.0)),
        ({"value": 50.0, "denominator": 8.0}, (4.0, 8.0)),
    ],
)
def test_an_appraised_quotient_has_parts_that_give_its_value(given: dict[str, Any], parts: tuple[float, float]) -> None:
    column = computed(row("a", "Q", "value", **given)).evaluation.leaves["Q"].column
    assert (column.numerator[0], column.denominator[0], column.value[0]) == (*parts, 50.0)


def test_every_appraisal_that_counts_changes_the_hash_and_the_instant_of_the_inputs() -> None:
    decisions = [(), (row("a", "X", "confirmed"),), (row("a", "X", "rejected"),), (row("b", "X", "confirmed"),)]
    assert len({computed(*rows).inputs_sha256 for rows in decisions}) == len(decisions)
    assert computed().as_of_ms < computed(replace(row("a", "X", "confirmed"), decided_at_ms=77)).as_of_ms == 77
