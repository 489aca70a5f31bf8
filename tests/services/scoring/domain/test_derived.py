"""Quotients over few, estimates, and the posts that a method takes from data or from the last final edition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.annual import Reported, of_many, of_one
from services.scoring.domain.cells import Status
from services.scoring.domain.reference import Reference
from shared.plan.model import Indicator
from tests.services.scoring.domain.columns import flagged, labels, leaf
from tests.services.scoring.plans import goalposts, indicator, quotient

NAN = math.nan
RATIO = {"kind": "official_ratio"}
MINMAX = {"kind": "minmax"}


def test_a_quotient_over_too_few_is_suppressed_and_shown() -> None:
    found = leaf(RATIO, [], parts=([2, 3, 0], [4, 5, 0]), min_denominator=5, scale=100)
    assert labels(found) == ["suppressed", "observed", "suppressed"]
    assert found.column.value[:2].tolist() == [50, 60]
    assert math.isnan(found.column.value[2])
    assert found.applicable.tolist() == [False, True, True], "an empty denominator is a fault, a small one is not"


def test_a_quotient_over_few_is_flagged() -> None:
    found = leaf(RATIO, [], parts=([1, 1], [29, 30]), small_denominator=30)
    assert labels(found) == ["observed"] * 2
    assert flagged(found, "small_denominator") == [0]


def test_quotients_of_small_denominators_are_pulled_to_that_of_everybody() -> None:
    found = leaf(goalposts(0, 100), [], parts=([1, 50, NAN], [1, 99, NAN]), shrink_by=10, scale=100)
    assert found.column.value[0] == pytest.approx(100 * (1 + 10 * 0.51) / 11)
    assert found.column.value[1] == pytest.approx(100 * (50 + 10 * 0.51) / 109)
    assert found.reference["reported"][:2].tolist() == [100, 100 * 50 / 99]
    assert found.posts[""]["pooled"] == 0.51
    assert flagged(found, "shrunk") == [0, 1]
    frozen = Reference("last", posts={"X": {"": {"pooled": 0.3}}})
    again = leaf(RATIO, [], parts=([1], [1]), shrink_by=10, reference=frozen)
    assert again.share[0] == pytest.approx((1 + 3) / 11)


def test_an_estimate_counts_and_says_that_it_is_one() -> None:
    found = leaf(MINMAX, [0, 5, 10], estimated=[False, True, True])
    assert labels(found) == ["observed", "estimated", "estimated"]
    assert found.share.tolist() == [0, 0.5, 1]
    assert found.reported.all()


def test_frozen_posts_come_from_the_reference_and_later_values_are_clipped() -> None:
    frozen = Reference("2010", posts={"X": {"": {"low": 0.0, "high": 20.0}}})
    found = leaf(MINMAX, [-1, 10, 25], reference=frozen)
    assert found.share.tolist() == [0, 0.5, 1]
    assert flagged(found, "frozen") == [0, 1, 2]
    assert flagged(found, "clipped") == [0, 2]
    assert flagged(found, "current_posts") == []
    assert found.posts == {"": {"low": 0.0, "high": 20.0}}
    assert found.reference["high"].tolist() == [20.0] * 3


def test_without_a_reference_the_current_values_are_used_and_it_is_said() -> None:
    found = leaf(MINMAX, [0, 10, NAN])
    assert found.share[:2].tolist() == [0, 1]
    assert flagged(found, "current_posts") == [0, 1]
    assert found.posts == {"": {"low": 0.0, "high": 10.0}}
    current = leaf(
        {**MINMAX, "posts": "current"},
        [0, 10],
        reference=Reference("x", posts={"X": {"": {"low": -10.0, "high": 10.0}}}),
    )
    assert current.share.tolist() == [0, 1]
    assert not {"current_posts", "frozen"} & set(current.flags)


def test_a_peer_group_that_the_reference_does_not_know_uses_its_own_values() -> None:
    frozen = Reference("2010", posts={"X": {"P": {"low": 0.0, "high": 20.0}}})
    found = leaf({**MINMAX, "within": "peer_group"}, [5, 10, 3, 7], peers="PPQQ", reference=frozen)
    assert found.share.tolist() == [0.25, 0.5, 0, 1]
    assert (flagged(found, "frozen"), flagged(found, "current_posts")) == ([0, 1], [2, 3])
    assert found.posts["Q"] == {"low": 3.0, "high": 7.0}


def test_everybody_or_the_peers() -> None:
    values, peers = [0, 10, 10, 30], "PPQQ"
    assert leaf(MINMAX, values, peers=peers).share.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1])
    assert leaf({**MINMAX, "within": "peer_group"}, values, peers=peers).share.tolist() == [0, 1, 0, 1]
    apart = leaf({"kind": "zscore", "ddof": 0, "within": "peer_group"}, values, peers=peers)
    assert apart.share.tolist() == pytest.approx([0.4, 0.6, 0.4, 0.6])
    assert apart.posts == {"P": {"mean": 5.0, "sd": 5.0}, "Q": {"mean": 20.0, "sd": 10.0}}


def test_a_group_without_range_is_left_out_and_the_other_is_not() -> None:
    found = leaf({**MINMAX, "within": "peer_group"}, [4, 4, 1, 2], peers="PPQQ")
    assert labels(found) == ["excluded", "excluded", "observed", "observed"]
    assert flagged(found, "zero_range") == [0, 1]


def test_the_largest_of_the_peers_may_be_frozen() -> None:
    frozen = Reference("2010", posts={"X": {"P": {"peer_max": 8.0}}})
    method = {"kind": "share_of_peer_max", "posts": "frozen"}
    assert leaf(method, [2, 4], reference=frozen).share.tolist() == [0.25, 0.5]
    assert leaf({**method, "posts": "current"}, [2, 4], reference=frozen).share.tolist() == [0.5, 1]


def test_robust_posts_are_the_5th_and_95th_percentile() -> None:
    found = leaf({**MINMAX, "robust": True}, [float(n) for n in range(101)])
    assert found.posts[""] == {"low": 5.0, "high": 95.0}
    assert found.share[[0, 5, 50, 95, 100]].tolist() == [0, 0, 0.5, 1, 1]
    assert flagged(found, "clipped") == [0, 1, 2, 3, 4, 96, 97, 98, 99, 100]


def test_the_formula_that_was_applied_has_a_name() -> None:
    ids = {
        leaf(method, [1, 2], **more).formula
        for method, more in (
            (MINMAX, {}),
            ({**MINMAX, "robust": True}, {"direction": "lower"}),
            ({"kind": "borda"}, {}),
            ({"kind": "target"}, {"targets": {2011: 3}}),
            ({"kind": "optimum", "low": 0, "first": 1, "last": 2, "high": 3}, {"direction": "none"}),
        )
    }
    assert ids == {"minmax", "minmax.robust.lower", "borda.low", "target", "optimum"}


def test_steps_are_reached_from_the_side_that_is_better() -> None:
    rising = {"kind": "steps", "steps": [{"at_least": 1, "share": 0.5}, {"at_least": 3, "share": 1}], "below": 0.1}
    assert leaf(rising, [0, 1, 2, 3, 4]).share.tolist() == [0.1, 0.5, 0.5, 1, 1]
    falling = {"kind": "steps", "steps": [{"at_least": 1, "share": 1}, {"at_least": 3, "share": 0.5}], "below": 0.1}
    assert leaf(falling, [0, 1, 2, 3, 4], direction="lower").share.tolist() == [1, 1, 0.5, 0.5, 0.1]


def test_knots_and_optimum() -> None:
    knots = {
        "kind": "piecewise",
        "knots": [{"value": 0, "share": 0.2}, {"value": 4, "share": 1}, {"value": 6, "share": 0.5}],
    }
    found = leaf(knots, [-1, 0, 2, 4, 5, 9])
    assert found.share.tolist() == pytest.approx([0.2, 0.2, 0.6, 1, 0.75, 0.5])
    assert flagged(found, "clipped") == [0, 5]
    best = {"kind": "optimum", "low": 0, "first": 4, "last": 5, "high": 10}
    assert leaf(best, [-1, 0, 1, 4, 4.5, 5, 7.5, 11]).share.tolist() == [0, 0, 0.25, 1, 1, 1, 0.5, 0]


def test_a_target_counts_from_its_baseline_and_may_exceed() -> None:
    method = {"kind": "target", "baseline": 20, "cap": 1.2}
    found = leaf(method, [10, 20, 40, 60, 62, 90], targets={2011: 60})
    assert found.share.tolist() == [0, 0, 0.5, 1, 1.05, 1.2]
    np.testing.assert_allclose(found.reference["over_achievement"], [NAN, NAN, NAN, NAN, 0.05, 0.75])
    assert flagged(found, "clipped") == [0, 5]


KIND = st.sampled_from([0, 1, 2, 3])
NUMBER = st.sampled_from([NAN, -1.0, 0.0, 1.0, 7.0])


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    entries=st.lists(st.tuples(st.integers(0, 5), KIND, NUMBER, NUMBER, NUMBER), max_size=6, unique_by=lambda e: e[0]),
    due=st.lists(st.integers(0, 3), min_size=6, max_size=6),
    kind=st.sampled_from(["number", "level", "duration", "rate"]),
    time=st.sampled_from(["flow", "stock"]),
)
def test_one_period_a_unit_is_read_as_any_number_of_periods_is(
    entries: list[tuple[int, int, float, float, float]], due: list[int], kind: str, time: str
) -> None:
    make = quotient if kind == "rate" else indicator
    one = Indicator.model_validate(make("X", goalposts(0, 9), type=kind, time=time))
    columns = [list(column) for column in zip(*sorted(entries), strict=True)] or [[]] * 5
    unit, said, value, numerator, denominator = columns
    told = Reported(
        np.array(unit, dtype=np.int64),
        np.ones(len(unit), dtype=np.int64),
        np.array(said, dtype=np.int8),
        *(np.array(row, dtype=np.float64) for row in (value, numerator, denominator)),
    )
    status, parts = of_one(one, told, np.array(due))
    expected, sums = of_many(one, told, np.array(due))
    np.testing.assert_array_equal(status, expected)
    for part, total in zip(parts, sums, strict=True):
        np.testing.assert_array_equal(part[status <= Status.ESTIMATED], total[status <= Status.ESTIMATED])
