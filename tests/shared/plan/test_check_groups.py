"""Faults of groups, weights, ranks and bands that would otherwise be found out when a year is scored."""

from __future__ import annotations

from typing import Any

import pytest

from shared.plan.check import incoherences
from shared.plan.faults import path_text
from shared.plan.groups import Comparison
from shared.plan.model import Plan
from shared.plan.pairwise import judged
from tests.services.scoring.plans import document, goalposts, group, indicator

BANDS = [
    {"code": code, "names": {"vi": code, "en": code}, "at_least": low}
    for code, low in (("A", 0.7), ("B", 0.4), ("C", 0))
]


def leaf(code: str, **fields: Any) -> dict[str, Any]:
    return indicator(code, goalposts(0, 1), **fields)


def findings(scoring: dict[str, Any], **fields: Any) -> list[tuple[str, str]]:
    """Of a plan with group G (A, B, C) and group H (D), by path; only what concerns the tree."""
    inside = [leaf("A"), leaf("B"), leaf("C"), indicator("NOTE", {"kind": "informational"}, weight=0)]
    groups = [group("G", indicators=inside) | fields, group("H", indicators=[leaf("D")])]
    built = document(*groups, peer_groups=("P", "Q"), scoring={"aggregate": "arithmetic", **scoring})
    found = incoherences(Plan.model_validate(built))
    return [(path_text(path), f"{says} ({hint})") for path, says, hint in found if path[0] in ("scoring", "groups")]


def pairs(*given: tuple[str, str, float]) -> dict[str, Any]:
    return {"kind": "pairwise", "comparisons": [{"first": a, "second": b, "times": t} for a, b, t in given]}


COMPLETE = [("A", "B", 2.0), ("B", "C", 2.0), ("A", "C", 4.0)]
OF_GROUP: list[tuple[dict[str, Any], str, str]] = [
    ({"aggregate": "owa"}, "groups[0]", "an order weight for each of the 3 children, there are 0"),
    ({"aggregate": "owa", "order_weights": [1, 1]}, "groups[0].order_weights", "3 children, there are 2"),
    ({"aggregate": "owa", "order_weights": [0, 0, 0]}, "groups[0].order_weights", "more than 0"),
    ({"order_weights": [1, 1, 1]}, "groups[0].order_weights", "arithmetic has no order weights"),
    ({"aggregate": "power"}, "groups[0]", "needs an exponent"),
    ({"power": 2.0}, "groups[0].power", "arithmetic has no exponent"),
    ({"aggregate": "power", "power": 1000.0}, "groups[0].power", "between -100 and 100"),
    ({"minimum_share": 0.2}, "groups[0].minimum_share", "no use for it"),
    ({"zero_policy": "shift"}, "groups[0].zero_policy", "no matter to arithmetic"),
    ({"aggregate": "geometric", "zero_policy": "error"}, "groups[0].zero_policy", "missing values score 0 here"),
    ({"min_children": 4}, "groups[0].min_children", "4 children are asked for, there are 3"),
    ({"coverage_by": "count"}, "groups[0].coverage_by", "no coverage is asked for"),
    ({"weighting": {"kind": "manual", "unit": "percent"}}, "groups[0].weighting", "sum to 3 %, not to 100 %"),
    (
        {"weighting": {"kind": "budget_allocation", "experts": [{"points": [50, 50]}]}},
        "groups[0].weighting.experts[0].points",
        "there are 3 children, the expert gives points to 2 (give points to A, B, C",
    ),
    (
        {"weighting": {"kind": "budget_allocation", "experts": [{"points": [50, 40, 5]}]}},
        "groups[0].weighting.experts[0].points",
        "sum to 95, not to 100",
    ),
    (
        {"weighting": pairs(*COMPLETE[:2])},
        "groups[0].weighting.comparisons",
        "1 pairs are not compared, such as A and C",
    ),
    ({"weighting": pairs(*COMPLETE, ("B", "A", 2.0))}, "groups[0].weighting.comparisons[3]", "compared twice"),
    ({"weighting": pairs(*COMPLETE, ("A", "A", 1.0))}, "groups[0].weighting.comparisons[3]", "with itself"),
    ({"weighting": pairs(*COMPLETE[:2], ("A", "X", 4.0))}, "groups[0].weighting.comparisons[2].second", "no child `X`"),
    ({"weighting": pairs(*COMPLETE[:2], ("A", "C", 10.0))}, "groups[0].weighting.comparisons[2].times", "1/9 to 9"),
    ({"weighting": pairs(*COMPLETE[:2], ("A", "C", 0.25))}, "groups[0].weighting.comparisons", "consistency ratio"),
    (
        {"aggregate": "points", "weight": 3.0, "weighting": {"kind": "equal"}},
        "groups[0].weighting",
        "points are declared",
    ),
    ({"indicators": [leaf("A")], "weighting": {"kind": "pca"}}, "groups[0].weighting", "there is one"),
    ({"code": "A"}, "groups[0].code", "`A` is a group and an indicator"),
]


@pytest.mark.parametrize(("fields", "path", "says"), OF_GROUP, ids=[f"{n}" for n in range(len(OF_GROUP))])
def test_a_fault_of_a_group_is_told_at_its_path(fields: dict[str, Any], path: str, says: str) -> None:
    found = findings({}, **fields)
    assert any(where == path and says in what for where, what in found), found


OF_SCORING: list[tuple[dict[str, Any], str, str]] = [
    ({"tie_break": ["X"]}, "scoring.tie_break[0]", "no group or indicator `X`"),
    ({"tie_break": ["NOTE"]}, "scoring.tie_break[0]", "no group or indicator `NOTE`"),
    ({"tie_break": ["G", "A", "G"]}, "scoring.tie_break[2]", "used twice"),
    ({"bands_from": "quantile"}, "scoring.bands_from", "at least two bands"),
    ({"bands": BANDS, "band_guardrail": 0.1}, "scoring.band_guardrail", "fixed cuts do not move"),
    ({"band_hysteresis": 0.1}, "scoring.band_hysteresis", "there are no bands"),
    ({"bands": BANDS, "band_hysteresis": 0.35}, "scoring.band_hysteresis", "narrowest band is 0.3 wide"),
    ({"confidence": {"grades": [0.5, 0.75, 0.6]}}, "scoring.confidence.grades", "must fall"),
    (
        {"rank_within": "all", "weight_sets": [{"peer_groups": ["P"], "weights": {"G": 2}}]},
        "scoring.rank_within",
        "cannot be ranked with the others",
    ),
    ({"weight_sets": [{"peer_groups": ["X"], "weights": {"G": 2}}]}, "scoring.weight_sets[0].peer_groups[0]", "`X`"),
    (
        {"weight_sets": [{"peer_groups": ["P"], "weights": {"G": 2}}, {"peer_groups": ["P"], "weights": {"G": 3}}]},
        "scoring.weight_sets[1].peer_groups[0]",
        "`P` is in two sets",
    ),
    ({"weight_sets": [{"peer_groups": ["P"], "weights": {"X": 2}}]}, "scoring.weight_sets[0].weights.X", "`X`"),
    (
        {"weight_sets": [{"peer_groups": ["P"], "weights": {"G": 0, "H": 0}}]},
        "scoring.weight_sets[0].weights",
        "no weight remains in the index",
    ),
    (
        {"weighting": {"kind": "entropy"}, "weight_sets": [{"peer_groups": ["P"], "weights": {"G": 2}}]},
        "scoring.weight_sets[0].weights.G",
        "its siblings have weights from entropy",
    ),
]


@pytest.mark.parametrize(("scoring", "path", "says"), OF_SCORING, ids=[f"{n}" for n in range(len(OF_SCORING))])
def test_a_fault_of_the_scoring_section_is_told_at_its_path(scoring: dict[str, Any], path: str, says: str) -> None:
    found = findings(scoring)
    assert any(where == path and says in what for where, what in found), found


def test_all_weights_of_the_index_being_zero_is_told() -> None:
    built = document(group("G", weight=0, indicators=[leaf("A")]))
    told = [says for path, says, _ in incoherences(Plan.model_validate(built)) if path == ("scoring",)]
    assert told == ["all weights inside are 0, so there is nothing to count"]


def test_places_cannot_stand_under_points() -> None:
    places = group("G", aggregate="borda", weight=100, indicators=[leaf("A")])
    built = document(places, scoring={"aggregate": "points"})
    told = [path_text(path) for path, says, _ in incoherences(Plan.model_validate(built)) if "not points" in says]
    assert told == ["groups[0].aggregate"]


def test_points_of_a_set_must_agree_with_their_group() -> None:
    inside = group("G", aggregate="points", weight=100, indicators=[leaf("A", weight=60), leaf("B", weight=40)])
    sets = [{"peer_groups": ["ALL"], "weights": {"A": 70}}]
    built = document(inside, scoring={"aggregate": "points", "weight_sets": sets})
    told = [
        says for path, says, _ in incoherences(Plan.model_validate(built)) if path[:2] == ("scoring", "weight_sets")
    ]
    assert told == ["in this set the points inside G sum to 110, it has 100"]
    sets[0]["weights"]["B"] = 30  # type: ignore[index]
    built = document(inside, scoring={"aggregate": "points", "weight_sets": sets})
    assert not [path for path, _, _ in incoherences(Plan.model_validate(built)) if path[0] == "scoring"]


def test_a_tree_with_everything_in_order_is_accepted() -> None:
    scoring = {
        "tie_break": ["G", "D"],
        "bands": BANDS,
        "bands_from": "clusters",
        "band_guardrail": 0.05,
        "band_hysteresis": 0.02,
        "weight_sets": [{"peer_groups": ["P"], "weights": {"G": 2.0, "A": 3.0}}],
    }
    assert findings(scoring) == []
    assert findings({}, aggregate="owa", order_weights=[3, 2, 1]) == []
    assert findings({}, aggregate="power", power=0.5, zero_policy="floor") == []
    assert findings({}, weighting=pairs(*COMPLETE)) == []
    assert findings({"missing": "reweight"}, aggregate="geometric", zero_policy="error") == []


def test_weights_of_consistent_judgements_are_their_ratios() -> None:
    made = [Comparison(first=a, second=b, times=t) for a, b, t in COMPLETE]
    found = judged(["A", "B", "C"], made)
    assert found.weights == pytest.approx((4 / 7, 2 / 7, 1 / 7), abs=1e-12)
    assert found.inconsistency == pytest.approx(0, abs=1e-12)


def test_weights_of_judgements_that_contradict_each_other_are_those_of_the_textbook() -> None:
    """Saaty (1980), three things: 3, 5 and 3 times; weights .637, .258, .105, consistency ratio 0.033."""
    made = [Comparison(first=a, second=b, times=t) for a, b, t in (("A", "B", 3.0), ("A", "C", 5.0), ("B", "C", 3.0))]
    found = judged(["A", "B", "C"], made)
    assert found.weights == pytest.approx((0.637, 0.258, 0.105), abs=5e-4)
    assert found.inconsistency == pytest.approx(0.033, abs=5e-4)
