"""Published numbers: half-up at a number of decimals, with the noise of binary fractions absorbed."""

from __future__ import annotations

import numpy as np

from services.scoring.domain.cells import Floats

NOISE = 1e-9
"""0.1 + 0.2 and 0.3 must publish, rank and band alike."""


def half_up(value: Floats, decimals: int) -> Floats:
    """floor(value * 10^d + 0.5 + 1e-9) / 10^d; NaN stays NaN."""
    scale = 10.0**decimals
    return np.asarray(np.floor(value * scale + 0.5 + NOISE) / scale, dtype=np.float64)
