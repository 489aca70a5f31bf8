"""Random small trees with every aggregate, weighting, missing policy and demand; leaves are shares as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from services.scoring.domain.inputs import Inputs
from shared.plan.model import Plan
from tests.services.scoring.matrices import matrix
from tests.services.scoring.oracle_tree import Number
from tests.services.scoring.plans import NAMES, document, goalposts, group, indicator

PEERS = ("P", "Q")
Draw = Callable[..., Any]
MONOTONE = ("points", "arithmetic", "geometric", "harmonic", "power", "minimum", "owa", "mean_min")
ALL = (*MONOTONE, "penalised_mean", "borda", "copeland")
PLACES = ("borda", "copeland")
POLICIES = ("zero", "reweight", "missing", "void")
shares = st.sampled_from([0.0, 0.0, 0.1, 0.1 + 0.2, 0.3, 0.25, 0.5, 0.625, 0.9, 1.0])
cells = st.one_of(shares, shares, shares, shares, st.none(), st.just("n/a"))
weights = st.sampled_from([0.0, 0.1, 0.2, 0.3, 1.0, 1.0, 2.5, 9.0])


@dataclass
class Tree:
    plan: Plan
    units: dict[str, str]
    given: dict[str, dict[str, Any]]

    def inputs(self) -> Inputs:
        codes = sorted(self.units)
        rows, out = {}, {}
        for code, own in self.given.items():
            rows[code] = np.array([own[unit] if isinstance(own[unit], float) else np.nan for unit in codes])
            out[code] = np.array([own[unit] == "n/a" for unit in codes])
        return matrix(self.plan, self.units, rows, not_applicable=out)

    def cells(self, fill: Any = None) -> dict[str, dict[str, tuple[str, Number | None]]]:
        """What the oracle reads; `fill` (unit, indicator) -> share takes the place of missing ones."""
        found: dict[str, dict[str, tuple[str, Number | None]]] = {}
        for code, own in self.given.items():
            found[code] = {}
            for unit, one in own.items():
                share = Fraction(one) if isinstance(one, float) else None
                status = "observed" if share is not None else "not_applicable" if one == "n/a" else "not_reported"
                if fill is not None and status == "not_reported":
                    status, share = "observed", fill(unit, code)
                found[code][unit] = (status, share)
        return found


@st.composite
def trees(draw: Draw, aggregates: tuple[str, ...] = ALL, policies: tuple[str, ...] = POLICIES, depth: int = 2) -> Tree:
    units = {f"U{n}": draw(st.sampled_from(PEERS)) for n in range(draw(st.integers(1, 6)))}
    names = iter(range(1000))
    groups = [draw(_groups(names, depth, aggregates, policies)) for _ in range(draw(st.integers(1, 3)))]
    if not any(one["weight"] for one in groups):
        groups[0]["weight"] = 1.0 if groups[0]["aggregate"] != "points" else groups[0]["weight"]
    allowed = tuple(one for one in aggregates if one != "points" or any(g["weight"] for g in groups))
    scoring = draw(_combination(len(groups), allowed, policies))
    scoring |= {
        "missing": draw(st.sampled_from(policies)),
        "rank_within": draw(st.sampled_from(["peer_group", "all"])),
        "rank_on": draw(st.sampled_from(["published", "full"])),
        "decimals": draw(st.sampled_from([1, 4])),
    }
    may_differ = scoring["rank_within"] == "peer_group" and scoring["weighting"]["kind"] != "budget_allocation"
    if may_differ and draw(st.booleans()):
        other = {groups[0]["code"]: draw(st.sampled_from([0.5, 4.0]))}
        scoring["weight_sets"] = [{"peer_groups": ["Q"], "weights": other}]
    plan = Plan.model_validate(document(*groups, peer_groups=PEERS, scoring=scoring))
    given = {one.code: {unit: draw(cells) for unit in units} for one in plan.indicators()}
    return Tree(plan, units, given)


@st.composite
def _combination(draw: Draw, children: int, aggregates: tuple[str, ...], policies: tuple[str, ...]) -> dict[str, Any]:
    kind = draw(st.sampled_from(aggregates))
    found: dict[str, Any] = {"aggregate": kind, "missing": draw(st.sampled_from([None, None, *policies]))}
    if kind in ("geometric", "harmonic", "power"):
        found["zero_policy"] = draw(st.sampled_from(["strict", "shift", "floor"]))
    if kind == "power":
        found["power"] = draw(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 2.0, 3.0]))
    if kind == "owa":
        order = [draw(st.sampled_from([0.0, 0.2, 1.0, 3.0])) for _ in range(children)]
        found["order_weights"] = order if sum(order) else [1.0] * children
    if kind == "mean_min":
        found["minimum_share"] = draw(st.sampled_from([0.0, 0.5, 1.0]))
    found["weighting"] = {"kind": "manual"}
    if kind != "points":
        found["weighting"] = draw(st.sampled_from([{"kind": "manual"}, {"kind": "equal"}, _experts(children)]))
    found["min_coverage"] = draw(st.sampled_from([0.0, 0.0, 0.5, 0.6]))
    found["coverage_by"] = draw(st.sampled_from(["weight", "count"]))
    found["min_children"] = draw(st.sampled_from([0, 0, 1, 2]))
    found["zero_component"] = draw(st.sampled_from(["counts", "counts", "counts", "voids"]))
    return found


def _experts(children: int) -> dict[str, Any]:
    first = [100.0, *([0.0] * (children - 1))]
    second = [100.0 - 10.0 * (children - 1), *([10.0] * (children - 1))]
    return {"kind": "budget_allocation", "experts": [{"points": first}, {"points": second}, {"points": second}]}


@st.composite
def _groups(
    draw: Draw, names: Any, depth: int, aggregates: tuple[str, ...], policies: tuple[str, ...]
) -> dict[str, Any]:
    leaves = [draw(_leaf(f"I{next(names)}", policies)) for _ in range(draw(st.integers(1, 3)))]
    few = depth > 0 and draw(st.booleans())
    inner = [draw(_groups(names, depth - 1, aggregates, policies))] if few else []
    if not sum(one["weight"] for one in (*leaves, *inner)):
        leaves[0]["weight"] = 1.0
    inside = sum(one["weight"] for one in inner) + sum(one["weight"] for one in leaves)
    spec = draw(_combination(len(leaves) + len(inner), aggregates, policies))
    weight = inside if spec["aggregate"] == "points" else draw(st.sampled_from([0.5, 1.0, 3.0]))
    mandatory = draw(st.integers(0, 7)) == 0
    return group(f"G{next(names)}", weight=weight, indicators=leaves, groups=inner, mandatory=mandatory, **spec)


@st.composite
def _leaf(draw: Draw, code: str, policies: tuple[str, ...]) -> dict[str, Any]:
    return indicator(
        code,
        goalposts(0, 1),
        names=NAMES,
        weight=draw(weights),
        missing=draw(st.sampled_from([None, None, None, *policies])),
        mandatory=draw(st.integers(0, 9)) == 0,
    )
