"""Final values of earlier years, for the plans whose missing policy looks back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import blank
from services.scoring.domain.impute import History, policies
from shared.plan.model import Plan

LOOKING_BACK = frozenset({"carry", "linear"})


@dataclass(frozen=True, slots=True)
class Earlier:
    """What one unit had in the sealed edition of an earlier year: indicator -> value, of what was reported then."""

    year: int
    edition: str
    unit: str
    values: Mapping[str, float]


def looks_back(plan: Plan) -> bool:
    """Whether earlier years can change a number."""
    return not LOOKING_BACK.isdisjoint(policies(plan).values())


def history_of(position: Mapping[str, int], earlier: Iterable[Earlier]) -> History:
    """As rows over the cohort (`position`: unit -> place)."""
    held = sorted(earlier, key=lambda row: (row.year, row.unit))
    years = sorted({row.year for row in held})
    place = {year: at for at, year in enumerate(years)}
    values: dict[str, np.ndarray[tuple[int, int], np.dtype[np.float64]]] = {}
    for row in held:
        at = position.get(row.unit)
        for code, value in row.values.items() if at is not None else ():
            if code not in values:
                values[code] = np.array([blank(len(position)) for _ in years])
            values[code][place[row.year], at] = value
    return History(tuple(years), values)
