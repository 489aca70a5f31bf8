"""Other inputs than those reported: with measurement error, with values in the place of missing ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.analysis.variations import Case
from services.scoring.domain.annual import ESTIMATED, REPORTED, Reported, combination
from services.scoring.domain.cells import Floats, Ints, is_missing
from services.scoring.domain.evaluate import Leaf
from services.scoring.domain.inputs import Inputs

NOISE, DONORS = 1 << 21, 1 << 22
"""Streams of random numbers."""
NUMBERED = (REPORTED, ESTIMATED)
"""Entries that carry a number."""


def noisy(case: Case, draws: Draws, number: int) -> Inputs:
    """Inputs with the declared measurement error (`noise_sd`) added to each annual value, kept in its domain."""
    reported = dict(case.inputs.reported)
    for at, (code, leaf) in enumerate(case.evaluation.leaves.items()):
        if leaf.indicator.noise_sd > 0 and leaf.indicator.computed_by == "form":
            error = draws.normal(number, len(leaf.status), stream=NOISE + at) * leaf.indicator.noise_sd
            reported[code] = _shaken(leaf, reported[code], error)
    return replace(case.inputs, reported=reported)


def imputed(case: Case, draws: Draws, number: int) -> Inputs:
    """Inputs in which a unit without a usable value takes the reports of a random peer that has one (hot deck)."""
    reported = dict(case.inputs.reported)
    peer = case.inputs.cohort.peer
    for at, (code, leaf) in enumerate(case.evaluation.leaves.items()):
        lacking = np.flatnonzero(is_missing(leaf.status))
        if len(lacking) and leaf.indicator.computed_by == "form":
            lots = draws.uniform(number, len(leaf.status), stream=DONORS + at)
            donors = _donors(leaf, lacking, peer, lots)
            reported[code] = _given(reported[code], donors)
    return replace(case.inputs, reported=reported)


def _donors(leaf: Leaf, lacking: Ints, peer: Ints, lots: Floats) -> dict[int, int]:
    """Unit -> the peer whose reports it takes; those without any such peer are left out."""
    found: dict[int, int] = {}
    for group in np.unique(peer[lacking]):
        can = np.flatnonzero(leaf.reported & (peer == group))
        wanting = lacking[peer[lacking] == group]
        if len(can):
            chosen = can[np.minimum((lots[wanting] * len(can)).astype(np.int64), len(can) - 1)]
            found |= dict(zip(wanting.tolist(), chosen.tolist(), strict=True))
    return found


def _given(reported: Reported, donors: Mapping[int, int]) -> Reported:
    """The entries with those of each donor repeated for the unit that takes them, in place of its own."""
    takers = np.array(sorted(donors), dtype=np.int64)
    keep = np.flatnonzero(~np.isin(reported.unit, takers))
    order = np.argsort(reported.unit, kind="stable")
    units = reported.unit[order]
    copied: list[np.ndarray[Any, Any]] = []
    owner: list[int] = []
    for taker in takers.tolist():
        low, high = np.searchsorted(units, donors[taker]), np.searchsorted(units, donors[taker], side="right")
        copied.append(order[low:high])
        owner.extend([taker] * int(high - low))
    at = np.concatenate([keep, *copied]).astype(np.int64)
    parts = {one.name: getattr(reported, one.name)[at] for one in fields(reported)}
    return replace(reported, **{**parts, "unit": np.concatenate([reported.unit[keep], owner]).astype(np.int64)})


def _shaken(leaf: Leaf, reported: Reported, error: Floats) -> Reported:
    """Entries such that the annual value moves by `error`: the last one of each unit takes it all."""
    indicator = leaf.indicator
    wanted = _in_domain(leaf, leaf.column.value + error)
    move = np.where(leaf.reported, wanted - leaf.column.value, 0.0)
    last = _last_numbered(reported)
    unit = reported.unit[last]
    if indicator.is_quotient:
        numerator = reported.numerator.copy()
        numerator[last] += (move * leaf.column.denominator / indicator.scale)[unit]
        return replace(reported, numerator=numerator)
    value = reported.value.copy()
    periods = np.bincount(reported.unit[np.isin(reported.kind, NUMBERED)], minlength=len(move))
    value[last] += (move * (periods if combination(indicator) == "mean" else 1))[unit]
    return replace(reported, value=value)


def _last_numbered(reported: Reported) -> Any:
    """Positions of the last reported entry of each unit."""
    numbered = np.flatnonzero(np.isin(reported.kind, NUMBERED))
    order = numbered[np.lexsort((reported.period_end_ms[numbered], reported.unit[numbered]))]
    if len(order) == 0:
        return order
    return order[np.append(np.diff(reported.unit[order]) != 0, True)]


def _in_domain(leaf: Leaf, value: Floats) -> Floats:
    """Within what is believed of the indicator; what was not negative stays so."""
    indicator = leaf.indicator
    low = np.where(leaf.column.value >= 0, 0.0, -np.inf)
    if indicator.low is not None:
        low = np.maximum(low, indicator.low)
    high = np.inf if indicator.high is None else indicator.high
    if indicator.type == "ratio" and not indicator.allow_over_100:
        # A hair below, so that the numerator does not exceed its denominator by rounding.
        high = min(high, indicator.scale * (1.0 - 1e-12))
    return np.asarray(np.clip(value, low, high))
