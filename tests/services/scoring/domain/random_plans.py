"""Random small plans with every method, every aggregate, every policy, and cells of every kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from services.scoring.domain.inputs import Inputs
from shared.plan.model import Plan
from tests.services.scoring.matrices import matrix
from tests.services.scoring.oracle import Cell
from tests.services.scoring.plans import NAMES, document, goalposts, group, indicator, quotient

YEAR = 2011
PEERS = ("P", "Q")
Draw = Callable[..., Any]

values = st.one_of(
    st.integers(-3, 12).map(float), st.floats(-5, 15, allow_nan=False).map(lambda v: round(v, 4)), st.just(0.1 + 0.2)
)
weights = st.sampled_from([0.0, 0.1, 0.2, 0.3, 1.0, 2.5, 9.0])
levels = [
    {"level": level, "share": share, "names": NAMES} for level, share in ((0, 0.0), (1, 0.25), (2, 0.7), (3, 1.0))
]
METHODS: tuple[dict[str, Any], ...] = (
    {"kind": "linear_to_target"},
    {"kind": "linear_to_target", "cap": 1.2, "zero_target": "zero"},
    {"kind": "linear_to_target", "zero_target": "exclude"},
    {"kind": "official_ratio"},
    {"kind": "lower_is_better", "worst": 9.0},
    {"kind": "share_of_peer_max"},
    {
        "kind": "steps",
        "steps": [{"at_least": 1, "share": 0.2}, {"at_least": 4.5, "share": 0.6}, {"at_least": 8, "share": 1}],
    },
    {"kind": "level_map", "levels": levels},
    {"kind": "boolean"},
    goalposts(-2, 7),
    goalposts(0.5, 10, log=True),
    {"kind": "zscore_minmax", "ddof": 0},
    {"kind": "zscore_minmax", "ddof": 1},
    {"kind": "informational"},
    {"kind": "linear_to_target", "cap": 0.5},
    {"kind": "target", "baseline": -1.0, "worst": 20.0, "cap": 1.5},
    {"kind": "target", "worst": 9.5},
    {
        "kind": "steps",
        "steps": [{"at_least": 0, "share": 0.9}, {"at_least": 5, "share": 0.4}],
        "below": 0.3,
        "any_order": True,
    },
    {"kind": "share_of_peer_max", "posts": "frozen", "zero_range": "neutral"},
    {"kind": "zscore_minmax", "posts": "frozen", "zero_range": "full"},
    {"kind": "minmax"},
    {"kind": "minmax", "posts": "current", "within": "peer_group", "zero_range": "neutral"},
    {"kind": "minmax", "robust": True},
    {"kind": "minmax", "outliers": "treat"},
    {"kind": "minmax", "outliers": "treat", "within": "peer_group"},
    {"kind": "zscore"},
    {"kind": "zscore", "ddof": 0, "posts": "current", "within": "peer_group", "zero_range": "full"},
    {"kind": "percentile"},
    {"kind": "percentile", "tie": "low", "within": "peer_group"},
    {"kind": "percentile", "within": "peer_group", "zero_range": "neutral"},
    {"kind": "borda"},
    {"kind": "borda", "within": "peer_group", "zero_range": "full"},
    {
        "kind": "piecewise",
        "knots": [{"value": -1, "share": 0.1}, {"value": 2, "share": 0.8}, {"value": 9, "share": 0.3}],
    },
    {"kind": "optimum", "low": -2, "first": 3, "last": 3, "high": 8},
    {"kind": "optimum", "low": -2, "first": 1, "last": 4.5, "high": 11},
)


@dataclass
class Case:
    plan: Plan
    units: dict[str, str]
    cells: dict[str, dict[str, Cell]]

    def inputs(self) -> Inputs:
        codes = sorted(self.units)
        rows: dict[str, Any] = {}
        parts: dict[str, Any] = {}
        out: dict[str, Any] = {}
        for code, cells in self.cells.items():
            given = [cells[unit].given for unit in codes]
            out[code] = np.array([one == "n/a" for one in given])
            numbers = [one if isinstance(one, float) else np.nan for one in given]
            pairs = [one if isinstance(one, tuple) else (np.nan, np.nan) for one in given]
            rows[code] = np.array(numbers)
            parts[code] = (np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]))
        return matrix(self.plan, self.units, rows, parts=parts, not_applicable=out)


@st.composite
def cases(draw: Draw) -> Case:
    units = {f"U{n}": draw(st.sampled_from(PEERS)) for n in range(draw(st.integers(1, 6)))}
    names = iter(range(1000))
    groups = [draw(_groups(names, depth=2)) for _ in range(draw(st.integers(1, 3)))]
    aggregate = draw(st.sampled_from(["points", "arithmetic", "geometric"]))
    if sum(one["weight"] for one in groups) == 0:
        aggregate = "arithmetic"
    scoring = {
        "aggregate": aggregate,
        "decimals": draw(st.sampled_from([1, 4, 12])),
        "rank_on": draw(st.sampled_from(["published", "full"])),
        "rank_within": draw(st.sampled_from(["peer_group", "all"])),
        "missing": draw(st.sampled_from(["zero", "reweight", "missing"])),
        "min_coverage": draw(st.sampled_from([0.0, 0.5, 0.6])),
        "bands": [
            {"code": code, "names": NAMES, "at_least": low} for code, low in (("HI", 0.7), ("MID", 0.3), ("LO", 0))
        ],
    }
    plan = Plan.model_validate(document(*groups, peer_groups=PEERS, scoring=scoring))
    cells = {one.code: {unit: Cell(draw(_cell(one.is_quotient))) for unit in units} for one in plan.indicators()}
    return Case(plan, units, cells)


def _cell(is_quotient: bool) -> st.SearchStrategy[Any]:
    number: st.SearchStrategy[Any] = values
    if is_quotient:
        number = st.tuples(st.integers(0, 12).map(float), st.integers(0, 10).map(float))
    return st.one_of(number, number, number, st.none(), st.just("n/a"))


@st.composite
def _groups(draw: Draw, names: Any, depth: int) -> dict[str, Any]:
    leaves = [draw(_indicators(f"I{next(names)}")) for _ in range(draw(st.integers(1, 3)))]
    inner = [draw(_groups(names, depth - 1)) for _ in range(draw(st.integers(0, 1)))] if depth else []
    aggregate = draw(st.sampled_from(["points", "arithmetic", "geometric"]))
    inside = sum(one["weight"] for one in inner) + sum(one["weight"] for one in leaves)
    if inside == 0:
        leaves[0] |= {"weight": 1.0, "method": goalposts(0, 10)} if leaves[0]["weight"] == 0 else {}
        inside = sum(one["weight"] for one in inner) + sum(one["weight"] for one in leaves)
    weight = inside if aggregate == "points" else draw(st.sampled_from([0.5, 1.0, 3.0]))
    least = draw(st.sampled_from([0.0, 0.5, 0.6]))
    return group(
        f"G{next(names)}", aggregate=aggregate, weight=weight, indicators=leaves, groups=inner, min_coverage=least
    )


@st.composite
def _indicators(draw: Draw, code: str) -> dict[str, Any]:
    method = draw(st.sampled_from(METHODS))
    kind = method["kind"]
    fields: dict[str, Any] = {"direction": draw(st.sampled_from(["higher", "lower"])), "weight": draw(weights)}
    if kind == "informational":
        fields["weight"] = 0.0
    if kind in ("linear_to_target", "lower_is_better", "target"):
        targets = st.sampled_from([3.0, 8.0] if kind == "lower_is_better" else [0.0, 3.0, 8.0])
        fields["targets"] = {draw(st.sampled_from([YEAR, YEAR, YEAR, YEAR + 1])): draw(targets)}
        fields["target_overrides"] = [{"unit": "U1", "targets": {YEAR: draw(targets)}}] if draw(st.booleans()) else []
    if draw(st.integers(0, 4)) == 0:
        fields["applies_to"] = ["P"]
    if draw(st.integers(0, 4)) == 0:
        fields |= {"low": -1.0, "high": 11.0}
    if kind == "official_ratio" or (kind != "level_map" and draw(st.integers(0, 3)) == 0):
        fields["type"] = draw(st.sampled_from(["ratio", "rate"]))
        fields["empty_denominator"] = draw(st.sampled_from(["error", "not_applicable"]))
        return quotient(code, method, scale=draw(st.sampled_from([1.0, 10.0])), **fields)
    return indicator(code, method, **fields)
