"""One entry of a row as a plain number."""

from __future__ import annotations

import math

from services.scoring.domain.cells import Floats


def plain(row: Floats, at: int) -> float | None:
    """The unit's number, None where there is none."""
    value = float(row[at])
    return None if math.isnan(value) else value
