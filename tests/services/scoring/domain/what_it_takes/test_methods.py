"""Every method in both directions on plans where the next band is near: found where it can be, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.inputs import Inputs
from services.scoring.domain.what_it_takes import what_it_takes
from services.scoring.domain.what_it_takes.ends import limits, whole_numbers
from services.scoring.domain.what_it_takes.trial import Lever, supposed
from shared.plan.model import Plan
from tests.services.scoring.domain.random_plans import METHODS, YEAR
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import NAMES, goalposts, group, indicator, quotient
from tests.services.scoring.plans import plan as plan_of

UNITS, SEEDS = 6, range(3)
LOWS = (0.8, 0.7, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3, 0.2, 0)
BANDS = [{"code": f"B{place}", "names": NAMES, "at_least": low} for place, low in enumerate(LOWS)]
SCORED = [method for method in METHODS if method["kind"] != "informational"]


def plan_with(method: dict[str, Any], direction: str, aggregate: str) -> Plan:
    fields: dict[str, Any] = {"direction": direction, "weight": 2.0}
    if method["kind"] in ("linear_to_target", "lower_is_better", "target"):
        fields["targets"] = {YEAR: 8.0 if method["kind"] == "linear_to_target" else 6.0}
    made = quotient("X", method, **fields) if method["kind"] == "official_ratio" else indicator("X", method, **fields)
    leaves = [made, indicator("Y", goalposts(0, 10))]
    scoring = {"aggregate": "arithmetic", "bands": BANDS, "decimals": 6}
    return plan_of(group("G", aggregate=aggregate, indicators=leaves), scoring=scoring)


def numbers(plan: Plan, seed: int) -> Inputs:
    dice = np.random.default_rng(seed)
    kind = plan.indicator("X").method.kind
    row = np.round(dice.uniform(-2, 10, UNITS), 2)
    if kind in ("level_map", "boolean"):
        row = dice.integers(0, 4 if kind == "level_map" else 2, UNITS).astype(float)
    values = {"X": row, "Y": np.round(dice.uniform(1, 9, UNITS), 2)}
    parts = {"X": (dice.integers(0, 20, UNITS).astype(float), np.full(UNITS, 20.0))}
    return matrix(plan, {f"u{place}": "ALL" for place in range(UNITS)}, values, parts=parts)


def rises(plan: Plan, inputs: Inputs, before: Evaluation, at: int, position: float) -> bool:
    lever = Lever(before.leaves["X"], at)
    trial = evaluate(plan, YEAR, supposed(inputs, "X", at, lever.cell(position)))
    return -1 != int(trial.band[at]) < int(before.band[at])


@pytest.mark.parametrize("direction", ["higher", "lower"])
@pytest.mark.parametrize("method", SCORED, ids=lambda method: method["kind"])
def test_the_nearest_value_is_found_where_there_is_one(method: dict[str, Any], direction: str) -> None:
    for seed in SEEDS:
        plan = plan_with(method, direction, "geometric" if seed == 1 else "arithmetic")
        inputs = numbers(plan, seed)
        before = evaluate(plan, YEAR, inputs)
        told = what_it_takes(before, inputs, "u0", again=lambda held: evaluate(plan, YEAR, held))  # noqa: B023
        for row in told["indicators"]:
            if row["code"] == "X":
                check(plan, inputs, before, 0, row)


def check(plan: Plan, inputs: Inputs, before: Evaluation, at: int, row: dict[str, Any]) -> None:
    leaf = before.leaves["X"]
    lever, whole = Lever(leaf, at), whole_numbers(leaf)
    low, high = (lever.position(end) for end in limits(leaf))
    grid = np.unique(np.clip(np.linspace(-10, 20, 61), low, high))
    reaching = [float(one) for one in grid if (not whole or one == int(one)) and rises(plan, inputs, before, at, one)]
    if not row["possible"]:
        assert reaching == [], (row, reaching)
        return
    needed = row["value_needed"] if row["numerator_needed"] is None else row["numerator_needed"]
    assert rises(plan, inputs, before, at, needed), row
    if row["value"] is None:
        return
    held, away = lever.held, abs(needed - lever.held)
    assert all(abs(one - held) >= away * (1 - 1e-9) for one in reaching), (row, reaching)
    if not whole:
        assert not rises(plan, inputs, before, at, held + (needed - held) * (1 - 1e-7)), row


def test_each_method_can_be_moved() -> None:
    for method in SCORED:
        plan = plan_with(method, "higher", "arithmetic")
        assert any(moved(plan, seed, unit) for seed in range(6) for unit in ("u0", "u1", "u2")), method


def moved(plan: Plan, seed: int, unit: str) -> bool:
    inputs = numbers(plan, seed)
    told = what_it_takes(evaluate(plan, YEAR, inputs), inputs, unit, again=lambda held: evaluate(plan, YEAR, held))
    return any(row["code"] == "X" and row["possible"] for row in told["indicators"])
