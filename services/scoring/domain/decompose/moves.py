"""The answers: a unit between two years, or between two revisions of one evaluation. JSON values, nothing rounded."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.comparisons import KINDS
from services.scoring.domain.computation import Computation
from services.scoring.domain.decompose.again import by_method_of, same_method
from services.scoring.domain.decompose.corrections import corrected, corrections
from services.scoring.domain.decompose.index import Effect, effects, index_of, parts
from services.scoring.domain.decompose.places import standing
from services.scoring.domain.decompose.rank import RankMove, rank_move
from services.scoring.domain.decompose.words import move_sentence
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.explain.posts import FIXED
from services.scoring.domain.sources import Sources
from services.scoring.domain.tree import walk


def compare(before: Computation, after: Computation, unit: str) -> dict[str, Any]:
    """The unit in another year (`before`) and in this one. KeyError where it is in neither cohort."""
    return _answer(unit, before, after, before.sources) | {"corrections": None}


def changes(before: Computation, after: Computation, unit: str) -> dict[str, Any]:
    """The unit in the same evaluation at two moments. KeyError where it is in neither cohort.

    `corrections` lists the unit's own, and counts those of the others.
    """
    found = corrections(before.sources, after.sources)
    own = [asdict(one) for one in found if one.unit == unit]
    others = len({(one.unit, one.obligation, one.indicator) for one in found if one.unit != unit})
    answer = _answer(unit, before, after, corrected(before.sources, after.sources))
    return answer | {"corrections": {"own": own, "others": others}}


def _answer(unit: str, before: Computation, after: Computation, repaired: Sources) -> dict[str, Any]:
    if unit not in before.evaluation.cohort.position and unit not in after.evaluation.cohort.position:
        raise KeyError(unit)
    same = same_method(before, after)
    bridge = before.evaluation if same else by_method_of(after, before)
    mended = bridge if repaired is before.sources else by_method_of(after, before, repaired)
    move = rank_move(unit, before=before.evaluation, bridge=bridge, corrected=mended, after=after.evaluation)
    return {
        "unit": unit,
        "before": _side(before, unit),
        "after": _side(after, unit),
        "method_changed": not same,
        "compares": _compares(after.evaluation),
        "index": _index(unit, before.evaluation, bridge, mended, after.evaluation),
        "rank": _rank(move),
        "sentence": move_sentence(move),
    }


def _compares(evaluation: Evaluation) -> bool:
    """Whether a unit's index hangs on the others' numbers too."""
    nodes = (evaluation.index, *walk(evaluation.index))
    methods = {leaf.indicator.method.kind for leaf in evaluation.leaves.values()}
    return not methods <= FIXED or any(node.weights.from_data or node.aggregate in KINDS for node in nodes)


def _side(computation: Computation, unit: str) -> dict[str, Any]:
    evaluation = computation.evaluation
    at = evaluation.cohort.position.get(unit)
    band = NOT_RATED if at is None else int(evaluation.band[at])
    published = math.nan if at is None else float(evaluation.published[at])
    return {
        "year": evaluation.year,
        "plan_version": evaluation.plan.version,
        "as_of_ms": computation.as_of_ms,
        "inputs_sha256": computation.inputs_sha256,
        "provisional": computation.provisional,
        "in_cohort": at is not None,
        "index": index_of(evaluation, unit),
        "published": None if math.isnan(published) else published,
        "rank": standing(evaluation, unit),
        "ranked": None if at is None else int(evaluation.ranking.ranked[at]),
        "band": None if band == NOT_RATED else evaluation.plan.scoring.bands[band].code,
    }


def _index(unit: str, before: Evaluation, bridge: Evaluation, mended: Evaluation, after: Evaluation) -> dict[str, Any]:
    """`change = methodological + real`, `real = correction + new = performance + weight`; None without both ends."""
    path = [index_of(evaluation, unit) for evaluation in (before, bridge, mended, after)]
    if any(stop is None for stop in path):
        return dict.fromkeys(
            ("change", "methodological", "real", "correction", "new", "performance", "weight"), None
        ) | {"indicators": []}
    first, by_method, repaired, last = (stop for stop in path if stop is not None)
    found = effects(parts(bridge, unit), parts(after, unit))
    return {
        "change": last - first,
        "methodological": by_method - first,
        "real": last - by_method,
        "correction": repaired - by_method,
        "new": last - repaired,
        "performance": math.fsum(effect.performance for effect in found),
        "weight": math.fsum(effect.weight for effect in found),
        "indicators": [_indicator(effect, unit, bridge, after) for effect in found],
    }


def _indicator(effect: Effect, unit: str, before: Evaluation, after: Evaluation) -> dict[str, Any]:
    leaf = (after if effect.code in after.leaves else before).leaves[effect.code]
    return {
        "code": effect.code,
        "names": leaf.indicator.names.model_dump(),
        "before": _cell(before, unit, effect.code) | asdict(effect.before),
        "after": _cell(after, unit, effect.code) | asdict(effect.after),
        "performance": effect.performance,
        "weight": effect.weight,
    }


def _cell(evaluation: Evaluation, unit: str, code: str) -> dict[str, Any]:
    at, leaf = evaluation.cohort.position.get(unit), evaluation.leaves.get(code)
    if at is None or leaf is None:
        return {"value": None, "share": None}
    rows = {"value": leaf.column.value, "share": leaf.share}
    return {name: None if math.isnan(float(row[at])) else float(row[at]) for name, row in rows.items()}


def _rank(move: RankMove) -> dict[str, Any]:
    told = asdict(move)
    common = {name: told.pop(f"common_{name}") for name in ("before", "after", "units")}
    change = None if move.before is None or move.after is None else move.after - move.before
    return {**told, "change": change, "common": common}
