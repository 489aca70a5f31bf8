"""Groups of units: sums of numerators over sums of denominators, and who stood where on a day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.sources import Accepted, Sources
from services.scoring.domain.totals import Total, how, totals
from services.scoring.domain.unit_tree import Placed, members, subtree
from shared.plan.model import Plan
from tests.services.scoring.domain.test_inputs import owed
from tests.services.scoring.plans import NAMES, goalposts, group, indicator, plan, quotient


def the_plan() -> Plan:
    level = {"kind": "level_map", "levels": [{"level": at, "share": at, "names": NAMES} for at in (0, 1)]}
    leaves = [
        quotient("Q", {"kind": "official_ratio"}, scale=100, min_denominator=10, empty_denominator="not_applicable"),
        indicator("COUNT", goalposts(0, 10), type="count"),
        indicator("FLOW", goalposts(0, 10), type="number", time="flow"),
        indicator("STOCK", goalposts(0, 10)),
        indicator("YES", {"kind": "boolean"}, type="boolean"),
        indicator("LEVEL", level, type="level"),
    ]
    return plan(group("G", indicators=leaves))


def computed(rows: dict[str, list[dict[str, object]]], *appraised: Appraised) -> Computation:
    ledger = tuple(owed(unit, form="F-ANNUAL") for unit in rows)
    reports = tuple(
        Accepted(f"report-{unit}", f"obligation-{unit}-0", 1, False, 1, 1, values) for unit, values in rows.items()
    )
    return compute(the_plan(), "sha", 2011, Sources(ledger, reports, appraised), 100)


def total(computation: Computation, code: str, units: set[str] | None = None) -> Total:
    cohort = computation.evaluation.cohort.units
    inside = np.array([units is None or unit in units for unit in cohort], dtype=bool)
    found = totals(computation.evaluation, dict(computation.overrides), inside)
    return next(each for each in found if each.indicator.code == code)


def parts(numerator: float, denominator: float) -> list[dict[str, object]]:
    return [{"indicator": "Q", "numerator": numerator, "denominator": denominator}]


def test_a_quotient_of_a_group_is_never_a_mean_of_quotients() -> None:
    computation = computed({"a": parts(90, 100), "b": parts(10, 1000), "c": []})
    found = total(computation, "Q")
    assert (found.numerator, found.denominator) == (100, 1100)
    assert found.value == pytest.approx(100 * 100 / 1100)
    assert (found.counted, found.missing, found.not_applicable) == (2, 1, 0)
    assert total(computation, "Q", {"a"}).value == 90
    nobody = total(computation, "Q", {"c"})
    assert (nobody.numerator, nobody.denominator, nobody.value, nobody.missing) == (None, None, None, 1)


def test_too_few_for_a_unit_are_not_too_few_for_its_group() -> None:
    computation = computed({"a": parts(1, 9), "b": parts(5, 9), "c": parts(0, 0)})
    statuses = {cell["status"] for content in computation.units() for cell in content["indicators"][:1]}
    assert "observed" not in statuses
    assert total(computation, "Q").value == pytest.approx(100 * 6 / 18)


def test_what_adds_up_is_added_and_what_has_no_sum_has_none() -> None:
    codes = {"COUNT": 3.0, "FLOW": 4.0, "STOCK": 5.0, "YES": 1.0, "LEVEL": 1.0}
    values: list[dict[str, object]] = [{"indicator": code, "value": value} for code, value in codes.items()]
    refused: list[dict[str, object]] = [{"indicator": "YES", "value": 0.0}]
    computation = computed({"a": values, "b": values, "c": refused})
    assert {code: total(computation, code).value for code in codes} == {
        "COUNT": 6,
        "FLOW": 8,
        "STOCK": None,
        "YES": pytest.approx(2 / 3),
        "LEVEL": None,
    }
    assert (total(computation, "STOCK").how, total(computation, "STOCK").counted) == ("none", 2)
    assert how(the_plan().indicator("FLOW")) == "sum"


def test_an_appraised_value_without_its_parts_is_missing_from_a_sum() -> None:
    given_value = Appraised("a", "Q", "value", 1, 5, value=50.0)
    with_parts = Appraised("a", "Q", "value", 1, 5, value=50.0, numerator=20.0, denominator=40.0)
    rows = {"a": parts(90, 100), "b": parts(10, 100)}
    found = total(computed(rows, given_value), "Q")
    assert (found.numerator, found.counted, found.missing) == (10, 1, 1)
    assert total(computed(rows, with_parts), "Q").numerator == 30


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(10, 1e9)), min_size=2, max_size=8))
def test_the_total_of_a_group_is_that_of_its_parts_in_any_order(pairs: list[tuple[float, float]]) -> None:
    rows = {f"u{at}": parts(*pair) for at, pair in enumerate(pairs)}
    turned = dict(sorted(rows.items(), reverse=True))
    whole = total(computed(rows), "Q")
    assert whole == total(computed(turned), "Q")
    half = {f"u{at}" for at in range(len(pairs) // 2)}
    one, other = total(computed(rows), "Q", half), total(computed(rows), "Q", set(rows) - half)
    assert whole.numerator == pytest.approx((one.numerator or 0) + (other.numerator or 0))


def test_a_subtree_is_that_of_the_day() -> None:
    units = (
        Placed("root", None),
        Placed("dept", "root"),
        Placed("moved", "dept", (("2011-06-30", "root"), ("2011-09-30", None))),
        Placed("leaf", "moved"),
    )
    assert subtree(units, "dept", "2011-12-31") == {"dept", "moved", "leaf"}
    assert subtree(units, "dept", "2011-06-30") == {"dept"}
    assert subtree(units, "root", "2011-06-30") == {"root", "dept", "moved", "leaf"}
    assert subtree(units, "root", "2011-07-01") == {"root", "dept"}
    days = {"moved": "2011-12-31", "leaf": "2011-09-30", "root": "2011-12-31"}
    assert members(units, "dept", days) == {"moved"}
    circle = (Placed("a", "b"), Placed("b", "a"))
    assert subtree(circle, "a", "2011-01-01") == {"a", "b"}, "bad data does not hang"
