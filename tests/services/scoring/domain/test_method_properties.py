"""What must hold for every method: symmetries, monotonicity, and that who does not take part changes nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.scoring.domain.columns import leaf
from tests.services.scoring.domain.random_plans import METHODS
from tests.services.scoring.plans import goalposts

NAN = math.nan
relaxed = settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
rows = st.lists(st.integers(-100, 100).map(float), min_size=1, max_size=12)
gaps = st.lists(st.integers(-100, 100).map(float) | st.just(NAN), min_size=1, max_size=12)
IDS = [f"{n}-{method['kind']}" for n, method in enumerate(METHODS)]
COMPARED: list[dict[str, Any]] = [
    {"kind": "zscore_minmax"},
    {"kind": "minmax"},
    {"kind": "minmax", "robust": True},
    {"kind": "minmax", "outliers": "treat"},
    {"kind": "zscore"},
    {"kind": "zscore", "ddof": 0},
    {"kind": "percentile"},
    {"kind": "percentile", "tie": "low"},
    {"kind": "borda"},
]
RISING: list[dict[str, Any]] = [
    *[method for method in COMPARED if method.get("outliers") != "treat"],  # a treatment may set in in between
    {"kind": "share_of_peer_max"},
    {"kind": "linear_to_target"},
    {"kind": "target", "baseline": -50.0, "worst": 70.0},
    goalposts(-40, 60),
    {"kind": "steps", "steps": [{"at_least": -20, "share": 0.2}, {"at_least": 30, "share": 0.9}], "below": 0.1},
    {"kind": "piecewise", "knots": [{"value": -9, "share": 0}, {"value": 8, "share": 0.4}, {"value": 60, "share": 1}]},
]
FALLING: list[dict[str, Any]] = [
    *[method for method in RISING if method["kind"] not in ("steps", "piecewise")],
    {"kind": "steps", "steps": [{"at_least": -20, "share": 0.9}, {"at_least": 30, "share": 0.2}], "below": 0.1},
    {"kind": "lower_is_better", "worst": 90.0},
]


def shares(method: dict[str, Any], values: list[float], **more: Any) -> list[float]:
    if method["kind"] in ("linear_to_target", "target", "lower_is_better"):
        more.setdefault("targets", {2011: 25.0 if (method.get("worst") or 99) > 25 else 8.0})
    if method["kind"] == "official_ratio":
        more["parts"] = ([abs(value) for value in values], [100.0 if value == value else NAN for value in values])  # noqa: PLR0124
    weight = 0.0 if method["kind"] == "informational" else 1.0
    return list(leaf(method, values, weight=weight, **more).share.tolist())


@pytest.mark.parametrize("method", METHODS, ids=IDS)
@relaxed
@given(values=gaps, seed=st.randoms(use_true_random=False))
def test_the_order_of_units_changes_no_share(method: dict[str, Any], values: list[float], seed: Any) -> None:
    order = list(range(len(values)))
    seed.shuffle(order)
    found = shares(method, values)
    np.testing.assert_array_equal(shares(method, [values[at] for at in order]), [found[at] for at in order])


@pytest.mark.parametrize("method", METHODS, ids=IDS)
@relaxed
@given(values=gaps, others=rows)
def test_who_has_no_value_changes_no_share(method: dict[str, Any], values: list[float], others: list[float]) -> None:
    out = [False] * len(values) + [True] * len(others)
    found = shares(method, values)
    np.testing.assert_array_equal(shares(method, values + others, not_applicable=out)[: len(values)], found)
    silent = values + [NAN] * len(others)
    filled = shares(method, values, missing="group_mean")
    np.testing.assert_array_equal(shares(method, silent, missing="group_mean")[: len(values)], filled)


@pytest.mark.parametrize("method", METHODS, ids=IDS)
@relaxed
@given(values=rows, direction=st.sampled_from(["higher", "lower"]))
def test_a_share_is_between_0_and_1_or_the_cap(method: dict[str, Any], values: list[float], direction: str) -> None:
    if method["kind"] == "target" and direction == "lower":
        method = {"worst": 70.0} | method
    top = max(1.0, method.get("cap", 1.0))
    assert all(math.isnan(share) or 0 <= share <= top for share in shares(method, values, direction=direction))


@pytest.mark.parametrize("method", COMPARED, ids=[str(method) for method in COMPARED])
@relaxed
@given(values=rows, factor=st.integers(1, 9), shift=st.integers(-50, 50))
def test_scale_and_origin_do_not_matter(method: dict[str, Any], values: list[float], factor: int, shift: int) -> None:
    moved = [value * factor + shift for value in values]
    np.testing.assert_allclose(shares(method, moved), shares(method, values), atol=1e-9)


@relaxed
@given(values=rows, factor=st.integers(1, 9), shift=st.integers(-50, 50))
def test_scale_and_origin_do_not_matter_when_the_posts_move_too(values: list[float], factor: int, shift: int) -> None:
    def moved(value: float) -> float:
        return value * factor + shift

    def pair(of: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return of(float), of(moved)

    pairs = [
        pair(lambda to: {"kind": "target", "baseline": to(-30), "worst": None}),
        pair(lambda to: goalposts(to(-40), to(60))),
        pair(lambda to: {"kind": "optimum", "low": to(-9), "first": to(1), "last": to(5), "high": to(20)}),
        pair(lambda to: {"kind": "steps", "steps": [{"at_least": to(n), "share": n / 9} for n in (4, 9)]}),
        pair(lambda to: {"kind": "piecewise", "knots": [{"value": to(n), "share": n / 9} for n in (0, 4, 9)]}),
    ]  # fmt: skip
    for plain, other in pairs:
        before = shares(plain, values, targets={2011: 25.0})
        after = shares(other, [moved(value) for value in values], targets={2011: moved(25)})
        np.testing.assert_allclose(after, before, atol=1e-12)


@pytest.mark.parametrize("method", COMPARED, ids=[str(method) for method in COMPARED])
@relaxed
@given(values=rows)
def test_reflecting_values_and_direction_gives_the_same_shares(method: dict[str, Any], values: list[float]) -> None:
    mirrored = [-value for value in values]
    np.testing.assert_allclose(shares(method, mirrored, direction="lower"), shares(method, values), atol=1e-9)


@relaxed
@given(values=rows)
def test_reflecting_a_target_with_its_start_gives_the_same_shares(values: list[float]) -> None:
    plain = shares({"kind": "target", "baseline": -30, "cap": 1.5}, values, targets={2011: 25.0})
    mirror = {"kind": "target", "worst": 30, "cap": 1.5}
    mirrored = shares(mirror, [-value for value in values], targets={2011: -25.0}, direction="lower")
    np.testing.assert_array_equal(mirrored, plain)


@pytest.mark.parametrize(
    ("method", "direction"),
    [*((method, "higher") for method in RISING), *((method, "lower") for method in FALLING)],
    ids=str,
)
@relaxed
@given(values=rows, rise=st.integers(1, 60))
def test_a_better_value_never_lowers_the_own_share(
    method: dict[str, Any], direction: str, values: list[float], rise: int
) -> None:
    before = shares(method, values, direction=direction)[0]
    values[0] += rise if direction == "higher" else -rise
    after = shares(method, values, direction=direction)[0]
    assert math.isnan(before) or math.isnan(after) or after >= before - 1e-12


@relaxed
@given(values=rows)
def test_the_mid_rank_is_symmetric(values: list[float]) -> None:
    plain = shares({"kind": "percentile"}, values)
    mirrored = shares({"kind": "percentile"}, [-value for value in values])
    np.testing.assert_allclose(np.array(plain) + np.array(mirrored), np.where(np.isnan(plain), NAN, 1.0), atol=1e-12)
