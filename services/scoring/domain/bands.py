"""Bands: lower bound inclusive, on the published index. Not rated is no band, never the lowest one.

Cuts are fixed by the plan, or come from a reference set: `quantile` takes the least published index that at least the
stated share of the set is below (equal ones stay together), `clusters` the middle of the gaps where the set parts best.
A cut from data moves by `band_guardrail` at most from last year's; a unit leaves last year's band only when it is
`band_hysteresis` beyond the cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.clusters import parted
from services.scoring.domain.rounding import half_up
from shared.plan.model import Band, Scoring

NOT_RATED = -1
TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class LastYear:
    """What bands may depend on of the year before: the cuts (highest first) and each unit's band (its code)."""

    cuts: tuple[float, ...] = ()
    bands: Mapping[str, str] = field(default_factory=dict)


def banded(published: Floats, bands: Sequence[Band]) -> Ints:
    """Position of each unit's band in the plan's list (highest first); NOT_RATED without an index or without bands."""
    return placed(published, [band.at_least for band in bands])


def placed(published: Floats, cuts: Sequence[float]) -> Ints:
    """The same for any cuts, highest first."""
    if not cuts:
        return np.full(len(published), NOT_RATED, dtype=np.int64)
    reached = np.searchsorted(np.array(cuts[::-1]), published, side="right")
    return np.where(np.isfinite(published), np.minimum(len(cuts) - reached, len(cuts) - 1), NOT_RATED).astype(np.int64)


def cuts_of(
    scoring: Scoring, published: Floats, *, frozen: Sequence[float] = (), last: Sequence[float] = ()
) -> tuple[float, ...]:
    """The lower bounds of the bands, highest first; the last is 0.

    `frozen` cuts of the reference are taken as they are, `last` are those of the year before. `published` is the
    reference set; where nobody in it is rated, `at_least` stands. Cuts from data may coincide: then the better band
    takes all, and the other is empty.
    """
    declared = tuple(band.at_least for band in scoring.bands)
    if scoring.bands_from == "fixed" or not declared:
        return declared
    if len(frozen) == len(declared):
        return tuple(frozen)
    rated = np.sort(published[np.isfinite(published)])
    if not len(rated):
        return declared
    found = _quantiles(declared, rated, scoring.decimals)
    if scoring.bands_from == "clusters":
        found = _clusters(len(declared), rated, scoring.decimals)
    if scoring.band_guardrail is not None and len(last) == len(declared):
        most = scoring.band_guardrail
        moved = [min(max(cut, was - most), was + most) for cut, was in zip(found, last, strict=True)]
        found = half_up(np.array(moved), scoring.decimals).tolist()
    return (*found[:-1], 0.0)


def held(published: Floats, cuts: Sequence[float], hysteresis: float, before: Ints) -> Ints:
    """Bands with hysteresis. `before` is each unit's position of last year, NOT_RATED where it had none."""
    now = placed(published, cuts)
    if not hysteresis or not len(cuts):
        return now
    worst = placed(published - hysteresis + TOLERANCE, cuts)
    best = placed(published + hysteresis + TOLERANCE, cuts)
    kept = np.minimum(np.maximum(before, best), worst)
    return np.where((now == NOT_RATED) | (before == NOT_RATED), now, kept)


def _quantiles(declared: Sequence[float], rated: Floats, decimals: int) -> list[float]:
    values, first = np.unique(rated, return_index=True)
    below = first / len(rated)
    cuts = []
    for share in declared:
        at = int(np.searchsorted(below, share - TOLERANCE, side="left"))
        cuts.append(float(values[at]) if at < len(values) else _beyond(values, decimals))
    return cuts


def _clusters(bands: int, rated: Floats, decimals: int) -> list[float]:
    values, counts = np.unique(rated, return_counts=True)
    starts = parted(values, counts.astype(np.float64), min(bands, len(values)))
    middles = half_up((values[starts] + values[starts - 1]) / 2, decimals)[::-1]
    # With fewer values than bands the best bands stay empty.
    empty = [_beyond(values, decimals)] * (bands - 1 - len(middles))
    return [*empty, *middles.tolist(), 0.0]


def _beyond(values: Floats, decimals: int) -> float:
    """A cut that nobody reaches."""
    return float(half_up(values[-1:] + 10.0**-decimals, decimals)[0])
