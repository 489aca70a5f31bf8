"""Every method with every missing policy agrees with exact fractions: statuses, shares, and who is left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.impute import History
from services.scoring.domain.inputs import Inputs
from services.scoring.domain.reference import Reference
from services.scoring.domain.summary import LABELS
from shared.plan.model import Plan
from tests.services.scoring.domain.random_plans import METHODS, PEERS, YEAR, Draw, values
from tests.services.scoring.matrices import matrix
from tests.services.scoring.oracle_methods import Cell, scored, shown
from tests.services.scoring.plans import document, goalposts, group, indicator, quotient

POLICIES = ("zero", "reweight", "missing", "void", "floor", "carry", "group_mean", "group_median", "linear")
IMPUTING = ("floor", "carry", "group_mean", "group_median", "linear")
BACK = (YEAR - 5, YEAR - 2, YEAR - 1)
relaxed = settings(
    max_examples=1500,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
rare = st.integers(0, 3).map(lambda n: n == 0)


@dataclass
class Sheet:
    """One indicator with its cells, its earlier years, and the cells of the edition that posts are frozen from."""

    plan: Plan
    units: dict[str, str]
    cells: dict[str, Cell]
    last: dict[str, Cell] | None
    earlier: dict[str, dict[int, float]]

    def inputs(self, cells: dict[str, Cell]) -> Inputs:
        codes = sorted(self.units)
        given_ = [cells[unit].given for unit in codes]
        pairs = [one if isinstance(one, tuple) else (np.nan, np.nan) for one in given_]
        rows = np.array([[self.earlier.get(unit, {}).get(year, np.nan) for unit in codes] for year in BACK])
        return matrix(
            self.plan,
            self.units,
            {"X": np.array([one if isinstance(one, float) else np.nan for one in given_])},
            parts={"X": (np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]))},
            not_applicable={"X": np.array([one == "n/a" for one in given_])},
            estimated={"X": np.array([cells[unit].estimated for unit in codes])},
            history=History(BACK, {"X": rows}),
        )

    def reference(self) -> Reference | None:
        """The posts that an evaluation of the last edition's cells took."""
        if self.last is None:
            return None
        leaf = evaluate(self.plan, YEAR, self.inputs(self.last)).leaves["X"]
        return Reference("last", posts={"X": leaf.posts})

    def computed(self) -> Evaluation:
        return evaluate(self.plan, YEAR, self.inputs(self.cells), reference=self.reference())


@st.composite
def sheets(draw: Draw) -> Sheet:
    units = {f"U{n}": draw(st.sampled_from(PEERS)) for n in range(draw(st.integers(1, 9)))}
    leaf = draw(leaves())
    scoring = {
        "aggregate": "arithmetic",
        "missing": draw(st.sampled_from(POLICIES)),
        "carry_years_max": draw(st.sampled_from([1, 3, 5])),
        "floor_percentile": draw(st.sampled_from([0.0, 10.0, 50.0])),
    }
    policy = draw(st.sampled_from([None, *IMPUTING]))
    above = group("G", indicators=[leaf, indicator("Y", goalposts(0, 1))], missing=policy)
    one = Plan.model_validate(document(above, peer_groups=PEERS, scoring=scoring))
    drawn = cells_of(one, units)
    earlier = st.dictionaries(st.sampled_from(BACK), st.integers(-4, 14).map(float))
    return Sheet(
        one, units, draw(drawn), draw(st.none() | drawn), {unit: draw(earlier) for unit in units if draw(st.booleans())}
    )


def cells_of(one: Plan, units: dict[str, str]) -> st.SearchStrategy[dict[str, Cell]]:
    number: st.SearchStrategy[Any] = st.one_of(values, st.sampled_from([0.0, 1.0, 2.0, 3.0, 900.0, -500.0]))
    if one.indicators()[0].is_quotient:
        number = st.tuples(st.integers(0, 12).map(float), st.integers(0, 10).map(float))
    given_ = st.one_of(number, number, number, st.none(), st.just("n/a"))
    return st.fixed_dictionaries({unit: st.builds(Cell, given_, rare) for unit in units})


@st.composite
def leaves(draw: Draw) -> dict[str, Any]:
    method = draw(st.sampled_from(METHODS))
    kind = method["kind"]
    fields: dict[str, Any] = {"direction": draw(st.sampled_from(["higher", "lower"]))}
    if kind == "target" and fields["direction"] == "lower" and "worst" not in method:
        fields["direction"] = "higher"
    fields["weight"] = 0.0 if kind == "informational" else 1.0
    fields["missing"] = draw(st.sampled_from([None, *POLICIES]))
    if kind in ("linear_to_target", "lower_is_better", "target"):
        goals = st.sampled_from([3.0, 8.0] if kind == "lower_is_better" else [-1.0, 0.0, 3.0, 8.0])
        goals = goals if kind == "target" else goals.map(abs)
        fields["targets"] = {draw(st.sampled_from([YEAR, YEAR, YEAR, YEAR + 1])): draw(goals)}
        fields["target_overrides"] = [{"unit": "U1", "targets": {YEAR: draw(goals)}}] if draw(st.booleans()) else []
    if draw(rare):
        fields["applies_to"] = ["P"]
    if draw(rare):
        fields |= {"low": -1.0, "high": 11.0}
    if kind == "official_ratio" or (kind != "level_map" and draw(rare)):
        fields["type"] = draw(st.sampled_from(["ratio", "rate"]))
        fields["empty_denominator"] = draw(st.sampled_from(["error", "not_applicable"]))
        fields["min_denominator"] = draw(st.sampled_from([0.0, 0.0, 3.0]))
        fields["shrink_by"] = draw(st.sampled_from([0.0, 0.0, 2.5]))
        return quotient("X", method, scale=draw(st.sampled_from([1.0, 10.0])), **fields)
    return indicator("X", method, **fields)


@relaxed
@given(sheet=sheets())
def test_every_status_and_share_agrees_with_exact_fractions(sheet: Sheet) -> None:
    leaf, reference = sheet.computed().leaves["X"], sheet.reference()
    expected = scored(
        sheet.plan,
        sheet.plan.indicators()[0],
        YEAR,
        sheet.units,
        sheet.cells,
        history={"X": sheet.earlier},
        posts=reference.posts if reference else None,
    )
    for at, unit in enumerate(sorted(sheet.units)):
        status, share = expected[unit]
        label, found = LABELS[leaf.status[at]], float(leaf.share[at])
        assert label == shown(status), unit
        assert leaf.applicable[at] == (status in COUNTS and leaf.indicator.method.kind != "informational"), unit
        assert (share is None) == math.isnan(found), unit
        assert share is None or math.isclose(found, share, rel_tol=1e-10, abs_tol=1e-10), unit


COUNTS = {"observed", "estimated", "imputed", "carried", "not_reported", "suppressed", "invalid"}


@settings(relaxed, max_examples=300)
@given(sheet=sheets())
def test_the_numbers_that_are_told_are_the_ones_that_were_used(sheet: Sheet) -> None:
    """Computing again with the posts that were told, frozen, gives the same shares to those that reported."""
    method = sheet.plan.indicators()[0].method
    first = sheet.computed()
    if getattr(method, "posts", "") != "frozen":
        return
    again = evaluate(
        sheet.plan, YEAR, sheet.inputs(sheet.cells), reference=Reference("x", posts={"X": first.leaves["X"].posts})
    )
    np.testing.assert_array_equal(again.leaves["X"].share, first.leaves["X"].share)
