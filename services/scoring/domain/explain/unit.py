"""The whole explanation of one unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.scoring.domain.contributions import contributions, effective, lost
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.explain.indicators import Counts, indicator_row
from services.scoring.domain.explain.layers import Note, index_layers, layers_row
from services.scoring.domain.explain.nodes import groups_by_code, node_row
from services.scoring.domain.explain.periods import periods
from services.scoring.domain.explain.standing import band_row, bounds_row, confidence_row, index_row, rank_row
from services.scoring.domain.layers import newest
from services.scoring.domain.sources import Sources
from services.scoring.domain.tree import walk

NOTHING = Counts(0.0, 0.0, 0.0)


def explain(
    evaluation: Evaluation,
    sources: Sources,
    unit: str,
    *,
    now_ms: int,
    reported: Evaluation | None = None,
    notes: Mapping[str, Note] | None = None,
) -> dict[str, Any]:
    """The explanation of one unit of the cohort as JSON values. KeyError when the unit is not in the cohort.

    Contributions of the indicators sum to the unrounded index. `reported` is the evaluation of what was reported, where
    anything was appraised; `notes` are the appraisers' reasons by indicator.
    """
    at, own = evaluation.cohort.position[unit], _of_unit(sources, unit)
    counts = _counts(evaluation, at)
    decided = newest(own.appraised)
    indicators = []
    for code, leaf in evaluation.leaves.items():
        layers = layers_row(
            evaluation,
            reported or evaluation,
            code,
            unit,
            appraised=decided.get((unit, code)),
            note=(notes or {}).get(code),
        )
        row = indicator_row(evaluation, leaf, at, counts[code])
        indicators.append(row | periods(evaluation, leaf.indicator, at, own, now_ms) | {"layers": layers})
    groups = groups_by_code(evaluation.plan.groups)
    return {
        "unit": unit,
        "peer_group": evaluation.cohort.peer_group(at),
        "index": index_row(evaluation, at, sum(row["contribution"] for row in indicators)),
        "layers": index_layers(evaluation, reported or evaluation, unit),
        "rank": rank_row(evaluation, at),
        "band": band_row(evaluation, at),
        "bounds": bounds_row(evaluation, at),
        "confidence": confidence_row(evaluation, at),
        "groups": [node_row(node, groups[node.code], at, counts[node.code]) for node in walk(evaluation.index)],
        "indicators": indicators,
        "lost": _most_lost(indicators),
    }


def _of_unit(sources: Sources, unit: str) -> Sources:
    obligations = tuple(owed for owed in sources.obligations if owed.unit == unit)
    own = {owed.obligation for owed in obligations}
    accepted = tuple(report for report in sources.accepted if report.obligation in own)
    appraised = tuple(one for one in sources.appraised if one.unit == unit)
    findings = tuple(one for one in sources.findings if one.unit == unit)
    return replace(sources, obligations=obligations, accepted=accepted, appraised=appraised, findings=findings)


def _counts(evaluation: Evaluation, at: int) -> dict[str, Counts]:
    """Indicator or group -> what it is to the unit's index; nothing to a unit without one."""
    brought, weights, losses = (made(evaluation.index) for made in (contributions, effective, lost))
    rated = evaluation.ranking.rank[at] > 0
    return {
        code: Counts(float(weights[code][at]), float(row[at]), float(losses[code][at])) if rated else NOTHING
        for code, row in brought.items()
    }


def _most_lost(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where the unit loses what it lacks of a full index, most first; what is exceeded beyond 1 is not a loss."""
    losing = [{"code": row["code"], "lost": row["lost"]} for row in rows if row["lost"] > 0]
    return sorted(losing, key=lambda row: (-float(row["lost"]), str(row["code"])))
