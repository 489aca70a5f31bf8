"""The criteria of a unit on the appraisal desk: what it reported, what was appraised, what stands, side by side. Pure.

Criteria are the plan's indicators that count (weight above 0). What a machine computes is appraised by nobody: it can
only be contested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from services.scoring.domain.cells import Bools, Status, is_reported
from services.scoring.domain.computation import Computation
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.round.refusals import refused
from services.scoring.domain.summary import leaf_points, optional
from shared.events.round import AppraisalState, ClarificationState
from shared.plan.model import Indicator, Plan
from shared.refusal import Refusal

CriterionStatus = Literal["OPEN", "SELF_SCORED", "APPRAISED", "CONTESTED", "DECIDED"]
STATUSES: tuple[CriterionStatus, ...] = ("OPEN", "SELF_SCORED", "APPRAISED", "CONTESTED", "DECIDED")


def criteria(plan: Plan) -> tuple[Indicator, ...]:
    """The indicators that count."""
    return tuple(indicator for indicator in plan.indicators() if indicator.weight > 0)


def is_computed(indicator: Indicator) -> bool:
    return indicator.computed_by != "form"


def criterion(plan: Plan, code: str) -> Indicator:
    """The criterion of that code; refused as not found where it is none."""
    found = next((one for one in criteria(plan) if one.code == code), None)
    if found is None:
        raise Refusal(
            "not_found",
            f"Không có tiêu chí {code} được chấm điểm trong kế hoạch.",
            f"The plan counts no criterion {code}.",
        )
    return found


def check_by_hand(indicator: Indicator) -> None:
    """Refused for what a machine computes."""
    if is_computed(indicator):
        raise refused(
            "computed_by_machine",
            f"{indicator.code} do hệ thống tính, không thẩm định thủ công; đơn vị có thể đề nghị giải trình.",
            f"{indicator.code} is computed by the platform and not appraised by hand; the unit may contest it.",
            computed_by=indicator.computed_by,
        )


def status_of(
    indicator: Indicator,
    self_value: float | None,
    appraisal: AppraisalState | None,
    request: ClarificationState | None,
) -> CriterionStatus:
    """Where a criterion stands. One that a machine computes counts as appraised."""
    if request is not None:
        return "CONTESTED" if request.decision is None else "DECIDED"
    if is_computed(indicator) or (appraisal is not None and appraisal.settled is not None):
        return "APPRAISED"
    return "OPEN" if self_value is None else "SELF_SCORED"


def self_value(computation: Computation, indicator: str, at: int) -> float | None:
    """The annual value that the unit reported; None where there is none, or it cannot be used."""
    leaf = computation.reported.leaves[indicator]
    return float(leaf.column.value[at]) if has_value(computation.reported, indicator)[at] else None


def has_value(evaluation: Evaluation, indicator: str) -> Bools:
    """Which units have a usable annual value."""
    column = evaluation.leaves[indicator].column
    return np.asarray(np.isfinite(column.value) & is_reported(column.status))


def applies(evaluation: Evaluation, indicator: str) -> Bools:
    """For which units the criterion is one."""
    return np.asarray(evaluation.leaves[indicator].status != Status.NOT_APPLICABLE)


def counts(
    computation: Computation, appraisals: Iterable[AppraisalState], requests: Iterable[ClarificationState]
) -> dict[CriterionStatus, int]:
    """How many criteria of all units stand where. What does not apply to a unit is no criterion of it."""
    by_place = {(one.unit, one.indicator): one for one in appraisals}
    asked = {(one.unit, one.indicator): one for one in requests}
    found: Counter[CriterionStatus] = Counter()
    position = computation.reported.cohort.position
    touched: dict[str, set[str]] = {}
    for unit, code in by_place.keys() | asked.keys():
        if unit in position:
            touched.setdefault(code, set()).add(unit)
    for indicator in criteria(computation.reported.plan):
        valued, counted = has_value(computation.reported, indicator.code), applies(computation.reported, indicator.code)
        plain = counted.copy()
        for unit in touched.get(indicator.code, ()):
            at, place = position[unit], (unit, indicator.code)
            value = 0.0 if valued[at] else None
            found[status_of(indicator, value, by_place.get(place), asked.get(place))] += 1
            plain[at] = False
        found[status_of(indicator, 0.0, None, None)] += int((plain & valued).sum())
        found[status_of(indicator, None, None, None)] += int((plain & ~valued).sum())
    return {status: found[status] for status in STATUSES}


def layer_cell(evaluation: Evaluation | None, indicator: str, at: int) -> dict[str, Any] | None:
    """Value, share and points of a criterion in one layer; None where the layer does not exist."""
    if evaluation is None:
        return None
    leaf = evaluation.leaves[indicator]
    [points], [points_max] = leaf_points(evaluation, leaf, np.array([at]))
    row = np.array([leaf.column.value[at], leaf.share[at], points, points_max])
    value, share, earned, most = optional(row)
    label = Status(int(leaf.status[at])).label
    return {"status": label, "value": value, "share": share, "points": earned, "points_max": most}


def desk_row(
    computation: Computation,
    indicator: Indicator,
    at: int,
    *,
    evidence: list[dict[str, Any]],
    appraisal: AppraisalState | None,
    request: ClarificationState | None,
    shows_appraised: bool,
) -> dict[str, Any]:
    """One criterion of the unit at `at`. With `shows_appraised` off, only what the unit itself has said."""
    layers: Mapping[str, Evaluation | None] = {
        "self": computation.reported,
        "appraised": computation.appraised if _was_appraised(computation, indicator.code, at) else None,
        "final": computation.evaluation,
    }
    shown = layers if shows_appraised else {"self": computation.reported}
    value = self_value(computation, indicator.code, at)
    explanation = appraisal.explanation if appraisal else None
    seen = appraisal if shows_appraised else None
    last = seen.opinions[-1] if seen and seen.opinions else None
    return {
        "indicator": indicator.code,
        "names": indicator.names.model_dump(),
        "weight": indicator.weight,
        "computed_by": indicator.computed_by,
        "status": status_of(indicator, value, seen, request),
        "revision": appraisal.revision if appraisal else 0,
        "layers": {name: layer_cell(layer, indicator.code, at) for name, layer in shown.items()},
        "evidence": evidence,
        "explanation": explanation.model_dump() if explanation else None,
        "unsupported": not is_computed(indicator) and value is not None and not evidence and explanation is None,
        "outcome": seen.settled.outcome if seen and seen.settled else None,
        "reason": last.reason if last else None,
        "appraiser": last.by if last else None,
        "appraised_at_ms": last.at_ms if last else None,
        "waits_for": _awaited(seen),
        "opinions": [opinion.model_dump() for opinion in seen.opinions] if seen else [],
        "clarification": request.model_dump() if request else None,
    }


def _was_appraised(computation: Computation, indicator: str, at: int) -> bool:
    override = computation.overrides.get(indicator)
    return override is not None and bool(override.appraised(len(computation.evaluation.cohort.units))[at])


def _awaited(appraisal: AppraisalState | None) -> str | None:
    if appraisal is None or not appraisal.opinions or appraisal.settled is not None:
        return None
    return "referee" if appraisal.disputed else "second"
