"""The tree agrees with a slow one in exact fractions: every aggregate, weighting, policy, demand, bound and rank."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from hypothesis import HealthCheck, assume, given, settings

from services.scoring.domain.contributions import contributions, effective, lost
from services.scoring.domain.evaluate import evaluate
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.tree import walk
from shared.plan.groups import Combination
from shared.plan.model import Group
from tests.services.scoring import oracle_tree
from tests.services.scoring.domain.random_trees import ALL, MONOTONE, Tree, trees

relaxed = settings(
    max_examples=800,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
fewer = settings(relaxed, max_examples=150)
OPEN_MAX = 5


def close(found: float, expected: object) -> bool:
    if expected is None:
        return math.isnan(found)
    assert isinstance(expected, float | Fraction)
    return math.isclose(found, float(expected), rel_tol=1e-9, abs_tol=1e-11)


@relaxed
@given(tree=trees())
def test_every_aggregate_weighting_and_policy_agrees_with_exact_fractions(tree: Tree) -> None:
    computed = evaluate(tree.plan, 2011, tree.inputs())
    expected = oracle_tree.indices(tree.plan, tree.units, tree.cells())
    for at, unit in enumerate(computed.cohort.units):
        assert close(computed.full[at], expected[unit].score), unit
        assert close(computed.index.combined.coverage[at], expected[unit].coverage), unit


@fewer
@given(tree=trees())
def test_contributions_sum_to_the_index_under_every_aggregate(tree: Tree) -> None:
    computed = evaluate(tree.plan, 2011, tree.inputs())
    brought = contributions(computed.index)
    sums = np.sum([brought[code] for code in computed.leaves], axis=0)
    for at, index in enumerate(np.nan_to_num(computed.full).tolist()):
        assert math.isclose(sums[at], index, rel_tol=1e-9, abs_tol=1e-9)


@fewer
@given(tree=trees(aggregates=("points", "arithmetic"), policies=("zero", "reweight")))
def test_contributions_and_lost_points_of_sums_add_up_to_one(tree: Tree) -> None:
    computed = evaluate(tree.plan, 2011, tree.inputs())
    brought, missed, weights = contributions(computed.index), lost(computed.index), effective(computed.index)
    for at, index in enumerate(computed.full.tolist()):
        whole = sum(weights[code][at] for code in computed.leaves)
        assert math.isclose(whole, 0.0 if math.isnan(index) else 1.0, abs_tol=1e-9) or whole < 1
        for code in computed.leaves:
            if all(node.zero_component == "counts" for node in (tree.plan.scoring, *_groups(tree.plan.groups))):
                assert math.isclose(brought[code][at] + missed[code][at], weights[code][at], abs_tol=1e-9)


def _groups(groups: Sequence[Group]) -> list[Combination]:
    return [found for one in groups for found in (one, *_groups(one.groups))]


@fewer
@given(tree=trees(aggregates=MONOTONE, policies=("zero", "reweight", "missing"), depth=1))
def test_bounds_are_the_extremes_of_all_fillings_and_the_score(tree: Tree) -> None:
    computed = evaluate(tree.plan, 2011, tree.inputs())
    for at, unit in enumerate(computed.cohort.units):
        open_ = [code for code, own in tree.given.items() if own[unit] is None]
        if len(open_) > OPEN_MAX:
            continue
        found = []
        for ends in itertools.product((Fraction(0), Fraction(1)), repeat=len(open_)):
            filling = dict(zip(open_, ends, strict=True))
            cells = tree.cells(lambda u, code, f=filling, own=unit: f[code] if u == own else Fraction(0))
            found.append(oracle_tree.indices(tree.plan, {unit: tree.units[unit]}, cells)[unit].score)
        scores = [float(one) for one in found if one is not None]
        scores += [] if math.isnan(computed.full[at]) else [float(computed.full[at])]
        assert close(computed.bounds.low[at], min(scores, default=None)), unit
        assert close(computed.bounds.high[at], max(scores, default=None)), unit


@fewer
@given(tree=trees(aggregates=ALL, depth=1))
def test_bounds_contain_the_score_and_any_filling(tree: Tree) -> None:
    computed = evaluate(tree.plan, 2011, tree.inputs())
    low, high = computed.bounds.low, computed.bounds.high
    for share in (Fraction(0), Fraction(3, 8), Fraction(1)):
        later = oracle_tree.indices(tree.plan, tree.units, tree.cells(lambda u, c, s=share: s))
        for at, unit in enumerate(computed.cohort.units):
            score = later[unit].score
            assert score is None or low[at] - 1e-9 <= float(score) <= high[at] + 1e-9, unit
    has = np.isfinite(computed.full)
    assert np.all((low <= computed.full)[has])
    assert np.all((computed.full <= high)[has])


@fewer
@given(tree=trees())
def test_rank_bounds_follow_from_the_bounds_by_definition(tree: Tree) -> None:
    computed = evaluate(tree.plan, 2011, tree.inputs())
    scoring = tree.plan.scoring
    low, high = computed.bounds.low, computed.bounds.high
    if scoring.rank_on == "published":
        scale = 10.0**scoring.decimals
        low, high = (np.floor(row * scale + 0.5 + 1e-9) / scale for row in (low, high))
    for at, unit in enumerate(computed.cohort.units):
        others = [
            k
            for k, other in enumerate(computed.cohort.units)
            if k != at and (scoring.rank_within == "all" or tree.units[other] == tree.units[unit])
        ]
        if math.isnan(low[at]):
            assert computed.rank_bounds.best[at] == computed.rank_bounds.worst[at] == UNRANKED
            continue
        best = 1 + sum(bool(low[k] > high[at]) for k in others)
        worst = 1 + sum(bool(high[k] > low[at]) for k in others)
        assert (computed.rank_bounds.best[at], computed.rank_bounds.worst[at]) == (best, worst)


@fewer
@given(tree=trees())
def test_confidence_is_the_weight_of_what_was_reported(tree: Tree) -> None:
    computed = evaluate(tree.plan, 2011, tree.inputs())
    weights = effective(computed.index, of_all=True)
    for at, unit in enumerate(computed.cohort.units):
        reported = [code for code, own in tree.given.items() if isinstance(own[unit], float)]
        value = computed.confidence.value[at]
        applies = computed.index.combined.applicable[at]
        assert math.isnan(value) == (not applies)
        if applies:
            assert math.isclose(value, math.fsum(weights[code][at] for code in reported), abs_tol=1e-12)
            assert math.isclose(math.fsum(weights[code][at] for code in computed.leaves), 1.0)


@fewer
@given(tree=trees(aggregates=("arithmetic",), policies=("reweight",)))
def test_leaving_out_equals_putting_the_mean_of_the_node_in_place(tree: Tree) -> None:
    only = tree.plan.model_dump(mode="json")
    _relax(only["groups"])
    _relax([only["scoring"]])
    plain = Tree(type(tree.plan).model_validate(only), tree.units, tree.given)
    computed = evaluate(plain.plan, 2011, plain.inputs())
    means = {node.code: node.combined.score for node in walk(computed.index)}
    assume(any(own is None for cells in plain.given.values() for own in cells.values()))
    filled = {code: dict(own) for code, own in plain.given.items()}
    for code, own in filled.items():
        for at, unit in enumerate(computed.cohort.units):
            mean = float(means[computed.leaves[code].group][at])
            if own[unit] is None:
                own[unit] = "n/a" if math.isnan(mean) else mean
    later = evaluate(plain.plan, 2011, Tree(plain.plan, plain.units, filled).inputs())
    rated = np.isfinite(computed.full)
    np.testing.assert_allclose(later.full[rated], computed.full[rated], rtol=1e-9, atol=1e-12)


def _relax(nodes: list[dict[str, object]]) -> None:
    for one in nodes:
        one |= {"min_coverage": 0.0, "min_children": 0, "zero_component": "counts", "missing": "reweight"}
        if "mandatory" in one:
            one["mandatory"] = False
        for leaf in one.get("indicators", []):  # type: ignore[attr-defined]
            leaf |= {"mandatory": False}
        _relax(one.get("groups", []))  # type: ignore[arg-type]
