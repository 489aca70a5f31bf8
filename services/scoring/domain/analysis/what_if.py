"""What if: other weights, targets or methods, beside the record and never in it.

Other weights alone are products of a prepared evaluation (milliseconds for 100,000 units). Anything else is a patch of
the plan's document, checked as a plan is checked before it is published, and computed by the engine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidationError

from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.outcome import Once, Outcome, Part
from services.scoring.domain.analysis.ranking import band_rows
from services.scoring.domain.analysis.refused import refused
from services.scoring.domain.analysis.shifts import Standing, shifts, standing
from services.scoring.domain.analysis.variations import Case, Switch
from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.rounding import half_up
from shared.plan.base import Model
from shared.plan.check import incoherences
from shared.plan.faults import PlanErrors
from shared.plan.load import plan_document, plan_from_document
from shared.plan.model import Plan
from shared.refusal import Refusal

UNITS_MAX = 200


class WhatIfWeights(Model):
    """Weights to change: node ("" for the index) -> child -> weight. What is not named stays as it is."""

    weights: Annotated[
        dict[Annotated[str, Field(max_length=40)], dict[str, Annotated[float, Field(ge=0, le=1e9)]]],
        Field(min_length=1, max_length=500),
    ]
    units: Annotated[tuple[str, ...], Field(description="Units to tell of.", max_length=UNITS_MAX)] = ()
    movers: Annotated[int, Field(description="How many of the units that move most to tell of.", ge=0, le=100)] = 10


class WhatIfParameters(Model):
    """Changes of the plan's document: path -> value, such as `groups/INF/indicators/INF-01/targets/2012`.

    A list of things with codes is entered by the code. Null removes a key.
    """

    changes: Annotated[dict[str, Any], Field(min_length=1, max_length=500)]


def what_if_weights(models: Models, given: WhatIfWeights) -> dict[str, Any]:
    """The ranking with other weights, against the evaluation: a summary, the units asked for, those that move most."""
    evaluation, cohort = models.case.evaluation, models.case.evaluation.cohort
    drawn = models.drawn([Switch()], _vector(models, given)[None, :])
    index, after = drawn.index[0], models.ranked(drawn)[0].astype(np.int64)
    published = half_up(index, evaluation.plan.scoring.decimals)
    before = models.ranks
    both = (before != UNRANKED) & (after != UNRANKED)
    climbed = np.where(both, before - after, 0)
    lost = _unknown(given.units, cohort.position)
    if lost:
        raise refused("units", f"Không thuộc đánh giá này: {lost}.", f"Not in this evaluation: {lost}.")
    asked = [cohort.position[unit] for unit in given.units]
    told = dict.fromkeys([*asked, *_most(climbed, given.movers)])
    bands = evaluation.plan.scoring.bands
    band = band_rows(index, np.array(evaluation.cuts), evaluation.plan.scoring.decimals)
    distance = np.abs(climbed)
    return {
        "units": len(cohort.units),
        "ranking": models.rule,
        "ranked": int((after != UNRANKED).sum()),
        "mean_rank_shift": float(distance.sum() / max(int(both.sum()), 1)),
        "largest_rank_shift": int(distance.max(initial=0)),
        "unmoved": int(both.sum() - np.count_nonzero(climbed)),
        "band_changes": int((band != evaluation.band).sum()),
        "bands": {each.code: int((band == at).sum()) for at, each in enumerate(bands)},
        "items": [
            {
                "unit": cohort.units[at],
                "peer_group": cohort.peer_group(at),
                "index_before": _number(evaluation.published[at]),
                "index_after": _number(published[at]),
                "rank_before": int(before[at]) or None,
                "rank_after": int(after[at]) or None,
                "band_before": None if evaluation.band[at] == NOT_RATED else bands[int(evaluation.band[at])].code,
                "band_after": None if band[at] == NOT_RATED else bands[int(band[at])].code,
            }
            for at in told
        ],
    }


def patched(plan: Plan, changes: Mapping[str, Any]) -> Plan:
    """The plan with changes, checked like any plan; Refusal tells what is at fault.

    Faults that the published plan has already are not the change's: rules of coherence may be younger than it is.
    """
    document = plan_document(plan)
    for path, value in changes.items():
        _set(document, path, value)
    try:
        return plan_from_document(document)
    except PlanErrors as err:
        try:
            changed = Plan.model_validate_json(json.dumps(document), strict=True)
        except ValidationError:
            raise _invalid(err.faults[0]) from err
        known = {(at, says) for at, says, _ in incoherences(plan)}
        new = [fault for fault in incoherences(changed) if fault[:2] not in known]
        if new:
            raise _invalid(new[0][1]) from err
        return changed


def _invalid(fault: object) -> Refusal:
    vi, en = f"Kế hoạch sau thay đổi không hợp lệ: {fault}", f"The changed plan is not valid: {fault}"
    return refused("changes", vi, en)


class WhatIf(Once):
    """Other targets, methods, rules: the table of shifts against the evaluation."""

    def __init__(self, case: Case, parameters: WhatIfParameters) -> None:
        self._models, self._plan = Models(case), patched(case.plan, parameters.changes)
        if [one.code for one in self._plan.indicators()] != [one.code for one in case.plan.indicators()]:
            raise refused(
                "changes",
                "Phép thử giữ nguyên các chỉ tiêu; để so sánh hai phiên bản kế hoạch hãy dùng chạy song song.",
                "A what-if keeps the plan's indicators; compare plan versions by a dual run.",
            )

    def finish(self, parts: Sequence[Part]) -> Outcome:
        return shifts(own_standing(self._models), own_standing(Models(self._models.case.changed(self._plan))))


def own_standing(models: Models) -> Standing:
    return standing(models.case.evaluation, models.ranks)


def _vector(models: Models, given: WhatIfWeights) -> Floats:
    slots = models.slots
    for node, children in given.weights.items():
        for child in children:
            if (node, child) not in slots.at:
                vi, en = f"Không có {child!r} trong {node!r}.", f"There is no {child!r} in {node!r}."
                raise refused(f"weights.{node}.{child}", vi, en)
    vector = slots.vector(given.weights)
    for at, node in enumerate(slots.nodes):
        if vector[slots.part(at)].sum() <= 0 < slots.weight[slots.part(at)].sum():
            vi, en = "Tổng trọng số của một nhóm phải lớn hơn 0.", "The weights of a node must sum to more than 0."
            raise refused(f"weights.{node}", vi, en)
    return vector


def _most(climbed: Ints, count: int) -> list[int]:
    """Positions of those that move most, either way."""
    distance = np.abs(climbed)
    count = min(count, len(distance))
    if count == 0:
        return []
    some = np.argpartition(-distance, count - 1)[:count]
    return [int(at) for at in some[np.lexsort((some, -distance[some]))] if distance[at] > 0]


def _unknown(units: Sequence[str], position: Mapping[str, int]) -> str:
    return ", ".join(unit for unit in units if unit not in position)


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _set(document: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split("/")
    held: Any = document
    for key in above:
        held = _entered(held, key, path)
    if isinstance(held, list):
        at = _position(held, last, path)
        held[at : at + 1] = [] if value is None else [value]
    elif isinstance(held, dict):
        if value is None:
            held.pop(last, None)
        else:
            held[last] = value
    else:
        raise _nowhere(path, last)


def _entered(held: Any, key: str, path: str) -> Any:
    if isinstance(held, list):
        return held[_position(held, key, path)]
    if isinstance(held, dict) and key in held:
        return held[key]
    raise _nowhere(path, key)


def _position(held: list[Any], key: str, path: str) -> int:
    """By code, else by number."""
    for at, one in enumerate(held):
        if isinstance(one, dict) and one.get("code") == key:
            return at
    if key.isdecimal() and int(key) < len(held):
        return int(key)
    raise _nowhere(path, key)


def _nowhere(path: str, key: str) -> Refusal:
    return refused("changes", f"Đường dẫn {path!r}: không có {key!r}.", f"Path {path!r}: there is no {key!r}.")
