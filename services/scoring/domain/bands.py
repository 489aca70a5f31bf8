"""Bands: lower bound inclusive, on the published index. Not rated is no band, never the lowest one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.scoring.domain.cells import Floats, Ints
from shared.plan.model import Band

NOT_RATED = -1


def banded(published: Floats, bands: Sequence[Band]) -> Ints:
    """Position of each unit's band in the plan's list (highest first); NOT_RATED without an index or without bands."""
    if not bands:
        return np.full(len(published), NOT_RATED, dtype=np.int64)
    lows = np.array([band.at_least for band in reversed(bands)])
    reached = np.searchsorted(lows, published, side="right")
    return np.where(np.isfinite(published), len(bands) - reached, NOT_RATED).astype(np.int64)
