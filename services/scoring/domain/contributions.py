"""What each indicator brings to the index of each unit: contributions that sum to the index, and the points it loses.

Down the tree every node hands (scale, shift) to its children, so that a child's contribution is
`scale * score + shift`. What a child brings to its node, by the node's aggregate, with e its renormalised weight:

- points, arithmetic: e s.
- geometric, harmonic, power: e less its part of what is lost, e (F(1) - F(s)) (1 - S) / (F(1) - F(S)), where F is the
  mean's scale (for the geometric mean these are the exact log shares). Where zeros make S 0 they bear the whole loss
  in proportion to their weights.
- minimum: e; the least children bear the whole loss 1 - S, evenly. mean_min: (1 - a) e s, and a times the same.
- owa: order weight times score; equal scores share their places.
- penalised_mean: e s less e (s - M)^2 / M.
- borda, copeland: e times the share of units beaten; what duels add or take is spread by weight.

Whatever rounding, a floor or `zero_component: voids` leaves over is spread by weight, so that the sum is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.scoring.domain import means
from services.scoring.domain.aggregate import LINEAR, Child
from services.scoring.domain.cells import Floats
from services.scoring.domain.means import Scale
from services.scoring.domain.tree import Node

SMALL = 1e-9
"""Below this score a contribution is passed down by weight: dividing by it would lose every digit."""


def contributions(index: Node) -> dict[str, Floats]:
    """Code of indicator or group -> contribution to the index per unit; 0 where it does not count."""
    rated = np.isfinite(index.combined.score)
    codes = [one.code for node in (index, *_below(index)) for one in node.children]
    # One block for all rows: the system gives it in large pages, and small ones cost more than the products.
    found = dict(zip(codes, np.empty((len(codes), len(rated))), strict=True))
    _hand_down(index, rated.astype(np.float64), None, found)
    return found


def lost(index: Node) -> dict[str, Floats]:
    """Code -> what the unit would gain, to first order, were it perfect: effective weight x (1 - score), per unit.

    Effective weights are renormalised over what counts for the unit. Under arithmetic means and points these sum to
    1 - index.
    """
    weights = effective(index)
    children = {one.code: one for node in (index, *_below(index)) for one in node.children}
    return {
        code: np.where(weight > 0, weight * (1.0 - np.where(weight > 0, children[code].score, 1.0)), 0.0)
        for code, weight in weights.items()
    }


def effective(index: Node, *, of_all: bool = False) -> dict[str, Floats]:
    """Code of indicator or group -> its weight in the whole index per unit: the product of shares on its path.

    Over what counts for the unit; `of_all`: over what applies to it, with a value or without. Those of the leaves sum
    to 1 (to 0 for a unit without any).
    """
    found: dict[str, Floats] = {}

    def down(node: Node, share: Floats) -> None:
        part = share * _inverse(node.combined.whole if of_all else node.combined.counted)
        below = {one.code: one for one in node.nodes}
        for one in node.children:
            found[one.code] = part * (one.whole if of_all else one.counted)
            if one.code in below:
                down(below[one.code], found[one.code])

    down(index, np.ones(len(index.combined.score)))
    return found


def _below(node: Node) -> list[Node]:
    return [found for one in node.nodes for found in (one, *_below(one))]


def _inverse(row: Floats) -> Floats:
    return np.divide(1.0, row, out=np.zeros(len(row)), where=row > 0)


def _hand_down(node: Node, scale: Floats, shift: Floats | None, found: dict[str, Floats]) -> None:
    inverse = _inverse(node.combined.counted)
    below = {one.code: one for one in node.nodes}
    lifts = _lifts(node, inverse, shift)
    brought = None if _is_linear(node) else _brought(node, inverse)
    slope = scale * inverse
    for at, one in enumerate(node.children):
        lift = None if lifts is None else lifts[at]
        if brought is None:
            np.multiply(slope, one.earned, out=found[one.code])
            if lift is not None:
                found[one.code] += lift
            if one.code in below:
                _hand_down(below[one.code], slope * one.counted, lift, found)
            continue
        own = scale * brought[at]
        np.add(own, 0.0 if lift is None else lift, out=found[one.code])
        if one.code in below:
            score = np.where(one.has, one.score, 0.0)
            firm = score > SMALL
            steep = np.where(firm, own / np.where(firm, score, 1.0), 0.0)
            rest = np.where(firm, 0.0, own)
            _hand_down(below[one.code], steep, rest if lift is None else rest + lift, found)


def _lifts(node: Node, inverse: Floats, shift: Floats | None) -> list[Floats] | None:
    """The shift spread over the children by weight: by what counts, or by what applies where the node has no score
    (it counts as 0 above, and its children answer for that)."""
    if shift is None:
        return None
    stray = (node.combined.counted == 0) & (shift != 0)
    lift = shift * inverse
    if not stray.any():
        return [lift * one.counted for one in node.children]
    spread = np.where(stray, shift * _inverse(node.combined.whole), 0.0)
    return [lift * one.counted + spread * one.whole for one in node.children]


def _is_linear(node: Node) -> bool:
    """Whether children bring weight x score and nothing makes the node 0 otherwise."""
    void = node.combined.void
    voided = not node.code and void is not None and bool(void.any())
    return node.aggregate in LINEAR and node.spec.zero_component == "counts" and not voided


def _brought(node: Node, inverse: Floats) -> list[Floats]:
    """What each child brings to the score of its node; they sum to it exactly."""
    score = np.nan_to_num(node.combined.score)
    live = [one for one in node.children if one.counts]
    shares = [one.counted * inverse for one in live]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        parts = _parts(node, live, shares, score)
    held = [
        np.where(share > 0, np.nan_to_num(part, posinf=0.0, neginf=0.0), 0.0)
        for part, share in zip(parts, shares, strict=True)
    ]
    bearers = _bearers(node, live, shares, score)
    rest = score - np.sum(held, axis=0) if held else score
    rows = iter([part + rest * bearer for part, bearer in zip(held, bearers, strict=True)])
    return [next(rows) if one.counts else np.zeros(len(score)) for one in node.children]


def _bearers(node: Node, live: Sequence[Child], shares: Sequence[Floats], score: Floats) -> Sequence[Floats]:
    """Who bears what the parts leave over: by weight, but only the zeros where zeros make the node 0."""
    scale = means.scale_of(node.spec)
    if node.spec.zero_component == "counts" and not (scale is not None and scale.zero_kills):
        return shares
    zeros = [np.where(one.score <= 0, share, 0.0) for one, share in zip(live, shares, strict=True)]
    whole = np.sum(zeros, axis=0)
    dead = (whole > 0) & (score <= 0)
    return [np.where(dead, zero / np.where(dead, whole, 1.0), share) for zero, share in zip(zeros, shares, strict=True)]


def _parts(node: Node, live: Sequence[Child], shares: Sequence[Floats], score: Floats) -> list[Floats]:
    spec = node.spec
    if node.combined.parts is not None:
        rows = zip(node.children, node.combined.parts, strict=True)
        return [part for one, part in rows if one.counts]
    if spec.aggregate == "owa":
        return [one.score * part for one, part in zip(live, means.order_parts(spec, live), strict=True)]
    if spec.aggregate in ("minimum", "mean_min"):
        return _of_least(live, shares, 1.0 if spec.aggregate == "minimum" else spec.minimum_share)
    if spec.aggregate == "penalised_mean":
        middle = sum(share * np.nan_to_num(one.score) for one, share in zip(live, shares, strict=True))
        return [
            share * (one.score - (one.score - middle) ** 2 / middle) for one, share in zip(live, shares, strict=True)
        ]
    scale = means.scale_of(spec)
    assert scale is not None
    if spec.aggregate in LINEAR:
        return [share * one.score for one, share in zip(live, shares, strict=True)]
    return _of_scale(scale, live, shares, score)


def _of_scale(scale: Scale, live: Sequence[Child], shares: Sequence[Floats], score: Floats) -> list[Floats]:
    """Nominal weight less its part of what is lost, measured on the mean's own scale."""
    perfect = np.ones(len(score))
    top, reached = scale.forward(scale.lifted(perfect)), scale.forward(_lifted_back(scale, score))
    level = np.abs(top - reached) <= SMALL * np.abs(top + 1.0)
    rate = np.where(level, 0.0, (1.0 - score) / np.where(level, 1.0, top - reached))
    full = [
        share * (1.0 - (top - scale.forward(scale.lifted(one.score))) * rate)
        for one, share in zip(live, shares, strict=True)
    ]
    if not scale.zero_kills:
        return full
    dead = means.has_zero(live)
    return [np.where(dead, share, part) for part, share in zip(full, shares, strict=True)]


def _lifted_back(scale: Scale, score: Floats) -> Floats:
    return score if scale.policy == "floor" else scale.lifted(score)


def _of_least(live: Sequence[Child], shares: Sequence[Floats], part: float) -> list[Floats]:
    least = means.least(live)
    lowest = [one.has & (one.score == least) for one in live]
    loss = part * (1.0 - least) / np.maximum(np.sum(lowest, axis=0), 1)
    rows = zip(live, shares, lowest, strict=True)
    return [(1.0 - part) * share * one.score + part * share - np.where(low, loss, 0.0) for one, share, low in rows]
