"""What each indicator brings to the index of each unit: contributions that sum to the index.

Down the tree every node hands (scale, shift) to its children, so that a child's contribution is
`scale * score + shift`. Under points and the arithmetic mean the scale is the renormalised weight e. Under the
geometric mean S the exact log shares are used: a child brings `e + e * ln(s) * (S - 1) / ln(S)`, its nominal weight
less its part of what is lost; where S is 0, the zeros bear the whole loss in proportion to their weights.
"""

from __future__ import annotations

import numpy as np

from services.scoring.domain.aggregate import Child, log_mean
from services.scoring.domain.cells import Floats
from services.scoring.domain.tree import Node

SMALL = 1e-9
"""Below this score a contribution is passed down by weight: dividing by it would lose every digit."""


def contributions(index: Node) -> dict[str, Floats]:
    """Code of indicator or group -> contribution to the index per unit; 0 where it does not count."""
    rated = np.isfinite(index.combined.score)
    found: dict[str, Floats] = {}
    _hand_down(index, np.where(rated, 1.0, 0.0), np.zeros(len(rated)), found)
    return found


def _hand_down(node: Node, scale: Floats, shift: Floats, found: dict[str, Floats]) -> None:
    counted = np.where(node.combined.counted > 0, node.combined.counted, 1.0)
    geometric = node.aggregate == "geometric"
    logs = log_mean(node.children, node.combined.counted) if geometric else counted
    below = {child.code: child for child in node.nodes}
    zeros = _zero_weight(node) if geometric else counted
    for child in node.children:
        share = np.where(node.combined.counted > 0, child.counted, 0.0) / counted
        score = np.where(child.counted > 0, child.score, 0.0)
        if geometric:
            own = _log_share(child, share, score, logs, zeros)
            steep = np.where(score > SMALL, scale * own / np.where(score > SMALL, score, 1.0), 0.0)
            lift = shift * share + np.where(score > SMALL, 0.0, scale * own)
        else:
            steep, lift = scale * share, shift * share
        found[child.code] = steep * score + lift
        if child.code in below:
            _hand_down(below[child.code], steep, lift, found)


def _zero_weight(node: Node) -> Floats:
    """Counted weight of the children that score 0; 0 where none does."""
    rows = [np.where((child.counted > 0) & ~(child.score > 0), child.counted, 0.0) for child in node.children]
    return np.asarray(np.sum(rows, axis=0))


def _log_share(child: Child, share: Floats, score: Floats, logs: Floats, zeros: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        steepness = np.where(logs == 0, 1.0, np.expm1(logs) / np.where(logs == 0, 1.0, logs))
        positive = share * (1.0 + np.log(np.where(score > 0, score, 1.0)) * steepness)
    zero = (child.counted > 0) & ~(score > 0)
    borne = np.where(zero, child.counted, 0.0) / np.where(zeros > 0, zeros, 1.0)
    return np.where(zeros > 0, share - borne, positive)
