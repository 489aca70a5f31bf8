"""Configuration errors of methods and indicators: refused at publication with path, fault and remedy."""

from __future__ import annotations

from typing import Any

import pytest

from shared.plan.load import PlanErrors, plan_from_document

NAMES = {"vi": "Tên", "en": "Name"}

Document = dict[str, Any]
PATH = "groups[0].indicators[0]"
POSTS = {"kind": "min_max_goalposts", "low": 0, "high": 10}
STEPS = {"kind": "steps", "steps": [{"at_least": 1, "share": 0.2}, {"at_least": 5, "share": 0.9}]}
KNOTS = {"kind": "piecewise", "knots": [{"value": 1, "share": 0.2}, {"value": 5, "share": 0.9}]}
OPTIMUM = {"kind": "optimum", "low": 0, "first": 4, "last": 5, "high": 9}
LEVELS = {"kind": "level_map", "levels": [{"level": n, "share": n / 3, "names": NAMES} for n in (0, 1, 3)]}
QUOTIENT = {"type": "rate", "numerator": NAMES, "denominator": NAMES}
TARGETS = {f"{year}": 8 for year in range(2011, 2016)}


def changed(document: Document, fields: dict[str, Any], scoring: dict[str, Any] | None = None) -> Document:
    """The plan with its first indicator made a plain number with these fields."""
    plain: dict[str, Any] = {
        "type": "number", "numerator": None, "denominator": None, "direction": "higher", "targets": {},
        "target_overrides": [], "low": None, "high": None, "allow_over_100": False,
    }  # fmt: skip
    document["groups"][0]["indicators"][0] |= {**plain, "method": POSTS, **fields}
    document["scoring"] |= scoring or {}
    document["validation"], document["inspection"] = [], []
    return document


def faults(document: Document) -> list[tuple[str, str, str | None]]:
    with pytest.raises(PlanErrors) as caught:
        plan_from_document(document)
    return [(fault.path, fault.message, fault.hint) for fault in caught.value.faults]


CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "goalposts equal": ({"method": {**POSTS, "high": 0}}, ".method", "low must be less than high"),
    "goalposts the wrong way round": ({"method": {**POSTS, "low": 11}}, ".method", "low must be less than high"),
    "logarithmic goalposts from 0": ({"method": {**POSTS, "log": True}}, ".method", "log goalposts need low > 0"),
    "target equals the baseline": (
        {"method": {"kind": "target", "baseline": 8}, "targets": TARGETS},
        ".targets.2011",
        "the target equals `baseline`, 8",
    ),
    "target equals the worst": (
        {"method": {"kind": "target", "worst": 8}, "targets": TARGETS, "direction": "lower"},
        ".targets.2011",
        "the target equals `worst`, 8",
    ),
    "target on the wrong side": (
        {"method": {"kind": "target", "baseline": 9}, "targets": TARGETS},
        ".targets.2011",
        "the target 8 is on the wrong side of `baseline`, 9",
    ),
    "target on the wrong side where lower is better": (
        {"method": {"kind": "target", "worst": 7}, "targets": TARGETS, "direction": "lower"},
        ".targets.2011",
        "the target 8 is on the wrong side of `worst`, 7",
    ),
    "target of one unit on the wrong side": (
        {
            "method": {"kind": "target", "baseline": 1},
            "targets": TARGETS,
            "target_overrides": [{"unit": "VP", "targets": {"2012": 0}}],
        },
        ".target_overrides[0].targets.2012",
        "the target 0 is on the wrong side of `baseline`, 1",
    ),
    "target without worst": (
        {"method": {"kind": "target"}, "targets": TARGETS, "direction": "lower"},
        ".method",
        "target needs `worst` where lower is better",
    ),
    "worst where higher is better": (
        {"method": {"kind": "target", "worst": 9}, "targets": TARGETS},
        ".method.worst",
        "`worst` belongs to what is better lower",
    ),
    "target without targets": ({"method": {"kind": "target"}}, "", "target needs targets by year"),
    "steps not increasing": (
        {"method": {**STEPS, "steps": STEPS["steps"][::-1]}},
        ".method.steps",
        "steps must be listed by strictly increasing `at_least`",
    ),
    "steps that fall": (
        {"method": {"kind": "steps", "steps": [{"at_least": 1, "share": 0.5}, {"at_least": 2, "share": 0.4}]}},
        ".method.steps[1].share",
        "the share 0.4 is less than that of the worse step, 0.5",
    ),
    "steps that fall below the first": (
        {"method": {**STEPS, "below": 0.3}},
        ".method.steps[0].share",
        "the share 0.2 is less than that of the worse step, 0.3",
    ),
    "steps that rise where lower is better": (
        {"method": STEPS, "direction": "lower"},
        ".method.steps[0].share",
        "the share 0.2 is less than that of the worse step, 0.9",
    ),
    "knots not increasing": (
        {"method": {**KNOTS, "knots": KNOTS["knots"][::-1]}},
        ".method",
        "knots must be listed by strictly increasing `value`",
    ),
    "knots that rise where lower is better": (
        {"method": KNOTS, "direction": "lower"},
        ".method.knots",
        "lower is better, but the shares of the knots rise",
    ),
    "knots of one share": (
        {"method": {"kind": "piecewise", "knots": [{"value": 1, "share": 0.5}, {"value": 2, "share": 0.5}]}},
        ".method.knots",
        "every knot has the same share",
    ),
    "optimum out of order": (
        {"method": {**OPTIMUM, "first": 6}},
        ".method",
        "an optimum needs low < first <= last < high",
    ),
    "optimum with direction lower": (
        {"method": OPTIMUM, "direction": "lower"},
        ".direction",
        "an optimum falls on both sides",
    ),
    "missing code in a level map": (
        {"method": LEVELS, "type": "level", "low": 0, "high": 4},
        ".method.levels",
        "no share for level 2, 4",
    ),
    "code beyond the believed levels": (
        {"method": LEVELS, "type": "level", "low": 0, "high": 2},
        ".method.levels[2].level",
        "level 3 lies outside of what is believed",
    ),
    "levels without end": (
        {"method": LEVELS, "type": "level", "low": 0, "high": 1e9},
        ".method.levels",
        "a level map has 1000 levels at most",
    ),
    "level map of a quotient": ({"method": LEVELS, **QUOTIENT}, ".method.kind", "a rate has no levels"),
    "yes or no on a scale": ({"type": "boolean"}, ".method.kind", "min_max_goalposts cannot score a yes or no"),
    "number as yes or no": ({"method": {"kind": "boolean"}}, ".method.kind", "a number is not a yes or no"),
    "logarithm of levels": (
        {"type": "level", "method": {**POSTS, "low": 1, "log": True}},
        ".method.log",
        "levels have no logarithm",
    ),
    "official ratio of a number": ({"method": {"kind": "official_ratio"}}, "", "official_ratio needs numerator"),
    "shrinking a number": ({"shrink_by": 5}, ".shrink_by", "`shrink_by` is about quotients"),
    "least denominator of a number": ({"min_denominator": 5}, ".min_denominator", "`min_denominator` is about"),
    "flagging what is suppressed": (
        {**QUOTIENT, "min_denominator": 10, "small_denominator": 10},
        ".small_denominator",
        "nothing is left to flag below 10",
    ),
    "robust and treated": (
        {"method": {"kind": "minmax", "robust": True, "outliers": "treat"}},
        ".method",
        "`robust` and `outliers: treat` exclude each other",
    ),
    "mean of levels": (
        {"method": LEVELS, "type": "level", "missing": "group_mean"},
        ".missing",
        "`group_mean` may give a value between two levels",
    ),
    "median of answers": (
        {"method": {"kind": "boolean"}, "type": "boolean", "missing": "group_median"},
        ".missing",
        "`group_median` may give a value between two answers",
    ),
    "line through one year": ({"missing": "linear"}, ".missing", "`linear` needs two earlier years"),
    "believed range the wrong way round": ({"low": 5, "high": 4}, "", "low must not exceed high"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_computed_is_refused(document: Document, case: str) -> None:
    fields, path, message = CASES[case]
    found = {where: (says, hint) for where, says, hint in faults(changed(document, fields))}
    assert PATH + path in found
    assert found[PATH + path][0].startswith(message) or message in found[PATH + path][0]


FINE: dict[str, dict[str, Any]] = {
    "steps": {"method": STEPS},
    "falling steps where lower is better": {
        "method": {"kind": "steps", "steps": [{"at_least": 1, "share": 0.9}, {"at_least": 5, "share": 0.2}]},
        "direction": "lower",
    },
    "any order": {"method": {**STEPS, "any_order": True}, "direction": "lower"},
    "optimum": {"method": OPTIMUM, "direction": "none"},
    "knots": {"method": KNOTS},
    "target": {"method": {"kind": "target", "baseline": -3, "cap": 1.2}, "targets": TARGETS},
    "target, lower": {"method": {"kind": "target", "worst": 9}, "targets": TARGETS, "direction": "lower"},
    "shrunk": {**QUOTIENT, "min_denominator": 5, "small_denominator": 30, "shrink_by": 10},
    "carried level": {"method": {"kind": "level_map", "levels": LEVELS["levels"][:2]}, "type": "level", "low": 0,
                      "high": 1, "missing": "carry"},
    **{kind: {"method": {"kind": kind}} for kind in ("minmax", "zscore", "percentile", "borda")},
}  # fmt: skip


@pytest.mark.parametrize("case", FINE)
def test_what_can_be_computed_is_published(document: Document, case: str) -> None:
    assert plan_from_document(changed(document, FINE[case])).indicators()[0].code == "INF-01"


def test_an_inherited_policy_is_told_where_it_does_not_fit(document: Document) -> None:
    document["scoring"] |= {"missing": "group_mean"}
    wrong = {path: hint for path, message, hint in faults(document) if "`group_mean`" in message}
    whole = plan_document_indicators(document)
    assert set(wrong) == {f"{path}.missing" for path, leaf in whole if leaf["type"] in ("level", "boolean")}
    assert all(hint and "write `missing: carry`" in hint for hint in wrong.values())


def plan_document_indicators(document: Document) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"groups[{g}].indicators[{i}]", leaf)
        for g, group in enumerate(document["groups"])
        for i, leaf in enumerate(group["indicators"])
    ]


def test_two_years_back_are_enough_for_a_line(document: Document) -> None:
    assert plan_from_document(changed(document, {"missing": "linear"}, {"carry_years_max": 2}))
