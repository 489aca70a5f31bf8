"""What was reported, what an appraiser decided and why, and what counts: side by side. And what was put in place."""

from __future__ import annotations

from typing import Any

import pytest

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.explain import Note, explain
from services.scoring.domain.sources import Sources
from shared.plan.model import Plan
from tests.services.scoring.domain.test_inputs import accepted, owed
from tests.services.scoring.plans import goalposts, group, indicator, quotient
from tests.services.scoring.plans import plan as plan_of


def plan(**fields: Any) -> Plan:
    one = indicator("X", goalposts(0, 100), type="count", frequency="quarterly", **fields)
    return plan_of(group("G", indicators=[one]))


def computation(of: Plan, *appraised: Appraised, values: dict[str, float]) -> Computation:
    units = ("a", "b", "c")
    sources = Sources(
        tuple(owed(unit) for unit in units), tuple(accepted(unit, value) for unit, value in values.items()), appraised
    )
    return compute(of, "sha", 2011, sources, 100)


def why(held: Computation, unit: str, notes: dict[str, Note] | None = None) -> dict[str, Any]:
    told = explain(held.evaluation, held.sources, unit, now_ms=held.now_ms, reported=held.reported, notes=notes)
    return {**told, "X": told["indicators"][0]}


def test_an_appraised_value_stands_beside_the_reported_one_with_its_reason() -> None:
    decided = Appraised("a", "X", "value", revision=2, decided_at_ms=50, value=40.0)
    held = computation(plan(), decided, values={"a": 60.0, "b": 50.0})
    told = why(held, "a", {"X": Note("số liệu chưa có chứng cứ", "appraiser-1")})
    layers = told["X"]["layers"]
    assert (layers["self"], layers["final"]) == ({"value": 60, "share": 0.6}, {"value": 40, "share": 0.4})
    assert layers["is_appraised"] is True
    assert (layers["appraised"]["outcome"], layers["appraised"]["value"]) == ("value", 40)
    assert (layers["appraised"]["reason"], layers["appraised"]["by"]) == ("số liệu chưa có chứng cứ", "appraiser-1")
    assert told["layers"] == {"self": 0.6, "final": 0.4}
    other = why(held, "b")["X"]["layers"]
    assert (other["appraised"], other["is_appraised"], other["self"] == other["final"]) == (None, False, True)


def test_a_value_that_was_put_in_place_names_the_rule() -> None:
    told = why(computation(plan(missing="group_mean"), values={"a": 60.0, "b": 50.0}), "c")["X"]
    assert (told["status"], told["value"]) == ("imputed", pytest.approx(55))
    assert told["imputation"] == {"policy": "group_mean", "age_years": None, "share": None}
    floor = why(computation(plan(missing="floor"), values={"a": 60.0, "b": 50.0}), "c")["X"]
    assert floor["imputation"] == {"policy": "floor", "age_years": None, "share": pytest.approx(0.51)}
    assert (floor["value"], floor["share_formula"], floor["share"]) == (None, None, pytest.approx(0.51))
    assert why(computation(plan(), values={"a": 60.0}), "a")["X"]["imputation"] is None


def test_what_lies_beyond_its_scale_is_called_clipped_and_what_exceeds_its_target_counted() -> None:
    held = computation(plan(low=-500.0), values={"a": 130.0, "b": -5.0, "c": 30.0})
    assert [why(held, unit)["X"]["clipped"] for unit in "abc"] == ["best", "worst", None]
    target = plan_of(
        group(
            "G",
            indicators=[
                indicator("X", {"kind": "linear_to_target"}, type="count", frequency="quarterly", targets={2011: 100})
            ],
        )
    )
    told = why(computation(target, values={"a": 125.0, "b": 100.0}), "a")["X"]
    assert (told["share"], told["over_achievement"], told["clipped"]) == (1, 0.25, "best")
    assert told["posts"] == {"target": 100, "cap": 1}
    assert why(computation(target, values={"a": 125.0, "b": 100.0}), "b")["X"]["over_achievement"] is None


def test_the_sentence_of_the_manual() -> None:
    one = quotient(
        "X",
        {"kind": "linear_to_target"},
        scale=100,
        weight=6,
        frequency="quarterly",
        targets={2011: 80},
    )
    of = plan_of(group("G", aggregate="points", weight=6, indicators=[one]), scoring={"aggregate": "points"})
    values = [{"indicator": "X", "status": "reported", "numerator": 45, "denominator": 60}]
    report = accepted("a", 0.0)
    sources = Sources((owed("a"),), (type(report)(report.report, report.obligation, 1, False, 1, 1, values),))
    told = why(compute(of, "sha", 2011, sources, 100), "a")["X"]
    assert told["sentence"] == {
        "vi": "100 x 45 / 60 = 75 so với chỉ tiêu 80 đạt 0,9375 của 6 điểm: 5,63.",
        "en": "100 x 45 / 60 = 75 against the target 80 gives 0.9375 of 6 points: 5.63.",
    }
    assert told["points"] == 5.625
