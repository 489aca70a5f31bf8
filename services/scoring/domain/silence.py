"""Who gains by not reporting: reported, never enforced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from services.scoring.domain.aggregate import Child, Combined, combine
from services.scoring.domain.bounds import tolerant
from services.scoring.domain.cells import Bools, Floats
from services.scoring.domain.tree import Node, Scored, Terms, grow, walk
from shared.plan.groups import Combination
from shared.plan.model import Plan


def gain_of_silence(
    plan: Plan, index: Node, leaves: Mapping[str, Scored], silent: Mapping[str, Bools], terms: Terms
) -> Floats:
    """The index were missing values left out, less the index were they 0, per unit; NaN where there is none.

    `silent` marks the cells of every leaf that apply and were not reported, imputed ones included. Coverage is not
    asked for, weights from data stay as they are.
    """
    frozen = {node.code: node.weights.values for node in (index, *walk(index)) if node.weights.from_data}
    found = []
    for filler in (np.nan, 0.0):
        held = {
            code: Scored(np.where(silent[code], filler, leaf.share), leaf.applicable) for code, leaf in leaves.items()
        }
        under = replace(terms, frozen=frozen, missing="reweight", lenient=True, joined=_asked)
        found.append(grow(plan, held, under).combined.score)
    left_out, as_zero = found
    return np.where(np.isfinite(left_out), left_out - as_zero, np.where(np.isfinite(as_zero), 0.0, np.nan))


def _asked(spec: Combination, code: str, children: Sequence[Child], terms: Terms) -> Combined:
    return combine(tolerant(spec), children, code=code, among=terms.among, lenient=True)
