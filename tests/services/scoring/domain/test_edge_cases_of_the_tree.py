"""Rows of the table of edge cases that concern aggregation and ranks: what today's tools get wrong, and what ours does.

The name of each test is the row. Beside them what the round needs of single rules: voiding, silence, shown ranks.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from services.scoring.domain.comparisons import COPELAND_UNITS_MAX, whole_numbers
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.summary import unit_contents
from services.scoring.domain.undefined import Undefined
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import goalposts, group, indicator, plan

N = None


def table(
    *rows: tuple[float | None, ...], weights: tuple[float, ...] = (), scoring: dict[str, Any] | None = None, **spec: Any
) -> Evaluation:
    """Units by row, indicators A, B, ... by column, in one group made as `spec` says; nothing reported is None."""
    codes = [chr(65 + at) for at in range(len(rows[0]))]
    fields = spec.pop("fields", {})
    leaves = [
        indicator(code, goalposts(0, 1), weight=weight, **fields.get(code, {}))
        for code, weight in zip(codes, weights or (1.0,) * len(codes), strict=True)
    ]
    top = {"aggregate": "arithmetic", "rank_within": "all", "missing": "reweight", "decimals": 4, **(scoring or {})}
    one = plan(group("G", indicators=leaves, **spec), scoring=top)
    units = {f"u{at:05}": "ALL" for at in range(len(rows))}
    values = {
        code: np.array([math.nan if row[at] is None else row[at] for row in rows]) for at, code in enumerate(codes)
    }
    return evaluate(one, 2011, matrix(one, units, values))


def full(*rows: tuple[float | None, ...], **spec: Any) -> list[float | None]:
    return [None if math.isnan(one) else round(one, 12) for one in table(*rows, **spec).full.tolist()]


def test_arithmetic_some_missing() -> None:
    assert full((0.2, N, 0.6), weights=(1, 7, 3)) == [0.5]
    assert full((0.2, N, 0.6), weights=(1, 7, 3), min_coverage=0.5) == [None]


def test_all_weights_of_the_present_children_are_0() -> None:
    assert full((0.5, N), weights=(0, 1)) == [None]


def test_threshold_05_heavy_child_w_9_of_10_missing() -> None:
    assert full((0.5, N), weights=(1, 9), min_coverage=0.5) == [None]
    assert full((0.5, N), weights=(1, 9), min_coverage=0.5, coverage_by="count") == [0.5], "COINr's, when asked for"


def test_three_float_weights_of_06_pass_a_threshold_of_06() -> None:
    assert full((0.5, 0.5, 0.5, N), weights=(0.1, 0.2, 0.3, 0.4), min_coverage=0.6) == [0.5]


def test_geometric_with_a_0() -> None:
    rows = ((0.0, 1.0), (0.25, 1.0))
    assert full(*rows, aggregate="geometric") == [0.0, 0.5]
    assert full(*rows, aggregate="geometric", zero_policy="floor") == [0.1, 0.5]
    shifted = (0.01**0.5 - 0.01) / 0.99
    assert full(*rows, aggregate="geometric", zero_policy="shift")[0] == pytest.approx(shifted, abs=1e-12)
    with pytest.raises(Undefined, match="G: zero_policy: error") as caught:
        full(*rows, aggregate="geometric", zero_policy="error")
    assert caught.value.code == "G"


def test_shift_carries_0_to_0_and_1_to_1() -> None:
    for kind in ("geometric", "harmonic"):
        assert full((0.0, 0.0), (1.0, 1.0), aggregate=kind, zero_policy="shift") == [0.0, 1.0]


def test_geometric_0_with_weight_0() -> None:
    assert full((0.0, 0.5), weights=(0, 1), aggregate="geometric") == [0.5]
    assert full((0.0, 0.5), weights=(0, 1), aggregate="geometric", zero_policy="error") == [0.5]


def test_harmonic_with_negative() -> None:
    assert full((-3.0, 0.5), aggregate="harmonic") == [0.0], "a share is never below 0"


def test_power_mean_with_na() -> None:
    assert full((0.25, N, 0.25), aggregate="power", power=2.0) == [0.25]


def test_powers_as_large_as_allowed_neither_overflow_nor_vanish() -> None:
    for power in (100.0, -100.0):
        found = full((1e-9, 0.5), aggregate="power", power=power)[0]
        extreme = 0.5 if power > 0 else 1e-9
        assert found == pytest.approx(extreme * 0.5 ** (1 / power), rel=1e-3)


def test_01_02_against_03() -> None:
    computed = table((0.1 + 0.2,), (0.3,), (0.2,))
    assert computed.ranking.rank.tolist() == [1, 1, 3]
    for kind in ("borda", "copeland"):
        scores = full((0.1 + 0.2,), (0.3,), (0.2,), aggregate=kind)
        assert scores[0] == scores[1]


def test_ties_in_rank() -> None:
    assert table((0.5,), (0.9,), (0.5,), (0.1,)).ranking.rank.tolist() == [2, 1, 2, 4]
    assert table((0.5,), (0.9,), (0.5,), (0.1,), scoring={"rank_rule": "dense"}).ranking.rank.tolist() == [2, 1, 2, 3]
    computed = table((0.5,), (0.9,), (0.5,), (0.1,), scoring={"rank_rule": "fractional"})
    assert computed.ranking.rank.tolist() == [2, 1, 2, 4]
    assert computed.ranking.fractional.tolist() == [2.5, 1.0, 2.5, 4.0]


def test_nan_in_rank() -> None:
    computed = table((0.5,), (N,), (0.1,))
    assert computed.ranking.rank.tolist() == [1, UNRANKED, 2]
    assert computed.ranking.ranked.tolist() == [2, 2, 2]
    assert math.isnan(computed.ranking.percentile[1])


def test_percentiles_are_of_the_middle_of_a_tie() -> None:
    assert table((0.5,), (0.9,), (0.5,), (0.1,), (0.1,)).ranking.percentile.tolist() == [62.5, 100.0, 62.5, 12.5, 12.5]
    assert table((0.5,)).ranking.percentile.tolist() == [100.0], "n = 1"


def test_outranking_with_na() -> None:
    """A is missing for the second: the pair is decided on B alone, whatever A weighs."""
    assert full((0.0, 0.6), (N, 0.5), weights=(9, 1), aggregate="copeland") == [1.0, 0.0]
    assert full((0.5, N), (N, 0.5), aggregate="copeland") == [1.0, 1.0], "nothing in common, nobody to compare with"


def test_copeland_tie_245_of_49() -> None:
    """Weights of tenths that floats do not add up evenly: 0.1 + 0.2 against 0.3 is a tie, half a point each."""
    assert 0.1 + 0.2 != 0.3
    assert full((1.0, 1.0, 0.0), (0.0, 0.0, 1.0), weights=(0.1, 0.2, 0.3), aggregate="copeland") == [0.5, 0.5]
    assert whole_numbers([0.1, 0.2, 0.3]) == [1, 2, 3]
    assert sum(whole_numbers([1 / 3, 1 / 7, 0.1])) == pytest.approx(10**15, abs=2)
    split = (*(float(at % 2) for at in range(24)), 0.5)
    assert full(split, tuple(1.0 - one for one in split), aggregate="copeland") == [0.5, 0.5]


def test_copeland_of_too_many_units_is_refused() -> None:
    with pytest.raises(Undefined, match="5000 at most, and here are 5001"):
        full(*[(0.5,)] * (COPELAND_UNITS_MAX + 1), aggregate="copeland")


def test_places_are_shares_of_the_others() -> None:
    rows = ((0.9, 0.1), (0.5, 0.5), (0.1, 0.9))
    assert full(*rows, aggregate="borda", weights=(3, 1)) == [0.75, 0.5, 0.25]
    assert full(*rows, aggregate="copeland", weights=(3, 1)) == [1.0, 0.5, 0.0]
    assert full((0.4, 0.4), aggregate="borda") == [1.0], "alone"


def test_means_that_look_at_the_spread() -> None:
    assert full((0.2, 0.6), aggregate="minimum") == [0.2]
    assert full((0.2, 0.6), aggregate="mean_min") == [0.3]
    assert full((0.2, 0.6), aggregate="mean_min", minimum_share=0.25) == [0.35]
    assert full((0.2, 0.6), aggregate="penalised_mean") == [0.3], "0.4 - 0.04 / 0.4"
    assert full((0.0, 0.0), (1.0, 0.0), (0.9, 0.0), aggregate="penalised_mean", weights=(1, 3)) == [0.0, 0.0, 0.0]


def test_ordered_weights_go_to_the_best_child_first() -> None:
    assert full((0.2, 0.8), (0.8, 0.2), aggregate="owa", order_weights=[3, 1]) == [0.65, 0.65]
    assert full((0.5, 0.5), aggregate="owa", order_weights=[0, 7]) == [0.5]
    assert full((0.2, N), aggregate="owa", order_weights=[3, 1]) == [0.2], "one child takes the whole order"


def test_what_is_mandatory_stops_the_level_above() -> None:
    fields = {"A": {"mandatory": True}}
    assert full((N, 0.5), (0.5, N), fields=fields) == [None, 0.5]
    computed = table((N, 0.5), fields=fields, scoring={"missing": "zero"})
    assert np.isnan(computed.index.nodes[0].combined.score).all()
    assert computed.full.tolist() == [0.0], "and what has no score counts 0 above, where that is the policy"


def test_a_count_of_children_may_be_asked_for() -> None:
    assert full((0.5, N, N), (0.5, 0.7, N), min_children=2) == [None, 0.6]


def test_policies_are_those_of_the_indicator_then_the_group_then_the_index() -> None:
    fields = {"A": {"missing": "zero"}}
    assert full((N, 0.5, N), fields=fields) == [0.25], "A counts 0, C is left out"
    assert full((N, 0.5, N), missing="zero") == [pytest.approx(0.5 / 3)]
    assert full((N, 0.5, N), missing="missing", fields={"A": {"missing": "reweight"}}) == [None]


def test_a_missing_value_may_void_the_index() -> None:
    assert full((N, 0.5), (0.3, 0.5), fields={"A": {"missing": "void"}}) == [0.0, 0.4]


def test_a_component_of_exactly_zero_may_void_its_node() -> None:
    assert full((0.0, 0.5), (0.3, 0.5), zero_component="voids") == [0.0, 0.4]


def test_who_gains_by_not_reporting_is_told() -> None:
    computed = table((0.8, N), (0.8, 0.8), (N, N))
    np.testing.assert_allclose(computed.gain_of_silence, [0.4, 0.0, 0.0])


def test_ranks_are_kept_back_until_enough_is_reported() -> None:
    rows = ((0.9, N), (0.5, N), (0.4, 0.1))
    early = table(*rows, scoring={"rank_shown_from": 0.8})
    assert not early.shown.any()
    assert early.ranking.rank.tolist() == [1, 2, 3], "complete all the same"
    contents = unit_contents(early, np.arange(len(early.cohort.units)), provisional=True)
    assert [(one["rank"], one["rank_shown"], one["percentile"]) for one in contents] == [(None, False, None)] * 3
    assert contents[0]["bounds"] == {"low": 0.45, "high": 0.95, "rank_best": 1, "rank_worst": 2}
    whole = table(*rows, scoring={"rank_shown_from": 2 / 3})
    later = unit_contents(whole, np.arange(len(whole.cohort.units)), provisional=True)
    assert [(one["rank"], one["bounds"]["rank_best"]) for one in later] == [(1, None), (2, None), (3, None)]


def test_ties_are_broken_by_what_the_plan_names_and_by_nothing_else() -> None:
    rows = ((0.2, 0.6), (0.6, 0.2), (0.4, 0.4), (0.6, 0.2))
    assert table(*rows).ranking.rank.tolist() == [1, 1, 1, 1]
    assert table(*rows, scoring={"tie_break": ["A"]}).ranking.rank.tolist() == [4, 1, 3, 1]
    assert table(*rows, scoring={"tie_break": ["G", "B"]}).ranking.rank.tolist() == [1, 3, 2, 3]


def test_confidence_is_graded_at_its_limits() -> None:
    rows = ((0.5,) * 10, (0.5,) * 9 + (N,), (0.5,) * 8 + (N, N), (0.5,) * 6 + (N,) * 4, (0.5,) * 5 + (N,) * 5)
    computed = table(*rows)
    np.testing.assert_allclose(computed.confidence.value, [1.0, 0.9, 0.8, 0.6, 0.5])
    assert computed.confidence.grade.tolist() == [0, 0, 1, 2, 3]


def test_peer_groups_may_have_weights_of_their_own() -> None:
    sets = [{"peer_groups": ["Q"], "weights": {"A": 3.0, "B": 0.0}}]
    leaves = [indicator(code, goalposts(0, 1)) for code in "AB"]
    one = plan(
        group("G", indicators=leaves), peer_groups=("P", "Q"), scoring={"aggregate": "arithmetic", "weight_sets": sets}
    )
    values = {"A": np.array([0.2, 0.2]), "B": np.array([0.6, 0.6])}
    computed = evaluate(one, 2011, matrix(one, {"u1": "P", "u2": "Q"}, values))
    np.testing.assert_allclose(computed.full, [0.4, 0.2])


def test_an_indicator_that_does_not_tell_units_apart_yet_is_open() -> None:
    leaves = [indicator("A", goalposts(0, 1)), indicator("B", {"kind": "share_of_peer_max"})]
    one = plan(group("G", indicators=leaves), scoring={"aggregate": "arithmetic", "missing": "zero"})
    values = {"A": np.array([0.4, 0.8]), "B": np.array([math.nan, math.nan])}
    computed = evaluate(one, 2011, matrix(one, {"u1": "ALL", "u2": "ALL"}, values))
    np.testing.assert_allclose(computed.full, [0.4, 0.8])
    np.testing.assert_allclose(computed.bounds.low, [0.2, 0.4])
    np.testing.assert_allclose(computed.bounds.high, [0.7, 0.9])
    assert computed.rank_bounds.best.tolist() == [1, 1]
    assert computed.rank_bounds.worst.tolist() == [2, 2]
