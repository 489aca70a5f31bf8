"""Formulas of the methods that compare units with each other, with the numbers of the comparison."""

from __future__ import annotations

from services.scoring.domain.evaluate import Leaf
from services.scoring.domain.wording.parts import post, reflect, value_of
from shared.plan.methods import Percentile


def share_of_peer_max(leaf: Leaf, at: int) -> str:
    return reflect(f"clip({value_of(leaf, at)} / {post(leaf, at, 'peer_max')}, 0, 1)", leaf)


def zscore_minmax(leaf: Leaf, at: int) -> str:
    low, high = post(leaf, at, "cohort_min", "low"), post(leaf, at, "cohort_max", "high")
    return reflect(f"clip(({value_of(leaf, at)} - {low}) / ({high} - {low}), 0, 1)", leaf)


def minmax(leaf: Leaf, at: int) -> str:
    low, high = post(leaf, at, "low", "cohort_min"), post(leaf, at, "high", "cohort_max")
    plain = f"clip(({value_of(leaf, at)} - {low}) / ({high} - {low}), 0, 1)"
    bend = leaf.reference.get("bend")
    if bend is not None and float(bend[at]) > 0:
        plain = f"ln(1 + 100 x {plain}) / ln 101"
    elif bend is not None and float(bend[at]) < 0:
        plain = f"1 - ln(1 + 100 x (1 - {plain})) / ln 101"
    return reflect(f"({plain})" if bend is not None and bend[at] else plain, leaf)


def zscore(leaf: Leaf, at: int) -> str:
    mean, sd = post(leaf, at, "mean"), post(leaf, at, "sd")
    return reflect(f"clip(0.5 + 0.1 x ({value_of(leaf, at)} - {mean}) / {sd}, 0, 1)", leaf)


def percentile(leaf: Leaf, at: int) -> str:
    method = leaf.indicator.method
    assert isinstance(method, Percentile)
    worse, equal, compared = (post(leaf, at, name) for name in ("worse", "equal", "compared"))
    ties = f" + ({equal} - 1) / 2" if method.tie == "middle" else ""
    return f"({worse}{ties}) / ({compared} - 1)"


def borda(leaf: Leaf, at: int) -> str:
    worse, compared = (post(leaf, at, name) for name in ("worse", "compared"))
    return f"{worse} / ({compared} - 1)"
