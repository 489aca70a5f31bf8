"""What takes the place of a value that was not reported, from where, and how it is marked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from services.scoring.domain.impute import History, policies
from services.scoring.domain.reference import Reference
from shared.plan.model import Plan
from tests.services.scoring.domain.columns import YEAR, flagged, labels, leaf
from tests.services.scoring.plans import document, goalposts, group, indicator

NAN = math.nan
POSTS = goalposts(0, 10)
LEVELS = {"kind": "level_map", "levels": [{"level": 1, "share": 0.3, "names": {"vi": "a", "en": "a"}}]}


def history(**years: list[float]) -> History:
    """Final values of X: y2009=[...] and so on, one number per unit."""
    return History(tuple(int(name[1:]) for name in years), {"X": np.array(list(years.values()))})


def test_the_policy_is_the_nearest_one_above() -> None:
    leaves = [indicator(f"X{n}", POSTS, missing=own) for n, own in enumerate((None, "zero"))]
    inner = group("IN", indicators=[indicator("Z", POSTS)], missing="carry")
    plain = group("PLAIN", indicators=[indicator("P", POSTS)])
    outer = group("OUT", indicators=leaves, groups=[inner], missing="floor")
    plan = Plan.model_validate(document(outer, plain, scoring={"missing": "void", "aggregate": "arithmetic"}))
    assert policies(plan) == {"X0": "floor", "X1": "zero", "Z": "carry", "P": "void"}


@pytest.mark.parametrize("policy", ["zero", "reweight", "missing", "void"])
def test_these_put_nothing_in_place(policy: str) -> None:
    found = leaf(POSTS, [4, NAN], missing=policy, history=history(y2010=[1, 1]))
    assert labels(found) == ["observed", "not_reported"]
    assert found.policy == policy
    assert math.isnan(found.share[1])


def test_carry_takes_the_newest_final_value_that_is_not_too_old() -> None:
    earlier = history(y2008=[1, 2, 3, NAN], y2010=[NAN, 5, NAN, NAN], y2009=[4, 6, NAN, NAN])
    found = leaf(POSTS, [NAN] * 4, missing="carry", history=earlier, scoring={"carry_years_max": 2})
    assert labels(found) == ["carried", "carried", "not_reported", "not_reported"]
    assert found.share[:2].tolist() == [0.4, 0.5]
    assert found.age is not None
    assert found.age.tolist() == [2, 1, 0, 0]
    assert flagged(found, "unfilled") == [2, 3]


def test_a_carried_value_that_is_no_longer_believed_is_not_carried() -> None:
    found = leaf(POSTS, [NAN, NAN], missing="carry", history=history(y2010=[20, 2]), high=10.0)
    assert labels(found) == ["not_reported", "carried"]


def test_the_mean_and_the_median_are_those_of_the_peers() -> None:
    values, peers = [1, 2, 6, NAN, 100, NAN], "PPPPQQ"
    assert leaf(POSTS, values, peers=peers, missing="group_mean").column.value.tolist() == [1, 2, 6, 3, 100, 100]
    assert leaf(POSTS, values, peers=peers, missing="group_median").column.value.tolist() == [1, 2, 6, 2, 100, 100]


def test_the_mean_of_quotients_is_the_quotient_of_sums() -> None:
    found = leaf({"kind": "official_ratio"}, [], parts=([1, 1, NAN], [2, 8, NAN]), missing="group_mean", scale=100)
    assert found.column.value.tolist() == [50, 12.5, 20]
    assert found.share.tolist() == [0.5, 0.125, 0.2], "and the official ratio of it is that over the scale"
    assert labels(found)[2] == "imputed"


def test_a_line_goes_through_the_units_own_earlier_years() -> None:
    earlier = history(y2008=[1, 1, NAN], y2009=[2, NAN, NAN], y2010=[4, 3, 7])
    found = leaf(POSTS, [NAN] * 3, missing="linear", history=earlier, scoring={"carry_years_max": 3})
    assert labels(found) == ["imputed", "imputed", "not_reported"]
    assert found.column.value[:2].tolist() == pytest.approx([16 / 3, 4])
    short = leaf(POSTS, [NAN] * 3, missing="linear", history=earlier, scoring={"carry_years_max": 2})
    assert labels(short) == ["imputed", "not_reported", "not_reported"], "2008 is too long ago"


def test_a_line_stays_within_what_is_believed() -> None:
    earlier = history(y2009=[4, 60], y2010=[1, 90])
    parts = ([NAN, NAN], [NAN, NAN])
    more: dict[str, Any] = {"history": earlier, "scoring": {"carry_years_max": 2}, "missing": "linear", "scale": 100}
    found = leaf({"kind": "official_ratio"}, [], parts=parts, type="ratio", **more)
    assert found.column.value.tolist() == [0, 100]
    found = leaf(POSTS, [NAN, NAN], low=2.0, high=11.0, **{**more, "scale": 1})
    assert found.column.value.tolist() == [2, 11]


def test_the_floor_is_a_percentile_of_the_shares_of_those_that_reported() -> None:
    values = [0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, NAN]
    found = leaf(POSTS, values, missing="floor")
    assert (labels(found)[-1], found.share[-1], found.floor) == ("imputed", 0.1, 0.1)
    assert leaf(POSTS, values, missing="floor", scoring={"floor_percentile": 25}).share[-1] == 0.25
    frozen = Reference("last", floors={"X": 0.07})
    assert leaf(POSTS, values, missing="floor", reference=frozen).share[-1] == 0.07


def test_no_post_and_no_place_is_taken_from_what_was_put_in_place() -> None:
    earlier = history(y2010=[NAN, NAN, NAN, 50])
    found = leaf({"kind": "minmax"}, [0, 5, 10, NAN], missing="carry", history=earlier)
    assert found.share.tolist() == [0, 0.5, 1, 1]
    assert found.posts[""]["high"] == 10
    assert flagged(found, "clipped") == [3]
    placed = leaf({"kind": "percentile"}, [0, 5, 10, NAN], missing="carry", history=earlier)
    assert placed.share.tolist() == [0, 0.5, 1, 1]
    assert placed.reference["compared"].tolist() == [3, 3, 3, 4], "it is one more among those that reported"
    spread = leaf({"kind": "zscore"}, [0, 5, 10, NAN], missing="carry", history=earlier)
    assert spread.posts[""] == {"mean": 5.0, "sd": 5.0}
    floor = leaf(POSTS, [0, 5, 10, NAN, NAN], missing="group_mean")
    assert floor.column.value.tolist() == [0, 5, 10, 5, 5]


def test_rubbish_is_worth_no_more_than_nothing() -> None:
    found = leaf(POSTS, [4, 99, NAN, 6], missing="group_mean", high=10.0)
    assert labels(found) == ["observed", "imputed", "imputed", "observed"]
    assert found.share.tolist() == [0.4, 0.5, 0.5, 0.6]
    assert flagged(found, "was_invalid") == [1]
    empty = leaf({"kind": "official_ratio"}, [], parts=([1, 0], [2, 0]), missing="floor")
    assert labels(empty) == ["observed", "imputed"]
    assert flagged(empty, "was_suppressed") == [1]


def test_what_does_not_apply_or_is_too_small_is_never_filled() -> None:
    found = leaf(POSTS, [4, NAN, 8], missing="group_mean", not_applicable=[False, True, False])
    assert labels(found)[1] == "not_applicable"
    small = leaf({"kind": "official_ratio"}, [], parts=([5, 1], [10, 2]), missing="group_mean", min_denominator=3)
    assert labels(small) == ["observed", "suppressed"]
    assert small.applicable.tolist() == [True, False], "it neither earns nor costs anything"
    assert small.column.value.tolist() == [0.5, 0.5], "and is shown"


def test_a_mean_that_is_no_level_is_invalid_and_not_a_number() -> None:
    """Refused at publication; computed all the same it must not become a share."""
    found = leaf(LEVELS, [1, NAN], missing="carry", history=history(y2010=[1, 2]))
    assert labels(found) == ["observed", "invalid"]


def test_a_history_of_other_indicators_or_later_years_says_nothing() -> None:
    assert labels(leaf(POSTS, [NAN], missing="carry", history=History((YEAR,), {"X": np.array([[5.0]])}))) == [
        "not_reported"
    ]
    assert labels(leaf(POSTS, [NAN], missing="carry", history=History((YEAR - 1,), {}))) == ["not_reported"]
