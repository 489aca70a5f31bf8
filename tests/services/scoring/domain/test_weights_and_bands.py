"""Weights from experts and data, cuts of bands, clusters: against definitions and brute force."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain import data_weights
from services.scoring.domain.bands import NOT_RATED, LastYear, cuts_of, held, placed
from services.scoring.domain.cells import Floats
from services.scoring.domain.clusters import parted
from services.scoring.domain.contributions import effective
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.reference import Reference
from services.scoring.domain.weights import dispersion
from shared.plan.groups import BudgetAllocation, Expert, Scoring
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import NAMES, goalposts, group, indicator, plan

steady = settings(max_examples=200, derandomize=True, deadline=None)
DRAWN = np.random.default_rng(5)


def correlated(units: int = 40) -> Floats:
    """Three children, the first two nearly the same."""
    common = DRAWN.uniform(0, 1, units)
    return np.array([common, np.clip(common + DRAWN.normal(0, 0.05, units), 0, 1), DRAWN.uniform(0, 1, units)])


def of_group(weighting: dict[str, Any], scores: Floats, reference: Reference | None = None) -> Evaluation:
    leaves = [indicator(code, goalposts(0, 1)) for code in "ABC"]
    one = plan(
        group("G", indicators=leaves, weighting=weighting), scoring={"aggregate": "arithmetic", "rank_within": "all"}
    )
    units = {f"u{at:03}": "ALL" for at in range(scores.shape[1])}
    return evaluate(one, 2011, matrix(one, units, dict(zip("ABC", scores, strict=True))), reference=reference)


def test_weights_of_the_first_component_are_its_squared_loadings() -> None:
    scores = correlated()
    weights, explained = data_weights.pca(scores)
    values, vectors = np.linalg.eig(np.corrcoef(scores))
    best = int(np.argmax(values))
    np.testing.assert_allclose(weights, vectors[:, best] ** 2, rtol=1e-9)
    assert weights.sum() == pytest.approx(1)
    assert explained == pytest.approx(values[best] / 3)


def test_entropy_gives_more_to_what_tells_units_apart() -> None:
    scores = np.array([[0.5, 0.5, 0.5, 0.5], [0.1, 0.9, 0.1, 0.9], [0.4, 0.6, 0.4, 0.6]])
    weights, _ = data_weights.entropy(scores)
    assert weights[0] == 0
    assert weights[1] > weights[2] > 0
    parts = scores / scores.sum(axis=1, keepdims=True)
    told = 1 + (parts * np.log(parts)).sum(axis=1) / math.log(4)
    np.testing.assert_allclose(weights[1:], told[1:] / told[1:].sum())


def test_balanced_weights_give_every_child_the_same_share_of_correlation() -> None:
    common = DRAWN.uniform(0, 1, 40)
    scores = np.array([common, 0.7 * common + 0.3 * DRAWN.uniform(0, 1, 40), DRAWN.uniform(0, 1, 40)])
    weights, attained = data_weights.balanced(scores)
    pull = np.array([np.corrcoef(row, weights @ scores)[0, 1] for row in scores])
    assert attained == pytest.approx(float(((pull / pull.sum() - 1 / 3) ** 2).sum()), abs=1e-12)
    assert attained is not None
    assert attained < 1e-12
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)


@settings(steady, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_no_weights_on_a_grid_balance_better(seed: int) -> None:
    """Also where exact balance would need weights below 0."""
    chance = np.random.default_rng(seed)
    base = chance.uniform(0, 1, 30)
    scores = np.array([base, np.clip(1 - base + chance.normal(0, 0.4, 30), 0, 1), chance.uniform(0, 1, 30)])
    _, attained = data_weights.balanced(scores)
    assert attained is not None
    for first, second in itertools.product(np.linspace(0, 1, 21), repeat=2):
        if first + second <= 1:
            index = np.array([first, second, 1 - first - second]) @ scores
            pull = np.array([np.corrcoef(row, index)[0, 1] for row in scores])
            if pull.sum() > 1e-6:
                assert attained <= ((pull / pull.sum() - 1 / 3) ** 2).sum() + 1e-6


def test_what_has_no_spread_weighs_nothing_and_nothing_to_tell_weighs_all_the_same() -> None:
    flat = np.array([[0.5] * 5, [0.1, 0.2, 0.3, 0.4, 0.5], [0.5, 0.1, 0.4, 0.2, 0.3]])
    for source in data_weights.SOURCES.values():
        assert source(flat)[0][0] == 0
        assert source(flat)[0].sum() == pytest.approx(1)
        np.testing.assert_allclose(source(flat[:, :1])[0], [1 / 3] * 3)
        np.testing.assert_allclose(source(np.full((3, 4), 0.5))[0], [1 / 3] * 3)


@pytest.mark.parametrize("kind", ["pca", "entropy", "balanced"])
def test_weights_from_data_are_told_and_can_be_frozen(kind: str) -> None:
    scores = correlated()
    computed = of_group({"kind": kind}, scores)
    derived = data_weights.SOURCES[kind](scores)[0]
    np.testing.assert_allclose(list(computed.reference.weights["G"].values()), derived)
    np.testing.assert_allclose(computed.full, derived @ scores, rtol=1e-12)
    frozen = of_group({"kind": kind}, scores[::-1], reference=computed.reference)
    np.testing.assert_allclose(frozen.full, derived @ scores[::-1], rtol=1e-12)
    assert frozen.reference.weights == computed.reference.weights


def test_effective_weights_sum_to_one() -> None:
    computed = of_group({"kind": "pca"}, correlated())
    weights = effective(computed.index)
    np.testing.assert_allclose(sum(weights[code] for code in "ABC"), 1.0)


def test_experts_are_averaged_and_their_spread_is_kept() -> None:
    experts = [{"points": [50, 30, 20]}, {"points": [30, 30, 40]}]
    scores = np.array([[1.0], [0.0], [0.0]])
    assert of_group({"kind": "budget_allocation", "experts": experts}, scores).full[0] == pytest.approx(0.4)
    made = BudgetAllocation(kind="budget_allocation", experts=tuple(Expert(points=tuple(e["points"])) for e in experts))
    assert dispersion(made) == pytest.approx([math.sqrt(200), 0, math.sqrt(200)])


def test_pairwise_judgements_and_equal_weights_reach_the_score() -> None:
    times = [("A", "B", 2.0), ("B", "C", 2.0), ("A", "C", 4.0)]
    comparisons = [{"first": a, "second": b, "times": t} for a, b, t in times]
    scores = np.array([[1.0], [0.0], [0.0]])
    assert of_group({"kind": "pairwise", "comparisons": comparisons}, scores).full[0] == pytest.approx(4 / 7)
    assert of_group({"kind": "equal"}, scores).full[0] == pytest.approx(1 / 3)


def scoring(kind: str, lows: tuple[float, ...], **more: Any) -> Scoring:
    bands = [{"code": f"B{at}", "names": NAMES, "at_least": low} for at, low in enumerate(lows)]
    return Scoring.model_validate({"bands": bands, "bands_from": kind, "decimals": 2, **more})


published = st.lists(st.integers(0, 100).map(lambda n: n / 100), min_size=1, max_size=12).map(np.array)


@steady
@given(values=published)
def test_quantile_cuts_leave_the_stated_share_below_and_keep_ties_together(values: Floats) -> None:
    cuts = cuts_of(scoring("quantile", (0.75, 0.5, 0)), values)
    assert list(cuts) == sorted(cuts, reverse=True)
    assert cuts[-1] == 0
    bands = placed(values, cuts)
    for at, share in ((0, 0.75), (1, 0.5)):
        inside = bands <= at
        below = [(values < one).mean() >= share - 1e-12 for one in values]
        assert inside.tolist() == below


@steady
@given(values=published, bands=st.integers(2, 4))
def test_clusters_have_the_least_squared_distance_of_all_partitions(values: Floats, bands: int) -> None:
    distinct, counts = np.unique(values, return_counts=True)
    clusters = min(bands, len(distinct))

    def cost(starts: tuple[int, ...]) -> float:
        runs = np.split(np.arange(len(distinct)), starts)
        total = 0.0
        for run in runs:
            middle = np.average(distinct[run], weights=counts[run])
            total += float((counts[run] * (distinct[run] - middle) ** 2).sum())
        return total

    best = min(cost(starts) for starts in itertools.combinations(range(1, len(distinct)), clusters - 1))
    found = parted(distinct, counts.astype(float), clusters)
    assert cost(tuple(found.tolist())) == pytest.approx(best, abs=1e-12)
    lows = tuple((bands - 1 - at) / bands for at in range(bands))
    cuts = cuts_of(scoring("clusters", lows), values)
    placed_in = placed(values, cuts)
    assert len(set(placed_in.tolist())) == clusters
    assert list(cuts) == sorted(cuts, reverse=True)


def test_clusters_of_many_values_are_found_at_once() -> None:
    values = np.sort(np.random.default_rng(1).uniform(0, 1, 50_000))
    starts = parted(values, np.ones(len(values)), 4)
    np.testing.assert_allclose(values[starts], [0.25, 0.5, 0.75], atol=0.01)


def test_a_cut_from_data_moves_only_so_far_in_a_year() -> None:
    values = np.array([0.1, 0.1, 0.9, 0.9])
    free = cuts_of(scoring("clusters", (0.5, 0)), values)
    assert free == (0.5, 0.0)
    assert cuts_of(scoring("clusters", (0.5, 0), band_guardrail=0.05), values, last=(0.6, 0.0)) == (0.55, 0.0)
    assert cuts_of(scoring("clusters", (0.5, 0), band_guardrail=0.05), values, frozen=(0.7, 0.0)) == (0.7, 0.0)
    assert cuts_of(scoring("quantile", (0.5, 0)), np.array([math.nan])) == (0.5, 0.0), "nobody rated: as declared"


def test_a_unit_leaves_its_band_only_when_it_is_well_beyond_the_cut() -> None:
    values = np.array([0.71, 0.72, 0.69, 0.68, 0.30, 0.71, math.nan])
    before = np.array([1, 1, 0, 0, 0, NOT_RATED, 1])
    assert held(values, (0.7, 0.4, 0.0), 0.02, before).tolist() == [1, 0, 0, 0, 2, 0, NOT_RATED]
    assert held(values, (0.7, 0.4, 0.0), 0.0, before).tolist() == [0, 0, 1, 1, 2, 0, NOT_RATED]


def test_last_years_bands_reach_the_evaluation_by_code() -> None:
    bands = [{"code": code, "names": NAMES, "at_least": low} for code, low in (("HI", 0.7), ("LO", 0))]
    one = plan(
        group("G", indicators=[indicator("A", goalposts(0, 1))]),
        scoring={"aggregate": "arithmetic", "bands": bands, "band_hysteresis": 0.05},
    )
    inputs = matrix(one, {"u1": "ALL", "u2": "ALL"}, {"A": np.array([0.72, 0.72])})
    inputs = replace(inputs, last_year=LastYear(bands={"u1": "LO"}))
    assert evaluate(one, 2011, inputs).band.tolist() == [1, 0]


def test_the_lower_bound_of_a_band_belongs_to_it() -> None:
    cuts = (0.7, 0.4, 0.0)
    assert placed(np.array([0.7, 0.6999, 0.4, 0.0, 1.2, math.nan]), cuts).tolist() == [0, 1, 1, 2, 0, NOT_RATED]
