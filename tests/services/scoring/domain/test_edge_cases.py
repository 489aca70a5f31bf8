"""The table of edge cases, one test a row, named after the row: what today's tools get wrong with a single column."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from services.scoring.domain.undefined import Undefined
from shared.plan.model import Indicator
from tests.services.scoring.domain.columns import flagged, labels, leaf, shares
from tests.services.scoring.plans import goalposts, indicator

NAN = math.nan
MINMAX = {"kind": "minmax"}
RANGED: list[dict[str, Any]] = [MINMAX, {**MINMAX, "robust": True}, {**MINMAX, "outliers": "treat"},
                                {"kind": "zscore_minmax"}]  # fmt: skip
SPREAD: list[dict[str, Any]] = [*RANGED, {"kind": "zscore"}, {"kind": "zscore", "ddof": 0}, {"kind": "borda"},
                                {"kind": "percentile", "tie": "low"}]  # fmt: skip
PLACED: list[dict[str, Any]] = [{"kind": "percentile"}, {"kind": "borda"}]
COMPARING = [*SPREAD, {"kind": "percentile"}, {"kind": "share_of_peer_max"}]


@pytest.mark.parametrize("method", SPREAD)
def test_min_max_constant_column(method: dict[str, Any]) -> None:
    found = leaf(method, [7, 7, NAN, 7])
    assert labels(found) == ["excluded", "excluded", "not_reported", "excluded"]
    assert flagged(found, "zero_range") == [0, 1, 2, 3]
    assert not found.applicable.any(), "left out for everybody, reported or not"


@pytest.mark.parametrize(("policy", "share"), [("neutral", 0.5), ("full", 1.0)])
@pytest.mark.parametrize("method", SPREAD)
@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_min_max_constant_column_policy(method: dict[str, Any], policy: str, share: float, direction: str) -> None:
    found = leaf({**method, "zero_range": policy}, [7, 7, NAN], direction=direction)
    assert labels(found) == ["observed", "observed", "not_reported"]
    assert found.share[:2].tolist() == [share, share]
    assert flagged(found, "zero_range") == [0, 1]


@pytest.mark.parametrize("method", COMPARING)
def test_min_max_constant_column_refused(method: dict[str, Any]) -> None:
    with pytest.raises(Undefined) as caught:
        leaf({**method, "zero_range": "error"}, [0.0])
    assert (caught.value.code, caught.value.case) == ("X", "zero_range")
    assert labels(leaf({**method, "zero_range": "error"}, [NAN])) == ["not_reported"], "nobody to refuse"


@pytest.mark.parametrize("method", COMPARING)
def test_one_unit_only(method: dict[str, Any]) -> None:
    assert shares(goalposts(0, 10), [4]) == [0.4]
    if method["kind"] != "share_of_peer_max":  # the largest of one is known
        assert labels(leaf(method, [4])) == ["excluded"]


@pytest.mark.parametrize("method", COMPARING)
def test_nan_in_column(method: dict[str, Any]) -> None:
    with_gap, without = leaf(method, [1, NAN, 5, 9, 4]), leaf(method, [1, 5, 9, 4])
    assert labels(with_gap) == ["observed", "not_reported", *["observed"] * 3]
    assert with_gap.share[[0, 2, 3, 4]].tolist() == without.share.tolist()


@pytest.mark.parametrize("bad", [math.inf, -math.inf])
@pytest.mark.parametrize("method", [*COMPARING, goalposts(0, 10)])
def test_inf_in_column(method: dict[str, Any], bad: float) -> None:
    found, without = leaf(method, [1, bad, 5, 9, 4]), leaf(method, [1, 5, 9, 4])
    assert labels(found)[1] == "invalid"
    assert found.share[[0, 2, 3, 4]].tolist() == without.share.tolist()


@pytest.mark.parametrize("method", [*RANGED, goalposts(-1.7e308, 1.7e308)])
def test_range_overflows(method: dict[str, Any]) -> None:
    values = [-1.7e308, -1.7e308, 0, 1.7e308, 1.7e308] if method.get("robust") else [-1.7e308, 0, 1.7e308]
    found = leaf(method, values)
    assert sorted(set(found.share.tolist())) == [0.0, 0.5, 1.0]
    knots = {"kind": "piecewise", "knots": [{"value": -1.7e308, "share": 0}, {"value": 1.7e308, "share": 1}]}
    assert shares(knots, [-1.7e308, 0, 1.7e308]) == [0.0, 0.5, 1.0]


def test_range_overflows_in_a_zscore() -> None:
    assert shares({"kind": "zscore", "ddof": 0}, [-1.7e308, 1.7e308]) == [0.4, 0.6]
    tiny, huge = shares({"kind": "zscore"}, [1, 2, 4]), shares({"kind": "zscore"}, [1e300, 2e300, 4e300])
    assert tiny == huge


@pytest.mark.parametrize("method", COMPARING)
def test_all_missing_column(method: dict[str, Any]) -> None:
    found = leaf(method, [NAN, NAN])
    assert labels(found) == ["not_reported", "not_reported"]
    assert flagged(found, "zero_range") == [0, 1]
    assert not found.applicable.any(), "nobody loses by what nobody reported"
    assert leaf(goalposts(0, 1), [NAN, NAN]).applicable.all(), "fixed posts know what was missed"


@pytest.mark.parametrize("ddof", [0, 1])
def test_zscore_sigma_0_or_n_1(ddof: int) -> None:
    method = {"kind": "zscore", "ddof": ddof}
    assert labels(leaf(method, [3, 3])) == ["excluded"] * 2
    assert labels(leaf(method, [3])) == ["excluded"]
    assert labels(leaf(method, [0.1] * 3)) == ["excluded"] * 3, "the mean of three 0.1 is not 0.1 in floats"


@pytest.mark.parametrize("method", PLACED)
def test_percentile_rank_n_1(method: dict[str, Any]) -> None:
    assert labels(leaf(method, [3])) == ["excluded"]
    assert labels(leaf({**method, "within": "peer_group"}, [3, 1, 2], peers="PQQ")) == ["excluded"] + ["observed"] * 2


def test_percentile_all_equal() -> None:
    for direction in ("higher", "lower"):
        assert shares({"kind": "percentile"}, [5, 5, 5], direction=direction) == [0.5] * 3
    assert shares({"kind": "percentile"}, [1, 2, 2, 3]) == [0, 0.5, 0.5, 1]
    assert shares({"kind": "percentile", "tie": "low"}, [1, 2, 2, 3]) == [0, round(1 / 3, 12), round(1 / 3, 12), 1]


def test_x_over_max_all_negative() -> None:
    found = leaf({"kind": "share_of_peer_max"}, [-3, -1, -2])
    assert labels(found) == ["excluded"] * 3, "the worst must not become the best"


def test_x_over_max_lower_is_better() -> None:
    assert shares({"kind": "share_of_peer_max"}, [1, 2, 4], direction="lower") == [0.75, 0.5, 0]


@pytest.mark.parametrize(("direction", "worst"), [("higher", None), ("lower", 5)])
def test_target_equals_min(direction: str, worst: float | None) -> None:
    """A target where its scale begins cannot be published; tried in a what-if it scores nobody."""
    method = {"kind": "target", "baseline": 5, "worst": worst}
    found = leaf(method, [5, 6, NAN], targets={2011: 5}, direction=direction)
    assert labels(found) == ["excluded", "excluded", "not_reported"]
    assert flagged(found, "zero_range") == [0, 1, 2]
    assert not found.applicable.any()


def test_target_already_below_all_values() -> None:
    found = leaf({"kind": "target"}, [100, 150, 200], targets={2011: 50})
    assert found.share.tolist() == [1, 1, 1], "all at the cap"
    assert found.reference["over_achievement"].tolist() == [1, 2, 3], "the excess is kept"
    assert flagged(found, "over_achievement") == flagged(found, "clipped") == [0, 1, 2]
    lower = leaf({"kind": "target", "worst": 20}, [1, 2, 11], targets={2011: 10}, direction="lower")
    assert lower.share.tolist() == [1, 1, 0.9]


def test_goalposts_equal() -> None:
    for method in (goalposts(3, 3), goalposts(4, 3)):
        with pytest.raises(ValueError, match="low must be less than high"):
            Indicator.model_validate(indicator("X", method))


@pytest.mark.parametrize("policy", ["group_mean", "group_median", "floor"])
def test_mean_imputation_of_all_na(policy: str) -> None:
    found = leaf(goalposts(0, 10), [NAN, NAN, 4], peers="PPQ", missing=policy)
    if policy != "floor":  # the floor is that of everybody
        assert labels(found) == ["not_reported", "not_reported", "observed"]
        assert flagged(found, "unfilled") == [0, 1]
    assert labels(leaf(goalposts(0, 10), [NAN], missing=policy)) == ["not_reported"]
    assert flagged(leaf(goalposts(0, 10), [NAN], missing=policy), "unfilled") == [0]


def test_winsorise_constant() -> None:
    found = leaf({**MINMAX, "outliers": "treat", "zero_range": "neutral"}, [3, 3, 3, 3, 3])
    assert found.share.tolist() == [0.5] * 5
    assert flagged(found, "untreated") == [0, 1, 2, 3, 4]
    assert flagged(leaf({**MINMAX, "outliers": "treat"}, [1, 2, 900]), "untreated") == [0, 1, 2], "too few to tell"


def test_logarithm_of_what_has_none() -> None:
    for direction in ("higher", "lower"):
        found = leaf(goalposts(1, 100, log=True), [0, -5, 10, 100], direction=direction)
        assert found.share[:2].tolist() == [0, 0]
        assert flagged(found, "log_of_nonpositive") == [0, 1]
    assert found.formula == "min_max_goalposts.log.lower"


def test_not_applicable_is_not_missing_and_not_zero() -> None:
    found = leaf({"kind": "minmax"}, [0, 50, NAN, 100], not_applicable=[False, True, False, False])
    assert labels(found) == ["observed", "not_applicable", "not_reported", "observed"]
    assert found.applicable.tolist() == [True, False, True, True]
    np.testing.assert_array_equal(found.share, [0, NAN, NAN, 1])
