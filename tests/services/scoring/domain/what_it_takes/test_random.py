"""Each answer is held against the whole evaluation computed again with the changed value, and with slightly less."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.decompose.places import rank_of
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.what_it_takes import what_it_takes
from services.scoring.domain.what_it_takes.ends import limits, whole_numbers
from services.scoring.domain.what_it_takes.trial import Lever, supposed
from shared.plan.model import Plan
from tests.services.scoring.domain.random_plans import YEAR, Case, cases
from tests.services.scoring.matrices import matrix
from tests.services.scoring.oracle import Cell
from tests.services.scoring.plans import NAMES, goalposts, group, indicator
from tests.services.scoring.plans import plan as plan_of

relaxed = settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def asked(case: Case, unit: str, rank: int | None = None) -> tuple[Evaluation, dict[str, Any]]:
    computed, inputs = evaluate(case.plan, YEAR, case.inputs()), case.inputs()
    told = what_it_takes(computed, inputs, unit, again=lambda changed: evaluate(case.plan, YEAR, changed), rank=rank)
    return computed, told


def with_value(case: Case, unit: str, row: dict[str, Any], value: float, numerator: float | None) -> Evaluation:
    """The case with this one cell reported otherwise, evaluated from scratch."""
    quotient = next(one for one in case.plan.indicators() if one.code == row["code"]).is_quotient
    given: Any = (numerator, row["denominator"]) if quotient and numerator is not None else value
    if quotient and numerator is None:
        given = (value / next(one.scale for one in case.plan.indicators() if one.code == row["code"]), 1.0)
    cells = {**case.cells, row["code"]: {**case.cells[row["code"]], unit: Cell(given)}}
    return evaluate(case.plan, YEAR, replace(case, cells=cells).inputs())


def band_is_better(trial: Evaluation, computed: Evaluation, unit: str) -> bool:
    was, now = (int(one.band[one.cohort.position[unit]]) for one in (computed, trial))
    return NOT_RATED != now < was


def less(row: dict[str, Any], part: float) -> tuple[float, float | None]:
    """So much short of what is needed, in value and numerator."""
    numerator = None
    if row["numerator_needed"] is not None:
        numerator = row["numerator"] + row["numerator_delta"] * (1 - part)
    return row["value"] + row["delta"] * (1 - part), numerator


@relaxed
@given(case=cases(), choice=st.integers(0, 5))
def test_the_needed_value_lifts_the_unit_and_slightly_less_does_not(case: Case, choice: int) -> None:
    unit = sorted(case.units)[choice % len(case.units)]
    computed, told = asked(case, unit)
    efforts = [row["effort"] for row in told["indicators"] if row["possible"]]
    assert efforts == sorted(efforts)
    for row in told["indicators"]:
        if not row["possible"]:
            continue
        assert band_is_better(
            with_value(case, unit, row, row["value_needed"], row["numerator_needed"]), computed, unit
        ), row
        if row["value"] is None or whole_numbers(computed.leaves[row["code"]]):
            continue
        short, numerator = less(row, 1e-6)
        assert not band_is_better(with_value(case, unit, row, short, numerator), computed, unit), row


@relaxed
@given(case=cases(), choice=st.integers(0, 5))
def test_what_is_called_impossible_is_reached_by_no_value_of_a_fine_grid(case: Case, choice: int) -> None:
    unit = sorted(case.units)[choice % len(case.units)]
    computed, told = asked(case, unit)
    inputs, at = case.inputs(), computed.cohort.position[unit]
    for row in told["indicators"]:
        if row["possible"]:
            continue
        leaf = computed.leaves[row["code"]]
        low, high = limits(leaf)
        lever = Lever(leaf, at)
        for value in np.linspace(max(low, -30), min(high, 40), 15):
            point = float(round(value)) if whole_numbers(leaf) else float(value)
            changed = supposed(inputs, row["code"], at, lever.cell(lever.position(point)))
            trial = evaluate(case.plan, YEAR, changed)
            assert not band_is_better(trial, computed, unit), (row, point)


@relaxed
@given(case=cases(), choice=st.integers(0, 5), rank=st.integers(1, 3))
def test_a_rank_is_reached_by_the_needed_value(case: Case, choice: int, rank: int) -> None:
    unit = sorted(case.units)[choice % len(case.units)]
    computed, told = asked(case, unit, rank)
    held = rank_of(computed, unit)
    assert told["reached"] == (held is not None and held <= rank)
    for row in told["indicators"]:
        if row["possible"]:
            trial = with_value(case, unit, row, row["value_needed"], row["numerator_needed"])
            reached = rank_of(trial, unit)
            assert reached is not None
            assert reached <= rank, row


def test_a_unit_in_the_best_band_has_reached_it() -> None:
    plan = small([0.4, 0])
    told = what_it_takes(*given_values(plan, [9.0]), again=lambda held: evaluate(plan, YEAR, held))
    assert (told["reached"], told["goal"], told["indicators"]) == (True, None, [])


def test_the_delta_of_a_straight_line_is_the_missing_index_over_weight_times_slope() -> None:
    plan = small([0.7, 0.3, 0])
    told = what_it_takes(*given_values(plan, [5.0]), again=lambda held: evaluate(plan, YEAR, held))
    [row] = told["indicators"]
    assert told["goal"]["missing"] == 0.7 - 0.5
    # Half-up at four decimals: 0.69995 is published as 0.7.
    assert math.isclose(row["delta"], (0.7 - 0.5 - 0.00005) / 0.1, abs_tol=1e-7)
    assert row["sentence"]["en"] == "6.9995 instead of 5 would do (1.9995 more)."
    assert row["sentence"]["vi"] == "Cần đạt 6,9995 thay vì 5 (thêm 1,9995)."


def small(lows: list[float]) -> Plan:

    bands = [{"code": f"B{place}", "names": NAMES, "at_least": low} for place, low in enumerate(lows)]
    one = indicator("X", goalposts(0, 10))
    return plan_of(group("G", indicators=[one]), scoring={"aggregate": "arithmetic", "bands": bands})


def given_values(plan: Plan, values: list[float]) -> tuple[Evaluation, Any, str]:

    units = {f"u{place}": "ALL" for place in range(len(values))}
    inputs = matrix(plan, units, {"X": np.array(values)})
    return evaluate(plan, YEAR, inputs), inputs, "u0"
