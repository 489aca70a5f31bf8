"""What must hold for every tree: symmetries, monotonicity, and identities of ranks and places."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scoring.domain.evaluate import Evaluation, evaluate
from shared.plan.model import Plan
from tests.services.scoring.domain.random_trees import MONOTONE, Tree, trees

relaxed = settings(
    max_examples=120,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def computed(tree: Tree) -> Evaluation:
    return evaluate(tree.plan, 2011, tree.inputs())


def by_unit(found: Evaluation) -> dict[str, tuple[float, ...]]:
    rows = (
        found.full,
        found.index.combined.coverage,
        found.ranking.rank,
        found.ranking.percentile,
        found.bounds.low,
        found.bounds.high,
        found.rank_bounds.best,
        found.rank_bounds.worst,
        found.confidence.value,
        found.gain_of_silence,
    )
    return {unit: tuple(row[at].item() for row in rows) for at, unit in enumerate(found.cohort.units)}


@relaxed
@given(tree=trees(), luck=st.randoms(use_true_random=False))
def test_the_order_of_units_changes_no_number(tree: Tree, luck: Any) -> None:
    names = [f"v{at}" for at in range(len(tree.units))]
    luck.shuffle(names)
    renamed = dict(zip(tree.units, names, strict=True))
    moved = Tree(
        tree.plan,
        {renamed[unit]: peer for unit, peer in tree.units.items()},
        {code: {renamed[unit]: one for unit, one in own.items()} for code, own in tree.given.items()},
    )
    before, after = by_unit(computed(tree)), by_unit(computed(moved))
    for unit, row in before.items():
        np.testing.assert_equal(after[renamed[unit]], row)


@relaxed
@given(tree=trees())
def test_the_order_of_indicators_changes_no_number_beyond_rounding(tree: Tree) -> None:
    document = tree.plan.model_dump(mode="json")
    document["groups"].reverse()
    for one in _groups(document["groups"]):
        one["indicators"].reverse()
    for one in (document["scoring"], *_groups(document["groups"])):
        if one["weighting"]["kind"] != "manual":
            return  # experts' points go by order
    turned = replace(tree, plan=Plan.model_validate(document))
    np.testing.assert_allclose(computed(turned).full, computed(tree).full, atol=1e-12)


@relaxed
@given(tree=trees(), factor=st.sampled_from([0.5, 4.0, 1024.0]))
def test_only_the_ratio_of_weights_matters(tree: Tree, factor: float) -> None:
    document = tree.plan.model_dump(mode="json")
    for one in _groups(document["groups"]):
        one["weight"] *= factor
        for leaf in one["indicators"]:
            leaf["weight"] *= factor
    for own in document["scoring"]["weight_sets"]:
        own["weights"] = {code: weight * factor for code, weight in own["weights"].items()}
    scaled = replace(tree, plan=Plan.model_validate(document))
    before, after = by_unit(computed(tree)), by_unit(computed(scaled))
    for unit, row in before.items():
        np.testing.assert_allclose(after[unit], row, rtol=1e-12, atol=1e-12)


@relaxed
@given(tree=trees(aggregates=(*MONOTONE, "borda", "copeland")), luck=st.randoms(use_true_random=False))
def test_raising_a_share_never_lowers_the_own_index_nor_worsens_the_own_rank(tree: Tree, luck: Any) -> None:
    unit = luck.choice(sorted(tree.units))
    code = luck.choice(sorted(tree.given))
    if not isinstance(tree.given[code][unit], float):
        return
    higher = {name: dict(own) for name, own in tree.given.items()}
    higher[code][unit] = min(1.0, higher[code][unit] + 0.2)
    before, after = computed(tree), computed(replace(tree, given=higher))
    at = before.cohort.position[unit]
    assert math.isnan(before.full[at]) == math.isnan(after.full[at])
    if not math.isnan(before.full[at]):
        assert after.full[at] >= before.full[at] - 1e-12
        if tree.plan.scoring.rank_on == "published":
            assert after.ranking.rank[at] <= before.ranking.rank[at]


@relaxed
@given(tree=trees())
def test_ranks_of_every_rule_belong_together(tree: Tree) -> None:
    found = computed(tree)
    rule = tree.plan.scoring.model_copy(update={"rank_rule": "dense"})
    dense = computed(replace(tree, plan=tree.plan.model_copy(update={"scoring": rule}))).ranking.rank
    among = [
        [
            at
            for at, unit in enumerate(found.cohort.units)
            if tree.plan.scoring.rank_within == "all" or tree.units[unit] == peer
        ]
        for peer in sorted(set(tree.units.values()))
    ]
    for inside in among:
        ranks = [rank for rank in found.ranking.rank[inside].tolist() if rank]
        assert all(sum(rank <= place for rank in ranks) >= place for place in ranks)
        assert sorted(set(dense[inside].tolist()) - {0}) == list(range(1, len(set(ranks)) + 1))
        places = [place for place in found.ranking.fractional[inside].tolist() if not math.isnan(place)]
        assert math.isclose(math.fsum(places), len(places) * (len(places) + 1) / 2)
        shares = [one for one in found.ranking.percentile[inside].tolist() if not math.isnan(one)]
        assert len(shares) < 2 or math.isclose(math.fsum(shares) / len(shares), 50.0)


@relaxed
@given(tree=trees(aggregates=("copeland",), policies=("zero",), depth=0))
def test_duels_hand_out_one_point_each(tree: Tree) -> None:
    """Everybody has everything: in each group the scores average one half."""
    full = {
        code: {unit: one if isinstance(one, float) else 0.5 for unit, one in own.items()}
        for code, own in tree.given.items()
    }
    found = computed(replace(tree, given=full))
    peers = found.cohort.peer if tree.plan.scoring.rank_within == "peer_group" else np.zeros(len(tree.units), dtype=int)
    for peer in set(peers.tolist()):
        scores = found.full[peers == peer]
        if len(scores) > 1 and np.isfinite(scores).all() and tree.plan.scoring.zero_component == "counts":
            assert math.isclose(float(scores.mean()), 0.5)


def _groups(groups: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in groups:
        yield one
        yield from _groups(one["groups"])
