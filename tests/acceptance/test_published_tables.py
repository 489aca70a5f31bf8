"""The engine reproduces published indices from their published inputs. Sources: `data/README.md`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.scoring.domain.cells import Floats
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.rank import ranking
from services.scoring.domain.rounding import half_up
from services.scoring.domain.tree import Node, walk
from shared.plan.model import Plan
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import goalposts, group, indicator, plan

pytestmark = pytest.mark.acceptance

DATA = Path(__file__).parent / "data"


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column(table: list[dict[str, str]], name: str) -> Floats:
    return np.array([float(row[name]) for row in table])


def hdi_plan() -> Plan:
    """UNDP, technical note 1: three dimensions, geometric mean; schooling is the mean of two shares."""
    schooling = [indicator("EYS", goalposts(0, 18)), indicator("MYS", goalposts(0, 15))]
    return plan(
        group("HEALTH", indicators=[indicator("LE", goalposts(20, 85))]),
        group("KNOWLEDGE", indicators=schooling),
        group("INCOME", indicators=[indicator("GNIPC", goalposts(100, 75_000, log=True))]),
        scoring={"aggregate": "geometric", "decimals": 3, "missing": "missing", "rank_within": "all"},
    )


def hdi(year: str) -> tuple[Evaluation, Floats]:
    table = sorted((row for row in rows("hdi-1990-2022.csv") if row["year"] == year), key=lambda row: row["iso3"])
    values = {code: column(table, code.lower()) for code in ("LE", "EYS", "MYS", "GNIPC")}
    computed = evaluate(hdi_plan(), int(year), matrix(hdi_plan(), {row["iso3"]: "ALL" for row in table}, values))
    return computed, column(table, "hdi")


def test_all_human_development_indices_of_33_years_agree_to_the_published_decimal() -> None:
    seen = 0
    for year in range(1990, 2023):
        computed, published = hdi(str(year))
        np.testing.assert_array_equal(computed.published, published)
        seen += len(published)
    assert seen == 5808


def test_ranks_of_2022_are_competition_ranks_on_the_published_index() -> None:
    computed, published = hdi("2022")
    expected = [1 + int((published > own).sum()) for own in published]
    assert computed.ranking.rank.tolist() == expected
    assert len(set(expected)) < len(expected), "the table has ties, or this test shows nothing"


def asem_plan(aggregate: str, *, raw: bool = False) -> Plan:
    """The hierarchy of meta.csv. Normalised values 1-100 enter by fixed goalposts 0-100, raw ones by min-max."""
    meta = rows("asem/meta.csv")

    def below(parent: str) -> list[dict[str, Any]]:
        return [row for row in meta if row["Parent"] == parent and row["Type"] in ("Indicator", "Aggregate")]

    def built(row: dict[str, str]) -> dict[str, Any]:
        inside = below(row["iCode"])
        leaves = [leaf_of(one) for one in inside if one["Type"] == "Indicator"]
        groups = [built(one) for one in inside if one["Type"] == "Aggregate"]
        weight = float(row["Weight"])
        return group(row["iCode"].upper(), aggregate=aggregate, weight=weight, indicators=leaves, groups=groups)

    def leaf_of(row: dict[str, str]) -> dict[str, Any]:
        method = {"kind": "zscore_minmax"} if raw else goalposts(0, 100)
        direction = "lower" if row["Direction"] == "-1" else "higher"
        return indicator(
            "I-" + row["iCode"].upper(),
            method,
            weight=float(row["Weight"]),
            direction=direction if raw else "higher",
        )

    scoring = {"aggregate": aggregate, "missing": "missing", "rank_within": "all", "rank_on": "full"}
    return plan(*(built(row) for row in below("Index")), scoring=scoring)


@pytest.mark.parametrize("aggregate", ["arithmetic", "geometric"])
def test_three_levels_of_asem_agree_to_twelve_digits(aggregate: str) -> None:
    normalised, expected = rows("asem/normalised.csv"), rows(f"asem/{aggregate}.csv")
    hierarchy = asem_plan(aggregate)
    values = {"I-" + name.upper(): column(normalised, name) for name in normalised[0] if name != "uCode"}
    assert len(values) == 49
    units = {row["uCode"]: "ALL" for row in normalised}
    assert list(units) == sorted(units)
    computed = evaluate(hierarchy, 2018, matrix(hierarchy, units, values))
    spelt = {name.upper(): name for name in expected[0]}
    nodes: list[tuple[str, Node]] = [(spelt[node.code], node) for node in walk(computed.index)]
    assert len(nodes) == 10
    for name, node in [*nodes, ("Index", computed.index)]:
        np.testing.assert_allclose(node.combined.score * 100, column(expected, name), rtol=1e-12, err_msg=name)
    if aggregate == "arithmetic":
        assert computed.ranking.rank.tolist() == [int(row["Index"]) for row in rows("asem/arithmetic-ranks.csv")]


def test_asem_from_its_raw_values_agrees_to_twelve_digits() -> None:
    """Min-max over the cohort with directions. The published scale is 1-100, which a mean carries over: 1 + 99 s."""
    table, expected = rows("asem/values.csv"), rows("asem/arithmetic.csv")
    hierarchy = asem_plan("arithmetic", raw=True)
    assert sum(one.direction == "lower" for one in hierarchy.indicators()) > 10
    values = {"I-" + name.upper(): column(table, name) for name in table[0] if name != "uCode"}
    computed = evaluate(hierarchy, 2018, matrix(hierarchy, {row["uCode"]: "ALL" for row in table}, values))
    np.testing.assert_allclose(1 + 99 * computed.full, column(expected, "Index"), rtol=1e-12)


def test_the_digital_transformation_index_agrees_within_its_rounding() -> None:
    table = sorted(rows("dti_2020_top9.csv"), key=lambda row: row["gso_code"])
    pillars = {"GOVERNMENT": 0.4, "ECONOMY": 0.3, "SOCIETY": 0.3}
    weights = dict(zip(pillars, [name for name in table[0] if name.startswith("pillar")], strict=True))
    built = [
        group(code, weight=weight, indicators=[indicator(f"I-{code}", goalposts(0, 1))])
        for code, weight in pillars.items()
    ]
    values = {f"I-{code}": column(table, name) for code, name in weights.items()}
    computed = evaluate(plan(*built), 2020, matrix(plan(*built), {row["gso_code"]: "ALL" for row in table}, values))
    np.testing.assert_allclose(computed.full, column(table, "dti_published"), rtol=0, atol=5e-5 + 1e-12)
    assert computed.ranking.rank.tolist() == [int(row["rank"]) for row in table]


def test_a_published_ranking_with_ties_has_competition_ranks() -> None:
    table = rows("vietnam-it-ranking-2017-ties.csv")
    index = half_up(column(table, "index_published_3dp"), 3)
    found = ranking(index, np.zeros(len(table), dtype=np.int64), 1)
    assert found.rank.tolist() == [int(row["rank_published"]) for row in table]
