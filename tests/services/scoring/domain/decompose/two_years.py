"""Pairs of evaluations: the same plan with other numbers and other units, and the plan changed as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from services.scoring.domain.evaluate import Evaluation, evaluate
from shared.plan.model import Plan
from tests.services.scoring.domain.random_plans import YEAR, Case, cases

Draw = Callable[..., Any]


@dataclass
class Pair:
    """Before and after; `bridge` is before by the plan of after."""

    before: Evaluation
    bridge: Evaluation
    after: Evaluation

    @property
    def units(self) -> list[str]:
        return sorted(set(self.before.cohort.units) & set(self.after.cohort.units))


@st.composite
def pairs(draw: Draw) -> Pair:
    first = draw(cases())
    plan = Plan.model_validate(draw(_changed(first.plan))) if draw(st.booleans()) else first.plan
    later = Case(plan, first.units, first.cells)
    before, bridge = (evaluate(case.plan, YEAR, case.inputs()) for case in (first, later))
    moved = draw(_moved(later))
    return Pair(before, bridge, evaluate(moved.plan, YEAR, moved.inputs()))


@st.composite
def _changed(draw: Draw, plan: Plan) -> dict[str, Any]:
    """Another missing policy, other rounding, and one heavier group where weights may be changed freely."""
    document = plan.model_dump(mode="json")
    document["scoring"]["missing"] = draw(st.sampled_from(["zero", "reweight"]))
    document["scoring"]["decimals"] = draw(st.sampled_from([1, 4]))
    if document["scoring"]["aggregate"] != "points" and document["groups"][0]["aggregate"] != "points":
        document["groups"][0]["weight"] = draw(st.sampled_from([0.5, 2.0, 5.0]))
    return document


@st.composite
def _moved(draw: Draw, case: Case) -> Case:
    """Every indicator's cells dealt to other units; one unit may leave, one may come."""
    codes = sorted(case.units)
    cells = {}
    for code, held in case.cells.items():
        dealt = draw(st.permutations(codes))
        cells[code] = {unit: held[source] for unit, source in zip(codes, dealt, strict=True)}
    units = dict(case.units)
    if draw(st.booleans()):
        units["NEW"] = units[codes[0]]
        for held in cells.values():
            held["NEW"] = held[codes[-1]]
    if len(codes) > 1 and draw(st.booleans()):
        del units[codes[-1]]
    return Case(case.plan, units, cells)
