"""Appraised values in place of reported ones: the three layers of an evaluation.

`self` is what was reported. In `final` an appraised cell takes the place of the reported one. `appraised` has only what
was appraised: other cells leave it, except those that the platform counts itself, which nobody scores and which stand
for every unit that has something appraised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from services.scoring.domain.appraised import Appraised, Layer
from services.scoring.domain.cells import Column, Floats, Ints, Status
from shared.plan.model import Indicator, Plan

NOWHERE = np.zeros(0, dtype=np.int64)
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Override:
    """What becomes of one indicator's annual column. Positions in the cohort; numbers are NaN where not given.

    `valued` cells take `value`, `numerator`, `denominator` (parallel); `exempt` are not applicable, `rejected` not
    reported; `confirmed` stay as they are; `absent` are not part of this layer.
    """

    valued: Ints
    value: Floats
    numerator: Floats
    denominator: Floats
    exempt: Ints
    rejected: Ints
    confirmed: Ints
    absent: Ints

    def appraised(self, units: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which cells were appraised, whatever the outcome."""
        mask = np.zeros(units, dtype=bool)
        mask[np.concatenate([self.valued, self.exempt, self.rejected, self.confirmed])] = True
        return mask


def newest(appraised: Iterable[Appraised]) -> dict[tuple[str, str], Appraised]:
    """(unit, indicator) -> its newest appraisal, in canonical order."""
    rows = sorted(appraised, key=lambda row: (row.unit, row.indicator, row.revision, row.decided_at_ms))
    return {(row.unit, row.indicator): row for row in rows}


def overrides(
    plan: Plan, position: Mapping[str, int], appraised: Iterable[Appraised], layer: Layer
) -> dict[str, Override]:
    """Indicator -> what takes the place of its column in a layer; only indicators for which anything does.

    Appraisals of units outside of the cohort (`position`: unit -> place) or of unknown indicators count for nothing.
    """
    if layer == "self":
        return {}
    rows: dict[str, list[Appraised]] = {indicator.code: [] for indicator in plan.indicators()}
    for (unit, indicator), row in newest(appraised).items():
        if unit in position and indicator in rows:
            rows[indicator].append(row)
    if layer == "final":
        return {code: _override(position, held) for code, held in rows.items() if held}
    touched = {position[row.unit] for held in rows.values() for row in held}
    return {
        indicator.code: _override(position, rows[indicator.code], _absent(indicator, rows, touched, position))
        for indicator in plan.indicators()
    }


def overridden(indicator: Indicator, column: Column, override: Override | None) -> Column:
    """The annual column with what was appraised in its place."""
    if override is None:
        return column
    status, value = column.status.copy(), column.value.copy()
    numerator, denominator = column.numerator.copy(), column.denominator.copy()
    at = override.valued
    status[at], value[at] = Status.OBSERVED, override.value
    if indicator.is_quotient:
        parts = _parts(indicator, override, denominator[at])
        numerator[at], denominator[at] = parts
    status[at[~_believed(indicator, override.value)]] = Status.INVALID
    for positions, gone in (
        (override.exempt, Status.NOT_APPLICABLE),
        (override.rejected, Status.NOT_REPORTED),
        (override.absent, Status.NOT_DUE),
    ):
        status[positions] = gone
        value[positions] = numerator[positions] = denominator[positions] = NAN
    return replace(column, status=status, value=value, numerator=numerator, denominator=denominator)


def _parts(indicator: Indicator, override: Override, reported: Floats) -> tuple[Floats, Floats]:
    """Numerator and denominator of appraised quotients: as given, else over what was reported, else over one."""
    own = np.where(reported > 0, reported, 1.0)
    denominator = np.where(np.isnan(override.denominator), own, override.denominator)
    with np.errstate(over="ignore"):
        derived = override.value / indicator.scale * denominator
    return np.where(np.isnan(override.numerator), derived, override.numerator), denominator


def _believed(indicator: Indicator, value: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    believed = np.isfinite(value)
    if indicator.low is not None:
        believed &= value >= indicator.low
    if indicator.high is not None:
        believed &= value <= indicator.high
    return believed


def _absent(
    indicator: Indicator, rows: Mapping[str, list[Appraised]], touched: set[int], position: Mapping[str, int]
) -> Ints:
    there = {position[row.unit] for row in rows[indicator.code]}
    if indicator.computed_by != "form":
        there |= touched
    return np.array(sorted(set(position.values()) - there), dtype=np.int64)


def _override(position: Mapping[str, int], rows: list[Appraised], absent: Ints = NOWHERE) -> Override:
    def at(outcome: str) -> Ints:
        return np.array([position[row.unit] for row in rows if row.outcome == outcome], dtype=np.int64)

    valued = [row for row in rows if row.outcome == "value"]
    return Override(
        valued=at("value"),
        value=_floats([row.value for row in valued]),
        numerator=_floats([row.numerator for row in valued]),
        denominator=_floats([row.denominator for row in valued]),
        exempt=at("not_applicable"),
        rejected=at("rejected"),
        confirmed=at("confirmed"),
        absent=absent,
    )


def _floats(given: list[float | None]) -> Floats:
    return np.array([NAN if number is None else number for number in given], dtype=np.float64)
