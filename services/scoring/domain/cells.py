"""What a cell of the matrix units x indicators can be. Not applicable, not reported and zero are three things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]


class Status(IntEnum):
    """Why a cell carries a value or does not. The first four carry one, and only the first two were reported.

    `estimated` is a reported value that its reporter calls an estimate; `imputed` and `carried` were put in place by
    the missing policy. Numbers are not stored anywhere: the label is.
    """

    OBSERVED = 0
    ESTIMATED = 1
    IMPUTED = 2
    CARRIED = 3
    NOT_REPORTED = 4
    SUPPRESSED = 5
    INVALID = 6
    NOT_APPLICABLE = 7
    NOT_DUE = 8
    EXCLUDED = 9
    INFORMATIONAL = 10

    @property
    def label(self) -> str:
        """The word in events, answers and documents."""
        return self.name.lower()


MISSING = (Status.NOT_REPORTED, Status.SUPPRESSED, Status.INVALID)
"""Applicable without a usable value: follows the plan's policy for missing values."""


# As wide as the codes: comparing with a plain int would widen every row first.
_LAST_REPORTED, _LAST_WITH_VALUE, _LAST_THAT_COUNTS = (
    np.int8(last) for last in (Status.ESTIMATED, Status.CARRIED, Status.INVALID)
)


def carries_value(status: Codes) -> Bools:
    """Observed, estimated, imputed or carried."""
    return status <= _LAST_WITH_VALUE


def is_reported(status: Codes) -> Bools:
    """Observed or estimated: what posts and means may be taken from."""
    return status <= _LAST_REPORTED


def is_missing(status: Codes) -> Bools:
    return (status > _LAST_WITH_VALUE) & (status <= _LAST_THAT_COUNTS)


def counts(status: Codes) -> Bools:
    """With a value, or missing one: in the denominator of the evaluation."""
    return status <= _LAST_THAT_COUNTS


@dataclass(frozen=True, slots=True)
class Column:
    """One indicator for every unit. `value` is NaN unless the status carries one, or it is the refused one (INVALID)
    or that of too small a denominator (SUPPRESSED).

    `numerator` and `denominator` are the year's, NaN where the indicator is not a quotient. `flags` mark cells.
    """

    status: Codes
    value: Floats
    numerator: Floats
    denominator: Floats
    flags: Mapping[str, Bools] = field(default_factory=dict)


def constant(value: float, units: int) -> Floats:
    """A row of one number that is only read; it takes no memory."""
    row = np.ndarray((units,), np.float64, np.array(value, dtype=np.float64), strides=(0,))
    row.flags.writeable = False
    return row


def nothing(units: int) -> Floats:
    """A row without values that is only read; it takes no memory."""
    return constant(np.nan, units)


def blank(units: int) -> Floats:
    """A row without values."""
    return np.full(units, np.nan)
