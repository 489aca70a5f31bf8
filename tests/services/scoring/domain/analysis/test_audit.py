"""The statistical audit, on matrices made by hand so that every verdict has its cause."""

from __future__ import annotations

import numpy as np
import pytest

from services.scoring.domain.analysis.audit import (
    Audit,
    AuditParameters,
    Check,
    checks,
    correlation,
    cronbach_alpha,
    first_component,
)
from services.scoring.domain.analysis.audit_wording import SENTENCES
from services.scoring.domain.analysis.variations import Case
from services.scoring.domain.cells import Floats
from services.scoring.domain.evaluate import evaluate
from tests.services.scoring.domain.analysis.cases import YEAR, case
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import goalposts, group, indicator, plan, quotient

UNITS = 40
CHANCE = np.random.default_rng(11)
BASE = np.linspace(5, 95, UNITS)
OTHER = CHANCE.permutation(BASE)


def near(row: Floats, noise: float) -> Floats:
    return np.clip(row + CHANCE.normal(0, noise, UNITS), 0.5, 99.5)


def audited(a: dict[str, Floats], b: dict[str, Floats]) -> list[Check]:
    made = plan(
        *(
            group(code, indicators=[indicator(name, goalposts(0, 100)) for name in rows])
            for code, rows in (("A", a), ("B", b))
        ),
        scoring={"aggregate": "arithmetic", "rank_within": "all", "missing": "reweight"},
    )
    inputs = matrix(made, {f"u{n:03}": "ALL" for n in range(UNITS)}, {**a, **b})
    return list(checks(evaluate(made, YEAR, inputs), {}))


def verdicts(found: list[Check], check: str, child: str = "") -> set[str]:
    return {one.verdict for one in found if one.check == check and child in ("", one.child)}


def test_figures_are_those_of_the_text_books() -> None:
    rows = CHANCE.normal(size=(4, UNITS)) + CHANCE.normal(size=UNITS)
    k, covariance = 4, np.atleast_2d(np.cov(rows))
    expected = k / (k - 1) * (1 - np.trace(covariance) / covariance.sum())
    assert cronbach_alpha(rows) == pytest.approx(expected)
    assert correlation(rows[0], rows[1]) == pytest.approx(np.corrcoef(rows[0], rows[1]).item(1))
    values = np.linalg.svd((rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True), compute_uv=False) ** 2
    assert first_component(rows) == pytest.approx(values[0] / values.sum())


def test_too_few_units_or_no_spread_say_nothing() -> None:
    assert correlation(np.arange(5.0), np.arange(5.0)) is None
    assert correlation(np.ones(UNITS), BASE) is None
    assert cronbach_alpha(BASE[None, :]) is None


def test_an_indicator_that_moves_against_its_group_is_a_trade_off() -> None:
    found = audited({"A1": near(BASE, 3), "A2": near(BASE, 3), "AGAINST": near(100 - BASE, 3)}, {"B1": OTHER})
    assert verdicts(found, "child_parent", "AGAINST") == {"opposite"}
    assert verdicts(found, "child_parent", "A1") == {"fine"}
    assert verdicts(found, "alpha") >= {"incoherent"}


def test_two_that_are_the_same_are_redundant() -> None:
    found = audited({"A1": BASE, "TWIN": near(BASE, 1), "A3": OTHER}, {"B1": OTHER})
    pairs = {(one.child, one.other) for one in found if one.verdict == "redundant"}
    assert ("A1", "TWIN") in pairs
    assert ("A1", "A3") not in pairs


def test_an_indicator_closer_to_another_group_is_misplaced() -> None:
    found = audited({"A1": BASE, "A2": near(BASE, 4), "LOST": near(OTHER, 4)}, {"B1": OTHER, "B2": near(OTHER, 4)})
    assert verdicts(found, "place", "LOST") == {"misplaced"}
    assert verdicts(found, "place", "A1") == {"fine"}


def test_an_indicator_without_spread_weighs_less_than_its_weight() -> None:
    found = audited({"WIDE": BASE, "NARROW": 50 + OTHER / 100}, {"B1": near(BASE, 30)})
    assert verdicts(found, "importance", "WIDE") == {"overweighs"}
    assert verdicts(found, "importance", "NARROW") == {"underweighs"}


def test_floors_caps_gaps_and_steps_are_told() -> None:
    gaps = BASE.copy()
    gaps[:20] = np.nan
    capped = np.where(np.arange(UNITS) < 20, 100.0, BASE)
    floored = np.where(np.arange(UNITS) < 20, 0.0, BASE)
    coarse = np.where(BASE > 50, 80.0, 20.0)
    found = audited({"GAPS": gaps, "CAPPED": capped, "FLOORED": floored}, {"COARSE": coarse, "B1": OTHER})
    assert verdicts(found, "missing", "GAPS") == {"mostly_missing"}
    assert verdicts(found, "cap", "CAPPED") == {"at_cap"}
    assert verdicts(found, "floor", "FLOORED") == {"at_floor"}
    assert verdicts(found, "distinct", "COARSE") == {"few_values"}
    assert (
        verdicts(found, "missing", "B1") == verdicts(found, "cap", "B1") == verdicts(found, "floor", "B1") == {"fine"}
    )


def test_scores_that_follow_the_size_of_the_unit_are_told() -> None:
    made = plan(
        group("A", indicators=[quotient("Q", goalposts(0, 1)), indicator("I", goalposts(0, 100))]),
        scoring={"aggregate": "arithmetic", "rank_within": "all"},
    )
    size = np.exp(np.linspace(3, 8, UNITS))
    inputs = matrix(
        made,
        {f"u{n:03}": "ALL" for n in range(UNITS)},
        {"I": OTHER},
        parts={"Q": (size * np.linspace(0.1, 0.9, UNITS), size)},
    )
    found = list(checks(evaluate(made, YEAR, inputs), {}))
    assert verdicts(found, "size", "Q") == {"size_effect"}


def test_posts_that_moved_since_the_last_final_are_told() -> None:
    made = plan(
        group(
            "A", indicators=[indicator("M", {"kind": "minmax", "posts": "current"}), indicator("I", goalposts(0, 100))]
        ),
        scoring={"aggregate": "arithmetic", "rank_within": "all"},
    )
    inputs = matrix(made, {f"u{n:03}": "ALL" for n in range(UNITS)}, {"M": BASE, "I": OTHER})
    evaluation = evaluate(made, YEAR, inputs)
    names = {one.other for one in checks(evaluation, evaluation.reference.posts)}
    assert {"low", "high"} <= names, "the posts are compared by their names"
    moved = {"M": {"": {"low": 5.0, "high": 50.0}}}
    found = [one for one in checks(evaluation, moved) if one.check == "posts"]
    assert {one.other: one.verdict for one in found} == {"low": "fine", "high": "posts_moved"}


def test_every_finding_has_a_sentence_in_both_languages() -> None:
    audit = Audit(case(units=60, missing=0.3), AuditParameters())
    found = audit.finish([])
    assert found.summary["checks"] == len(found.rows)
    for row in found.rows:
        assert row[-1].endswith(".")
        assert row[-2].endswith(".")
        assert "{" not in row[-1] + row[-2]
    troubled = [row[6] != "fine" for row in found.rows]
    assert troubled == sorted(troubled, reverse=True)
    assert found.summary["troubled"] == sum(troubled)
    assert all(vi != en for vi, en in SENTENCES.values())
    assert isinstance(audit, Audit)
    assert Case is not None
