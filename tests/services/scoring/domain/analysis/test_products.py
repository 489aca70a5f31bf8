"""The fast path of other weights against the engine itself, on random plans with every aggregate and policy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.prepare import prepare
from services.scoring.domain.analysis.products import index_rows, settle
from services.scoring.domain.analysis.ranking import Ranker, band_counts, band_rows
from services.scoring.domain.analysis.slots import Dirichlet, Uniform, draw_weights, reweighted, slots_of
from services.scoring.domain.analysis.variations import Case, Switch
from services.scoring.domain.evaluate import evaluate
from services.scoring.domain.rank import ranking
from services.scoring.domain.tree import walk
from services.scoring.domain.undefined import Undefined
from shared.errors import Permanent
from tests.services.scoring.domain.analysis.cases import case
from tests.services.scoring.domain.random_plans import YEAR, cases
from tests.services.scoring.domain.random_plans import Case as RandomCase

SLOW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(cases())
def test_every_draw_is_what_the_engine_computes_with_those_weights(random: RandomCase) -> None:
    inputs = random.inputs()
    try:
        evaluation = evaluate(random.plan, YEAR, inputs)
    except Permanent:
        return
    prepared = prepare(evaluation)
    slots = slots_of(evaluation)
    drawn = draw_weights(slots, Uniform(kind="uniform"), Draws("x"), range(4))
    drawn[0] = slots.weight
    drawn[1] *= np.arange(drawn.shape[1]) % 3 > 0
    if prepared is None:
        return
    found = index_rows(prepared, drawn)
    np.testing.assert_allclose(found[0], evaluation.full, atol=1e-12)
    groups = {
        node.code: index_rows(made, drawn)
        for node in walk(evaluation.index)
        if (made := prepare(evaluation, node.code))
    }
    for at, weights in enumerate(drawn):
        try:
            expected = evaluate(reweighted(random.plan, slots, slots.named(weights)), YEAR, inputs)
        except Undefined:
            continue
        np.testing.assert_allclose(found[at], expected.full, atol=1e-12)
        if at == 1:  # points inside points hand a weight of 0 down: what is below has no score then
            continue
        for node in walk(expected.index):
            np.testing.assert_allclose(groups[node.code][at], node.combined.score, atol=1e-12)


def test_most_random_plans_take_the_fast_path() -> None:
    """Or the comparison above compares nothing."""
    taken = []

    @settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(cases())
    def look(random: RandomCase) -> None:
        try:
            taken.append(prepare(evaluate(random.plan, YEAR, random.inputs())) is not None)
        except Permanent:
            return

    look()
    assert sum(taken) > len(taken) / 5


def test_units_on_the_edge_of_a_coverage_rule_are_followed_draw_by_draw() -> None:
    given = case(units=40, missing=0.4)
    plan = given.plan
    groups = tuple(group.model_copy(update={"min_coverage": 0.5}) for group in plan.groups)
    strict = given.changed(plan.model_copy(update={"groups": groups}))
    prepared = prepare(strict.evaluation)
    assert prepared is not None
    drawn = draw_weights(prepared.slots, Uniform(kind="uniform", spread=0.9), Draws("edge"), range(30))
    assert len(settle(prepared, drawn).loose) > 3
    found = index_rows(prepared, drawn)
    for row, weights in zip(found, drawn, strict=True):
        expected = strict.again(reweighted(strict.plan, prepared.slots, prepared.slots.named(weights)))
        np.testing.assert_allclose(row, expected.full, atol=1e-12)
    assert np.isnan(found).any(axis=0).sum() > np.isnan(found).all(axis=0).sum(), "some are rated in some draws only"


def test_drawn_weights_keep_the_sum_of_their_node_and_their_range() -> None:
    slots = slots_of(case().evaluation)
    for noise in (Uniform(kind="uniform"), Dirichlet(kind="dirichlet", kappa=50)):
        drawn = draw_weights(slots, noise, Draws("w"), range(200))
        for node in range(len(slots.nodes)):
            np.testing.assert_allclose(drawn[:, slots.part(node)].sum(axis=1), slots.weight[slots.part(node)].sum())
        np.testing.assert_allclose(drawn.mean(axis=0), slots.weight, rtol=0.1)
        assert (drawn >= 0).all()
        assert drawn.std(axis=0).min() > 0


def test_ranks_by_counting_and_by_sorting_are_competition_ranks() -> None:
    chance = np.random.default_rng(5)
    for units, decimals in ((7, 1), (300, 1), (300, 6), (4000, 2)):
        index = np.round(chance.random((5, units)), decimals)
        index[chance.random(index.shape) < 0.1] = np.nan
        peer = chance.integers(0, 3, units)
        found = Ranker(peer, 3, decimals).rows(index)
        for row, values in zip(found, index, strict=True):
            assert row.tolist() == ranking(values, peer, 3).rank.tolist()
        dense = Ranker(peer, 3, decimals, dense=True).rows(index)
        for row, values in zip(dense, index, strict=True):
            assert row.tolist() == ranking(values, peer, 3, dense=True).rank.tolist()


def test_what_products_cannot_express_is_left_to_the_engine() -> None:
    given = case(aggregate="minimum")
    assert prepare(given.evaluation) is None
    models = Models(given)
    weights = draw_weights(models.slots, Uniform(kind="uniform"), Draws("x"), range(3))
    rows = models.drawn([Switch()] * 3, weights).index
    expected = given.again(reweighted(given.plan, models.slots, models.slots.named(weights[2])))
    assert np.array_equal(rows[2], expected.full)
    assert isinstance(given, Case)


def test_bands_are_counted_as_they_are_placed() -> None:
    chance = np.random.default_rng(9)
    index = np.round(chance.random((30, 500)), 3) + chance.choice([0.0, 0.0005, -1e-12], (30, 500))
    index[chance.random(index.shape) < 0.1] = np.nan
    for cuts in (np.array([0.7, 0.35, 0.0]), np.array([0.1 + 0.2, 0.123456, 0.0]), np.array([])):
        found, placed = band_counts(index, cuts, 3), band_rows(index, cuts, 3)
        for band in range(len(cuts)):
            assert found[band].tolist() == (placed == band).sum(axis=0).tolist()


@pytest.mark.parametrize("rule", ["competition", "dense", "fractional"])
@pytest.mark.parametrize(("decimals", "rank_on"), [(1, "published"), (4, "full")])
def test_every_draw_is_ranked_by_the_plans_rule_and_its_tie_breaks(rule: str, decimals: int, rank_on: str) -> None:
    """A group and an indicator decide: the one moves with the weights, the other does not."""
    broken: dict[str, Any] = {"rank_rule": rule, "tie_break": ["P1", "I0-0"], "decimals": decimals, "rank_on": rank_on}
    given = case(units=60, missing=0.3, min_coverage=0.5, **broken)
    models = Models(given)
    assert models.ready(Switch()) is not None
    assert models.ranks.tolist() == given.evaluation.ranking.rank.tolist()
    weights = draw_weights(models.slots, Uniform(kind="uniform"), Draws("x"), range(8))
    switches = [Switch(), Switch(mean="geometric")] * 4
    found = models.ranked(models.drawn(switches, weights))
    for row, switch, drawn in zip(found, switches, weights, strict=True):
        plan = reweighted(models.of(switch).plan, models.slots, models.slots.named(drawn))
        assert row.tolist() == given.again(plan).ranking.rank.tolist()
    loose = Models(case(units=60, missing=0.3, min_coverage=0.5, **{**broken, "tie_break": []}))
    if rank_on == "published":
        assert (loose.ranked(loose.drawn(switches, weights)) != found).any(), "ties were there to be broken"
