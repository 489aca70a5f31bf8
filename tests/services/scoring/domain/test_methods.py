"""Edge cases of methods, values and aggregates, each with what today's tools get wrong in mind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from services.scoring.domain.annual import KINDS, Reported, annual
from services.scoring.domain.cells import Status, blank
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.rank import ranking
from services.scoring.domain.rounding import half_up
from shared.plan.model import Indicator
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import NAMES, goalposts, group, indicator, plan, quotient

NAN = math.nan
ZSCORE = {"kind": "zscore_minmax"}
PEER_MAX = {"kind": "share_of_peer_max"}
TARGET = {"kind": "linear_to_target"}


def column(method: dict[str, Any], values: list[float], **fields: Any) -> tuple[list[str], list[float]]:
    """(statuses, shares) of one indicator over units in one peer group."""
    computed = single(method, values, **fields)
    leaf = computed.leaves["X"]
    return [Status(int(s)).label for s in leaf.status], leaf.share.tolist()


def single(method: dict[str, Any], values: list[float], *, scoring: Any = None, **fields: Any) -> Evaluation:
    one = plan(
        group("G", indicators=[indicator("X", method, **fields)]), scoring=scoring or {"aggregate": "arithmetic"}
    )
    units = {f"U{n:03}": "ALL" for n in range(len(values))}
    return evaluate(one, 2011, matrix(one, units, {"X": np.array(values, dtype=float)}))


@pytest.mark.parametrize("method", [ZSCORE])
def test_a_constant_column_is_excluded_and_flagged_for_everybody(method: dict[str, Any]) -> None:
    computed = single(method, [3, 3, 3])
    assert set(computed.leaves["X"].status.tolist()) == {Status.EXCLUDED}
    assert computed.leaves["X"].flags["zero_range"].all()
    assert np.isnan(computed.full).all()
    assert computed.ranking.rank.tolist() == [0, 0, 0]


def test_one_unit_alone_is_scored_on_fixed_posts_and_excluded_on_the_cohorts() -> None:
    assert column(goalposts(0, 10), [4]) == (["observed"], [0.4])
    assert column(ZSCORE, [4])[0] == ["excluded"]


def test_a_missing_cell_leaves_the_others_as_they_are() -> None:
    statuses, shares = column(ZSCORE, [0, NAN, 5, 10])
    assert statuses == ["observed", "not_reported", "observed", "observed"]
    assert (shares[0], shares[2], shares[3]) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize("bad", [math.inf, -math.inf])
@pytest.mark.parametrize("method", [ZSCORE, goalposts(0, 10), PEER_MAX])
def test_an_infinite_value_is_invalid_and_spoils_nothing(method: dict[str, Any], bad: float) -> None:
    statuses, shares = column(method, [1, bad, 2])
    assert statuses == ["observed", "invalid", "observed"]
    assert np.isfinite([shares[0], shares[2]]).all()


@pytest.mark.parametrize("method", [ZSCORE, goalposts(-1.7e308, 1.7e308)])
def test_a_range_beyond_the_largest_number_gives_0_half_and_1(method: dict[str, Any]) -> None:
    assert column(method, [-1.7e308, 0, 1.7e308])[1] == [0.0, 0.5, 1.0]


def test_a_column_that_nobody_reported_is_missing_for_everybody() -> None:
    assert column(goalposts(0, 10), [NAN, NAN])[0] == ["not_reported", "not_reported"]


def test_the_peer_maximum_without_anybody_above_zero_says_nothing() -> None:
    assert column(PEER_MAX, [0, 0])[0] == ["excluded", "excluded"]
    assert column(PEER_MAX, [-3, -1, -2])[0] == ["excluded"] * 3, "the worst must not become the best"


def test_lower_is_better_is_reflected_in_score_space() -> None:
    assert column(PEER_MAX, [1, 2, 4], direction="lower")[1] == [0.75, 0.5, 0.0]
    assert column(goalposts(0, 10), [1, 12], direction="lower")[1] == [0.9, 0.0]
    assert column({"kind": "boolean"}, [0, 1], direction="lower")[1] == [1.0, 0.0]


def test_a_target_is_reached_linearly_and_capped() -> None:
    assert column(TARGET, [0, 40, 80, 999, -5], targets={2011: 80})[1] == [0, 0.5, 1, 1, 0]
    assert column({**TARGET, "cap": 1.5}, [160, 100], targets={2011: 80})[1] == [1.5, 1.25]
    assert column(TARGET, [0, 8, 4], targets={2011: 4}, direction="lower")[1] == [1, 0.5, 1]


@pytest.mark.parametrize(("policy", "status", "share"), [("full", "observed", 1.0), ("zero", "observed", 0.0)])
def test_a_zero_target_follows_the_plans_policy(policy: str, status: str, share: float) -> None:
    assert column({**TARGET, "zero_target": policy}, [0, 7], targets={2011: 0}) == ([status] * 2, [share] * 2)
    assert column({**TARGET, "zero_target": "exclude"}, [0, 7], targets={2011: 0})[0] == ["excluded"] * 2


def test_a_year_without_a_target_is_not_scored_and_says_so() -> None:
    computed = single(TARGET, [5], targets={2012: 10})
    assert computed.leaves["X"].status.tolist() == [Status.EXCLUDED]
    assert computed.leaves["X"].flags["no_target"].all()


def test_a_units_own_target_comes_before_the_plans() -> None:
    overrides = [{"unit": "U001", "targets": {2011: 10}}]
    assert column(TARGET, [5, 5], targets={2011: 5}, target_overrides=overrides)[1] == [1.0, 0.5]


def test_between_target_and_worst_it_is_linear() -> None:
    shares = column({"kind": "lower_is_better", "worst": 10}, [0, 2, 6, 10, 99], targets={2011: 2})[1]
    assert shares == [1, 1, 0.5, 0, 0]


def test_reaching_a_step_earns_it() -> None:
    steps = [{"at_least": 1, "share": 0.3}, {"at_least": 2, "share": 1}]
    assert column({"kind": "steps", "steps": steps}, [0.9, 1, 1.9, 2, 5])[1] == [0, 0.3, 0.3, 1, 1]


def test_a_level_that_is_not_listed_is_invalid() -> None:
    levels = [{"level": 1, "share": 0.5, "names": NAMES}, {"level": 3, "share": 1, "names": NAMES}]
    method = {"kind": "level_map", "levels": levels}
    assert column(method, [1, 2, 3, 9])[0] == ["observed", "invalid", "observed", "invalid"]


def test_a_boolean_is_true_or_false() -> None:
    assert column({"kind": "boolean"}, [0, 1, 0.5])[0] == ["observed", "observed", "invalid"]


def test_on_a_logarithmic_scale_what_is_not_above_zero_earns_nothing_and_is_flagged() -> None:
    computed = single(goalposts(1, 100, log=True), [0, -5, 10])
    np.testing.assert_allclose(computed.leaves["X"].share, [0, 0, 0.5])
    assert computed.leaves["X"].flags["log_of_nonpositive"].tolist() == [True, True, False]


def test_outside_the_believed_range_is_invalid_not_scored() -> None:
    assert column(goalposts(0, 100), [130, 50, -1], low=0, high=100)[0] == ["invalid", "observed", "invalid"]


def test_an_informational_indicator_is_shown_and_never_counted() -> None:
    one = plan(
        group("G", indicators=[indicator("X", goalposts(0, 10)), indicator("I", {"kind": "informational"}, weight=0)])
    )
    computed = evaluate(one, 2011, matrix(one, {"u": "ALL"}, {"X": np.array([5.0]), "I": np.array([99.0])}))
    assert (computed.full[0], computed.index.combined.coverage[0]) == (0.5, 1.0)
    assert computed.leaves["I"].column.value.tolist() == [99.0]


def reported(*entries: tuple[int, int, str, float, float, float]) -> Reported:
    """Entries (unit, period end, kind, value, numerator, denominator)."""
    unit, end, kind, value, numerator, denominator = zip(*entries, strict=True)
    return Reported(
        np.array(unit), np.array(end), np.array([KINDS[k] for k in kind], dtype=np.int8),
        np.array(value), np.array(numerator), np.array(denominator),
    )  # fmt: skip


def leaf(of: dict[str, Any]) -> Indicator:
    return Indicator.model_validate(of)


def test_flow_sums_numerators_and_denominators_apart() -> None:
    one = leaf(quotient("X", {"kind": "official_ratio"}, scale=100, time="flow"))
    made = annual(one, reported((0, 1, "reported", NAN, 1, 2), (0, 2, "reported", NAN, 1, 8)), np.array([2]))
    assert made.value.tolist() == [20.0], "2 / 10, not the mean of 50 % and 12.5 %"


def test_what_has_no_sum_is_not_summed() -> None:
    entries = reported(
        (0, 1, "reported", 1, NAN, NAN), (0, 2, "reported", 2, NAN, NAN), (1, 1, "reported", 3, NAN, NAN)
    )
    for kind, expected in (("duration", [1.5, 3]), ("level", [2, 3]), ("count", [3, 3])):
        one = leaf(indicator("X", goalposts(0, 10), type=kind, time="flow"))
        assert annual(one, entries, np.array([2, 2])).value.tolist() == expected, kind


def test_stock_and_year_to_date_take_the_last_period_that_says_something() -> None:
    entries = reported(
        (0, 2, "reported", 7, NAN, NAN), (0, 1, "reported", 5, NAN, NAN), (0, 3, "reported", NAN, NAN, NAN)
    )
    for time in ("stock", "cumulative_ytd"):
        one = leaf(indicator("X", goalposts(0, 10), type="count", time=time))
        assert annual(one, entries, np.array([3])).value.tolist() == [7.0]


def test_nil_is_a_zero_for_a_count_and_no_value_for_a_level() -> None:
    count = leaf(indicator("X", goalposts(0, 10), type="count", time="flow"))
    made = annual(count, reported((0, 1, "nil", NAN, NAN, NAN)), np.array([1]))
    assert (made.status[0], made.value[0]) == (Status.OBSERVED, 0.0)
    level = leaf(indicator("X", goalposts(0, 10), type="level"))
    assert annual(level, reported((0, 1, "nil", NAN, NAN, NAN)), np.array([1])).status[0] == Status.NOT_REPORTED


@pytest.mark.parametrize(("policy", "status"), [("not_applicable", "NOT_APPLICABLE"), ("error", "SUPPRESSED")])
def test_an_empty_denominator_is_never_zero_and_never_infinity(policy: str, status: str) -> None:
    one = leaf(quotient("X", {"kind": "official_ratio"}, empty_denominator=policy))
    made = annual(one, reported((0, 1, "nil", NAN, NAN, NAN)), np.array([1]))
    assert (made.status[0], math.isnan(made.value[0])) == (Status[status], True)


def test_not_applicable_missing_and_not_due_are_three_things() -> None:
    one = leaf(indicator("X", goalposts(0, 10), type="count", time="flow"))
    entries = reported(
        (0, 1, "not_applicable", NAN, NAN, NAN),
        (0, 2, "not_applicable", NAN, NAN, NAN),
        (1, 1, "not_applicable", NAN, NAN, NAN),
        (2, 1, "not_applicable", NAN, NAN, NAN),
        (2, 2, "reported", 4, NAN, NAN),
    )
    made = annual(one, entries, np.array([2, 2, 2, 2, 0]))
    assert [Status(int(s)).label for s in made.status] == [
        "not_applicable", "not_reported", "observed", "not_reported", "not_due",
    ]  # fmt: skip


def test_an_overflowing_sum_is_invalid() -> None:
    one = leaf(indicator("X", goalposts(0, 10), time="flow"))
    entries = reported((0, 1, "reported", 1.7e308, NAN, NAN), (0, 2, "reported", 1.7e308, NAN, NAN))
    assert annual(one, entries, np.array([2])).status[0] == Status.INVALID


def index(aggregate: str, shares: list[float], weights: list[float], **scoring: Any) -> float:
    """The index of one unit whose indicators have these shares (NaN: not reported)."""
    leaves = [indicator(f"X{n}", goalposts(0, 1), weight=w) for n, w in enumerate(weights)]
    least = scoring.pop("least", 0.0)
    one = plan(
        group("G", aggregate=aggregate, indicators=leaves, min_coverage=least, weight=sum(weights)),
        scoring={"aggregate": "arithmetic", **scoring},
    )
    values = {f"X{n}": np.array([share]) for n, share in enumerate(shares)}
    return float(evaluate(one, 2011, matrix(one, {"u": "ALL"}, values)).full[0])


def test_coverage_is_by_weight() -> None:
    heavy_missing = index("arithmetic", [NAN, 0.5], [9, 1], missing="reweight", least=0.5)
    assert math.isnan(heavy_missing), "1 of 2 indicators, but a tenth of the weight"
    assert index("arithmetic", [0.5, NAN], [9, 1], missing="reweight", least=0.5) == 0.5


def test_a_coverage_of_exactly_the_limit_passes_whatever_the_floats() -> None:
    shares, weights = [1, 1, 1, NAN, NAN], [0.2, 0.2, 0.2, 0.3, 0.1]
    assert sum(weights[:3]) != 0.6
    assert index("arithmetic", shares, weights, missing="reweight", least=0.6) == 1


@pytest.mark.parametrize(("policy", "expected"), [("zero", 0.25), ("reweight", 0.5), ("missing", NAN)])
def test_what_is_missing_follows_the_policy(policy: str, expected: float) -> None:
    np.testing.assert_equal(index("arithmetic", [0.5, NAN], [1, 1], missing=policy), expected)
    np.testing.assert_equal(index("points", [0.5, NAN], [1, 1], missing=policy), expected)


def test_when_all_present_children_weigh_nothing_the_node_is_missing() -> None:
    assert math.isnan(index("arithmetic", [0.5, NAN], [0, 1], missing="reweight"))


def test_a_zero_makes_the_geometric_mean_zero_unless_it_weighs_nothing() -> None:
    assert index("geometric", [0, 0.9], [1, 1]) == 0
    assert index("geometric", [0, 0.9], [0, 1]) == 0.9


def test_a_mean_never_leaves_the_range_of_its_children() -> None:
    for value in np.linspace(0.01, 0.99, 197).tolist():
        assert index("geometric", [value] * 3, [0.1, 0.2, 0.7]) == value
        assert index("arithmetic", [value] * 3, [0.1, 0.2, 0.7]) == value


def test_points_are_the_sum_over_the_applicable_maximum() -> None:
    assert index("points", [1, 0.5, NAN], [50, 30, 20]) == 0.65


def test_noise_of_binary_fractions_neither_ranks_nor_bands() -> None:
    published = half_up(np.array([0.1 + 0.2, 0.3]), 4)
    assert published[0] == published[1]
    assert ranking(published, np.zeros(2, dtype=np.int64), 1).rank.tolist() == [1, 1]


def test_half_goes_up_and_a_band_begins_at_its_bound() -> None:
    assert half_up(np.array([0.84995, 0.849949, 0.5]), 4).tolist() == [0.85, 0.8499, 0.5]
    bands = [{"code": code, "names": NAMES, "at_least": low} for code, low in (("HI", 0.85), ("LO", 0))]
    computed = single(goalposts(0, 1), [0.84995, 0.84994, NAN], scoring={"bands": bands, "missing": "missing"})
    assert computed.band.tolist() == [0, 1, -1], "not rated is no band"


def test_ties_share_the_best_place_within_their_group_and_the_unrated_are_not_ranked() -> None:
    value = np.array([0.5, 0.9, 0.5, NAN, 0.1, 0.5, 0.7])
    found = ranking(value, np.array([0, 0, 0, 0, 0, 1, 1]), 3)
    assert found.rank.tolist() == [2, 1, 2, 0, 4, 2, 1]
    assert found.ranked.tolist() == [4, 4, 4, 4, 4, 2, 2]
    assert ranking(blank(2), np.zeros(2, dtype=np.int64), 1).rank.tolist() == [0, 0]
