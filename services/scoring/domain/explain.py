"""Where one unit's index comes from: inputs with their report and version, annual values, shares, groups, rank, band.

Contributions sum to the unrounded index; nothing is rounded before the index is published.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.cells import Floats, Status
from services.scoring.domain.contributions import contributions
from services.scoring.domain.evaluate import Evaluation, Leaf
from services.scoring.domain.inputs import Accepted, Sources, source_forms
from services.scoring.domain.ledger import Owed
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.summary import leaf_points
from services.scoring.domain.tree import Node, walk
from services.scoring.domain.wording import FLAGS, REASONS, annual_words, share_formula
from shared.plan.model import Group, Indicator


def explain(evaluation: Evaluation, sources: Sources, unit: str, *, now_ms: int) -> dict[str, Any]:
    """The explanation of one unit of the cohort as JSON values. KeyError when the unit is not in the cohort."""
    at = evaluation.cohort.position[unit]
    sources = _of_unit(sources, unit)
    brought = {code: float(row[at]) for code, row in contributions(evaluation.index).items()}
    names = {group.code: group for group in _groups(evaluation.plan.groups)}
    return {
        "unit": unit,
        "peer_group": evaluation.cohort.peer_group(at),
        "index": _index(evaluation, at, sum(brought[code] for code in evaluation.leaves)),
        "rank": _rank(evaluation, at),
        "band": _band(evaluation, at),
        "groups": [_group(node, names[node.code], at, brought[node.code]) for node in walk(evaluation.index)],
        "indicators": [
            _indicator(evaluation, leaf, at, sources, now_ms) | {"contribution": brought[code]}
            for code, leaf in evaluation.leaves.items()
        ],
    }


def _of_unit(sources: Sources, unit: str) -> Sources:
    obligations = tuple(owed for owed in sources.obligations if owed.unit == unit)
    own = {owed.obligation for owed in obligations}
    return Sources(obligations, tuple(report for report in sources.accepted if report.obligation in own))


def _groups(groups: tuple[Group, ...]) -> list[Group]:
    return [found for group in groups for found in (group, *_groups(group.groups))]


def _index(evaluation: Evaluation, at: int, total: float) -> dict[str, Any]:
    scoring, combined = evaluation.plan.scoring, evaluation.index.combined
    return {
        "unrounded": plain(evaluation.full, at),
        "published": plain(evaluation.published, at),
        "decimals": scoring.decimals,
        "rounding": "half_up",
        "scale_max": scoring.scale_max,
        "aggregate": scoring.aggregate,
        "missing": scoring.missing,
        "coverage": float(combined.coverage[at]),
        "points": float(combined.earned[at]) if scoring.aggregate == "points" else None,
        "points_max": float(combined.counted[at]) if scoring.aggregate == "points" else None,
        "contributions_sum": total,
    }


def _rank(evaluation: Evaluation, at: int) -> dict[str, Any]:
    scoring, rank = evaluation.plan.scoring, int(evaluation.ranking.rank[at])
    value = evaluation.published if scoring.rank_on == "published" else evaluation.full
    everyone = scoring.rank_within == "all"
    counted = np.isfinite(value) & (everyone | (evaluation.cohort.peer == evaluation.cohort.peer[at]))
    units = np.array(evaluation.cohort.units)
    return {
        "rank": None if rank == UNRANKED else rank,
        "ranked": int(counted.sum()),
        "rule": "competition",
        "on": scoring.rank_on,
        "within": scoring.rank_within,
        "better": int((counted & (value > value[at])).sum()) if rank != UNRANKED else None,
        "tied_with": [str(code) for code in units[counted & (value == value[at])] if code != units[at]],
    }


def _band(evaluation: Evaluation, at: int) -> dict[str, Any] | None:
    bands, number = evaluation.plan.scoring.bands, int(evaluation.band[at])
    if number == NOT_RATED:
        return None
    band, better = bands[number], bands[number - 1] if number > 0 else None
    return {
        "code": band.code,
        "names": band.names.model_dump(),
        "at_least": band.at_least,
        "next": better and {"code": better.code, "missing": better.at_least - float(evaluation.published[at])},
        "basis": evaluation.plan.scoring.bands_basis,
    }


def _group(node: Node, group: Group, at: int, contribution: float) -> dict[str, Any]:
    combined, in_points = node.combined, node.aggregate == "points"
    counts = bool(combined.counted[at] > 0)
    return {
        "code": node.code,
        "parent": node.parent,
        "names": group.names.model_dump(),
        "aggregate": node.aggregate,
        "weight": node.weight,
        "status": "rated" if counts else "missing" if combined.applicable[at] else "not_applicable",
        "score": plain(combined.score, at),
        "points": float(combined.earned[at]) if in_points and counts else None,
        "points_max": float(combined.counted[at]) if in_points and counts else None,
        "coverage": float(combined.coverage[at]),
        "contribution": contribution,
    }


def _indicator(evaluation: Evaluation, leaf: Leaf, at: int, sources: Sources, now_ms: int) -> dict[str, Any]:
    indicator, status = leaf.indicator, Status(int(leaf.status[at]))
    unit = evaluation.cohort.units[at]
    points, points_max = leaf_points(evaluation, leaf)
    numbers = [float(row[at]) for row in (leaf.column.value, leaf.column.numerator, leaf.column.denominator)]
    has_value = not np.isnan(numbers[0])
    return {
        "code": indicator.code,
        "group": leaf.group,
        "names": indicator.names.model_dump(),
        "measure": indicator.measure,
        "status": status.label,
        "reason": REASONS[status],
        "flags": [{"code": name, **FLAGS[name]} for name, mask in leaf.flags.items() if mask[at]],
        **_periods(evaluation, indicator, at, sources, now_ms),
        "time": indicator.time,
        "value": plain(leaf.column.value, at),
        "numerator": plain(leaf.column.numerator, at),
        "denominator": plain(leaf.column.denominator, at),
        "value_formula": annual_words(indicator, *numbers) if has_value else None,
        "target": plain(leaf.target, at),
        "target_of": _target_of(indicator, evaluation.year, unit),
        "target_basis": indicator.target_basis,
        "direction": indicator.direction,
        "method": indicator.method.model_dump(mode="json"),
        "reference": {name: plain(row, at) for name, row in leaf.reference.items()},
        "share": plain(leaf.share, at),
        "share_formula": share_formula(leaf, at) if status is Status.OBSERVED else None,
        "weight": indicator.weight,
        "points": plain(points, at),
        "points_max": plain(points_max, at),
    }


def _target_of(indicator: Indicator, year: int, unit: str) -> str | None:
    if year in indicator.own_targets(unit):
        return "unit"
    return "plan" if year in indicator.targets else None


def _periods(
    evaluation: Evaluation, indicator: Indicator, at: int, sources: Sources, now_ms: int
) -> dict[str, list[dict[str, Any]]]:
    """Which reports the value was made from, which periods are due without one, which are still to come."""
    unit = evaluation.cohort.units[at]
    if indicator.computed_by != "form":
        return {"inputs": [], "periods_missing": [], "periods_not_due": []}
    form = source_forms(evaluation.plan, evaluation.cohort.peer_group(at)).get(indicator.code)
    owed = [entry for entry in sources.obligations if entry.expected and (entry.unit, entry.form) == (unit, form)]
    owed.sort(key=lambda entry: (entry.period_end_ms, entry.obligation))
    standing = sources.standing()
    inputs = [_input(entry, standing[entry.obligation][1], indicator) for entry in owed if entry.obligation in standing]
    open_ = [entry for entry in owed if entry.obligation not in standing]
    return {
        "inputs": inputs,
        "periods_missing": [_period(entry) for entry in open_ if entry.due(now_ms)],
        "periods_not_due": [_period(entry) for entry in open_ if not entry.due(now_ms)],
    }


def _period(owed: Owed) -> dict[str, Any]:
    return {"obligation": owed.obligation, "period": owed.period, "due_at_ms": owed.due_at_ms}


def _input(owed: Owed, report: Accepted, indicator: Indicator) -> dict[str, Any]:
    cell = next((value for value in report.values if value["indicator"] == indicator.code), None)
    absent = {"status": "nil" if report.nil else "absent"}
    return {
        **_period(owed),
        "report": report.report,
        "version": report.version,
        "received_at_ms": report.received_at_ms,
        **({name: part for name, part in cell.items() if name != "indicator"} if cell else absent),
    }


def plain(row: Floats, at: int) -> float | None:
    """The unit's number, None where there is none."""
    value = float(row[at])
    return None if np.isnan(value) else value
