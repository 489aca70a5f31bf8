"""Aggregation of children into a node: what each child counts, and when the node has a score.

What is not applicable leaves numerator and denominator. What is missing follows the policy that holds for the child:
`zero` counts as 0, `missing` leaves the node without a score, `void` counts as 0 here and makes the whole index 0;
under every other policy it is left out where enough remains (`min_coverage` by weight or count, `min_children`;
tolerance 1e-12). A `mandatory` child without a value leaves the node without a score under every policy. Children of
weight 0 are shown and not counted. The means are in `means`, the comparisons of units with units in `comparisons`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from services.scoring.domain import comparisons, means
from services.scoring.domain.cells import Bools, Floats, constant
from services.scoring.domain.child import Child
from shared.plan.base import MissingPolicy
from shared.plan.groups import Aggregate, Combination

__all__ = ["LINEAR", "TOLERANCE", "Aggregate", "Child", "Combined", "child", "combine", "points_child"]

TOLERANCE = 1e-12
LINEAR = frozenset({"points", "arithmetic"})


@dataclass(frozen=True, slots=True)
class Combined:
    """A node for every unit. `applicable` is False where nothing inside applies; `score` is NaN where it has none.

    `void` marks units that a missing value below makes 0; `parts` is what each child brings to the score where that
    cannot be told without the other units (borda, copeland).
    """

    score: Floats
    applicable: Bools
    coverage: Floats
    earned: Floats
    counted: Floats
    whole: Floats
    void: Bools | None = None
    parts: tuple[Floats, ...] | None = None


def child(
    code: str,
    weight: float | Floats,
    *,
    score: Floats,
    applicable: Bools,
    reported: Floats | Bools | None,
    missing: MissingPolicy,
    mandatory: bool = False,
    void: Bools | None = None,
) -> Child:
    """An indicator or a node as the child of a mean (or a mean as the child of points): counts with its own weight.

    `score` is NaN where there is none; `reported` is how much of it was reported (None: wherever it has one); `weight`
    may differ between units.
    """
    if isinstance(weight, float | int) and weight == 0:
        nothing = constant(0.0, len(score))
        return Child(code, score, nothing, nothing, np.broadcast_to(False, score.shape), counts=False, void=void)
    has = np.isfinite(score)
    has &= applicable
    absent = applicable & ~has
    if not isinstance(weight, float | int):
        absent &= weight > 0
    gaps = bool(absent.any())
    if gaps and missing in ("zero", "void"):
        reported = has if reported is None else reported
        score, has = np.where(absent, 0.0, score), has | absent
    if not isinstance(weight, float | int):
        has &= weight > 0
        score = np.where(has, score, np.nan)
    if not applicable.all():
        whole = np.multiply(applicable, weight)
    else:
        whole = constant(weight, len(score)) if isinstance(weight, float | int) else weight
    earned = np.where(has, score, 0.0)
    earned *= weight
    return Child(
        code,
        score,
        whole,
        earned,
        has,
        reported,
        stops=absent if gaps and (mandatory or missing == "missing") else None,
        void=_either(void, absent if gaps and missing == "void" else None),
    )


def points_child(code: str, node: Combined, *, missing: MissingPolicy, mandatory: bool = False) -> Child:
    """A points node as the child of points: its points simply add to the parent's."""
    has = node.counted > 0
    absent = ~has & (node.whole > 0)
    gaps = bool(absent.any())
    filled = gaps and missing in ("zero", "void")
    return Child(
        code,
        np.where(absent, 0.0, node.score) if filled else node.score,
        node.whole,
        node.earned,
        has | absent if filled else has,
        node.coverage,
        np.where(absent, node.whole, node.counted) if filled else node.counted,
        stops=absent if gaps and (mandatory or missing == "missing") else None,
        void=_either(node.void, absent if gaps and missing == "void" else None),
    )


def combine(
    spec: Combination,
    children: Sequence[Child],
    *,
    code: str = "",
    among: comparisons.Among | None = None,
    lenient: bool = False,
) -> Combined:
    """The node of these children, in their order. At least one child.

    `among` says which units are compared with which (borda, copeland need it). `lenient` drops every demand on
    coverage and mandatory children. `code` names the node in errors: Undefined where the plan refuses to compute.
    """
    units = len(children[0].score)
    live = [one for one in children if one.counts]
    whole = _whole(live, units)
    counted = total((one.counted for one in live), units)
    earned = total((one.earned for one in live), units)
    covered = _covered(live, counted)
    applicable = whole > 0
    rated = counted > 0
    if not lenient:
        rated &= _enough(spec, live, whole, counted)
        for one in live:
            rated &= True if one.stops is None else ~one.stops
    parts = None
    if spec.aggregate in comparisons.KINDS:
        score, brought = comparisons.compared(code, spec.aggregate, live, rated, among or comparisons.everyone(units))
        parts = _for_all(children, live, brought)
    else:
        score = means.mean(code, spec, live, earned, counted)
    if spec.zero_component == "voids":
        dead = means.has_zero(live)
        score, earned = np.where(dead, 0.0, score), np.where(dead, 0.0, earned)
    everyone = bool(rated.all())
    return Combined(
        score=score if everyone else np.where(rated, score, np.nan),
        applicable=applicable,
        coverage=covered / np.where(applicable, whole, 1.0),
        earned=earned if everyone else np.where(rated, earned, 0.0),
        counted=counted if everyone else np.where(rated, counted, 0.0),
        whole=whole,
        void=reduce(_either, (one.void for one in children), None),
        parts=parts,
    )


def _whole(live: Sequence[Child], units: int) -> Floats:
    """Weight of what applies; where everything does for everybody, one number says it."""
    if live and all(one.whole.strides == (0,) for one in live):
        return np.full(units, sum(float(one.whole[0]) for one in live) if units else 0.0)
    return total((one.whole for one in live), units)


def total(rows: Iterable[Floats], units: int) -> Floats:
    """Sum in declared order: the same for every unit, whoever else is in the cohort."""
    found = np.zeros(units)
    for row in rows:
        found += row
    return found


def _covered(live: Sequence[Child], counted: Floats) -> Floats:
    """Weight of what was reported."""
    if all(one.reported is None for one in live):
        return counted
    return total((one.covered for one in live), len(counted))


def _enough(spec: Combination, live: Sequence[Child], whole: Floats, counted: Floats) -> Bools:
    """Whether enough of what applies has a value."""
    enough = np.ones(len(whole), dtype=bool)
    by_count = spec.coverage_by == "count"
    present = np.sum([one.has for one in live], axis=0) if by_count or spec.min_children else counted
    if spec.min_children:
        enough &= present >= spec.min_children
    if spec.min_coverage and by_count:
        enough &= present >= np.sum([one.whole > 0 for one in live], axis=0) * (spec.min_coverage - TOLERANCE)
    elif spec.min_coverage:
        present = counted
        if any(one.partly is not None for one in live):
            present = total((np.multiply(one.whole, one.has) for one in live), len(whole))
        enough &= present >= whole * (spec.min_coverage - TOLERANCE)
    return enough


def _either(one: Bools | None, other: Bools | None) -> Bools | None:
    if one is None or other is None:
        return other if one is None else one
    return one | other


def _for_all(children: Sequence[Child], live: Sequence[Child], parts: Sequence[Floats]) -> tuple[Floats, ...]:
    """Parts of the counted children, nothing for the others."""
    found = dict(zip((one.code for one in live), parts, strict=True))
    return tuple(found.get(one.code, np.zeros(len(one.score))) for one in children)
