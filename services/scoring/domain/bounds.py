"""Between which scores and ranks a unit can still end while reports are missing, without any assumption.

Open is every cell that can still be reported in the year: past due and not reported, not due yet, refused or
suppressed (they may be corrected), what the missing policy put in place, and what is left out because it does not tell
the units apart yet. Bounds are the scores with all open cells
at 0 and all at the best share; what was reported stands as it is. Every mean passes them on exactly, because it rises
with each child. Not so `penalised_mean`, which an uneven rise can lower: there the bounds are 0 and the mean of the
upper bounds, certain but not tight; nor `borda` and `copeland`, where everybody moves everybody: 0 and 1 while any cell
inside is open for any of the units compared. Bounds suppose that an open cell is reported in the end or scores 0; a
plan may also leave the unit without a score (`missing`, coverage). Cohort-relative methods keep their present posts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.scoring.domain.aggregate import Child, Combined, combine
from services.scoring.domain.cells import Bools, Floats, Ints
from services.scoring.domain.comparisons import KINDS, Among, everyone
from services.scoring.domain.impute import policies
from services.scoring.domain.tree import Node, Scored, Terms, grow, walk
from shared.plan.groups import Combination
from shared.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Bounds:
    """Per unit: least and greatest index (NaN where nothing applies), unrounded."""

    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class RankBounds:
    """Per unit: the best and worst competition rank that it can still take; 0 without bounds of its score."""

    best: Ints
    worst: Ints


def bounds(
    plan: Plan,
    index: Node,
    leaves: Mapping[str, Scored],
    *,
    open_: Mapping[str, Bools],
    tops: Mapping[str, float],
    terms: Terms,
) -> Bounds:
    """Bounds of the index that was grown from these leaves under these terms.

    `open_` marks the open cells of every leaf, `tops` is the largest share that its method gives.
    """
    if not any(mask.any() for mask in open_.values()):
        return Bounds(index.combined.score.copy(), index.combined.score.copy())
    nodes = {node.code: node for node in (index, *walk(index))}
    frozen = {code: node.weights.values for code, node in nodes.items() if node.weights.from_data}
    gaps = _gaps(index, open_)
    ends = []
    for high in (False, True):
        filled = {
            code: Scored(
                np.where(open_[code], tops[code] if high else 0.0, leaf.share),
                leaf.applicable | open_[code],
                leaf.reported,
            )
            for code, leaf in leaves.items()
        }
        end = _End(nodes, gaps, high)
        under = replace(terms, frozen=frozen, joined=end.joined)
        ends.append(grow(plan, filled, under).combined.score)
    low, high_ = np.fmin(ends[0], index.combined.score), np.fmax(ends[1], index.combined.score)
    return Bounds(np.where(_may_void(plan, open_), 0.0, low), high_)


def rank_bounds(low: Floats, high: Floats, among: Among, *, ties_count: bool = False) -> RankBounds:
    """1 + the others of its group that must, and that may, come before it; `ties_count` when ties are broken.

    O(n log n).
    """
    best, worst = np.zeros(len(low), dtype=np.int64), np.zeros(len(low), dtype=np.int64)
    order = np.argsort(among.group, kind="stable")
    for inside in np.split(order, np.cumsum(np.bincount(among.group, minlength=among.groups))[:-1]):
        has = inside[np.isfinite(low[inside])]
        lows, highs = np.sort(low[has]), np.sort(high[has])
        best[has] = 1 + len(has) - np.searchsorted(lows, high[has], side="right")
        ahead = len(has) - np.searchsorted(highs, low[has], side="left" if ties_count else "right")
        itself = np.ones(len(has), dtype=bool) if ties_count else high[has] > low[has]
        worst[has] = 1 + ahead - itself
    return RankBounds(best, worst)


def _may_void(plan: Plan, open_: Mapping[str, Bools]) -> Bools:
    """Units whose index one value left unreported would make 0."""
    weights = {leaf.code: leaf.weight for leaf in plan.indicators()}
    units = len(next(iter(open_.values())))
    found = np.zeros(units, dtype=bool)
    for code, policy in policies(plan).items():
        if policy == "void" and weights[code] > 0:
            found |= open_[code]
    return found


def _gaps(index: Node, open_: Mapping[str, Bools]) -> dict[str, Bools]:
    """Node -> units with an open cell anywhere inside."""
    found: dict[str, Bools] = {}

    def inside(node: Node) -> Bools:
        mask = np.zeros(len(node.combined.score), dtype=bool)
        below = {one.code: one for one in node.nodes}
        for one in node.children:
            if one.code in below:
                mask |= inside(below[one.code])
            elif one.code in open_:
                mask |= open_[one.code]
        found[node.code] = mask
        return mask

    inside(index)
    return found


@dataclass(frozen=True, slots=True)
class _End:
    """Makes nodes of children at one end of what is possible."""

    nodes: Mapping[str, Node]
    gaps: Mapping[str, Bools]
    high: bool

    def joined(self, spec: Combination, code: str, children: Sequence[Child], terms: Terms) -> Combined:
        """The node at this end."""
        among, gap = terms.among, self.gaps[code]
        if spec.aggregate in KINDS:
            among = among or everyone(len(gap))
            touched = np.bincount(among.group, weights=gap, minlength=among.groups)[among.group] > 0
            plain = combine(_mean(spec), children)
            given = np.where(touched, float(self.high), self.nodes[code].combined.score)
            return replace(plain, score=np.where(plain.counted > 0, given, np.nan))
        if spec.aggregate == "penalised_mean":
            plain = combine(_mean(spec), children)
            given = np.where(gap, plain.score if self.high else 0.0, self.nodes[code].combined.score)
            return replace(plain, score=np.where(plain.counted > 0, given, np.nan))
        return combine(tolerant(spec), children, code=code, among=among)


def tolerant(spec: Combination) -> Combination:
    """With `strict` in place of `zero_policy: error`: a question of what would be is not refused."""
    return spec.model_copy(update={"zero_policy": "strict"}) if spec.zero_policy == "error" else spec


def _mean(spec: Combination) -> Combination:
    return spec.model_copy(update={"aggregate": "arithmetic", "zero_component": "counts", "zero_policy": "strict"})
