"""Decompositions of random moves sum to the whole, whatever the plan; each part is what its words say."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import HealthCheck, given, settings

from services.scoring.domain.decompose.index import effects, index_of, parts
from services.scoring.domain.decompose.places import field_of, place, rank_of
from services.scoring.domain.decompose.rank import rank_move
from services.scoring.domain.evaluate import Evaluation
from tests.services.scoring.domain.decompose.two_years import Pair, pairs

relaxed = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@relaxed
@given(pair=pairs())
def test_performance_and_weight_sum_to_the_change_of_the_index(pair: Pair) -> None:
    for unit in pair.units:
        start, end = index_of(pair.bridge, unit), index_of(pair.after, unit)
        if start is None or end is None:
            continue
        found = effects(parts(pair.bridge, unit), parts(pair.after, unit))
        whole = math.fsum(one.performance for one in found) + math.fsum(one.weight for one in found)
        assert math.isclose(whole, end - start, abs_tol=1e-9)
        for one in found:
            assert math.isclose(one.performance + one.weight, one.after.brought - one.before.brought, abs_tol=1e-9)
            if min(one.before.weight, one.after.weight) > 0:
                scores = [part.brought / part.weight for part in (one.before, one.after)]
                middle = (one.before.weight + one.after.weight) / 2
                assert math.isclose(one.performance, middle * (scores[1] - scores[0]), abs_tol=1e-9)


@relaxed
@given(pair=pairs())
def test_nothing_moves_without_a_change(pair: Pair) -> None:
    for unit in pair.after.cohort.units:
        found = effects(parts(pair.after, unit), parts(pair.after, unit))
        assert all(one.performance == one.weight == 0 for one in found)
        same = pair.after
        move = rank_move(unit, before=same, bridge=same, corrected=same, after=same)
        assert {move.method, move.correction, move.own, move.peers} <= {0, None}


@relaxed
@given(pair=pairs())
def test_the_four_parts_always_sum_to_the_change_of_rank(pair: Pair) -> None:
    for unit in pair.units:
        move = rank_move(unit, before=pair.before, bridge=pair.bridge, corrected=pair.bridge, after=pair.after)
        moves = [move.method, move.correction, move.own, move.peers]
        if move.before is None or move.after is None:
            assert moves == [None] * 4
        else:
            assert sum(one for one in moves if one is not None) == move.after - move.before
            assert None not in moves
            assert move.correction == 0


@relaxed
@given(pair=pairs())
def test_a_unit_among_the_others_has_the_rank_that_the_evaluation_gives(pair: Pair) -> None:
    field = field_of(pair.after)
    for at, unit in enumerate(pair.after.cohort.units):
        assert place(field, unit, field.own(unit), pair.after.cohort.peer_group(at)) == rank_of(pair.after, unit)


@relaxed
@given(pair=pairs())
def test_the_own_effect_is_the_own_new_index_against_the_others_old_ones(pair: Pair) -> None:
    for unit in pair.units:
        stages = {"before": pair.before, "bridge": pair.bridge, "corrected": pair.bridge, "after": pair.after}
        if any(rank_of(one, unit) is None or not _shown(one, unit) for one in stages.values()):
            continue
        move = rank_move(unit, **stages)
        alone = 1 + sum(value > _value(pair.after, unit) for value in _others(pair.bridge, unit))
        before = rank_of(pair.bridge, unit)
        assert before is not None
        assert move.own == alone - before


@relaxed
@given(pair=pairs())
def test_ranks_among_those_ranked_on_both_sides(pair: Pair) -> None:
    for unit in pair.units:
        move = rank_move(unit, before=pair.before, bridge=pair.bridge, corrected=pair.bridge, after=pair.after)
        sides = [_ranked(one, unit) for one in (pair.before, pair.after)]
        common = sides[0] & sides[1] if unit in sides[0] & sides[1] else set()
        if not common:
            continue
        assert (move.entered, move.left) == (len(sides[1] - sides[0]), len(sides[0] - sides[1]))
        assert move.common_units == len(common)
        for found, one in ((move.common_before, pair.before), (move.common_after, pair.after)):
            assert found == 1 + sum(_value(one, other) > _value(one, unit) for other in common)


def _shown(one: Evaluation, unit: str) -> bool:
    return bool(one.shown[one.cohort.position[unit]])


def _value(one: Evaluation, unit: str) -> float:
    row = one.published if one.plan.scoring.rank_on == "published" else one.full
    return float(row[one.cohort.position[unit]])


def _ranked(one: Evaluation, unit: str) -> set[str]:
    """Everybody who is ranked with the unit, in its group."""
    together = one.plan.scoring.rank_within == "all"
    peer = one.cohort.peer[one.cohort.position[unit]]
    ranked = np.isfinite(one.full)
    return {
        code for at, code in enumerate(one.cohort.units) if ranked[at] and (together or one.cohort.peer[at] == peer)
    }


def _others(one: Evaluation, unit: str) -> list[float]:
    return [_value(one, other) for other in _ranked(one, unit) - {unit}]
