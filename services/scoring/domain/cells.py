"""What a cell of the matrix units x indicators can be. Not applicable, not reported and zero are three things."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]


class Status(IntEnum):
    """Why a cell carries a value or does not. Only OBSERVED carries one."""

    OBSERVED = 0
    NOT_REPORTED = 1
    SUPPRESSED = 2
    INVALID = 3
    NOT_APPLICABLE = 4
    NOT_DUE = 5
    EXCLUDED = 6
    INFORMATIONAL = 7

    @property
    def label(self) -> str:
        """The word in events, answers and documents."""
        return self.name.lower()


MISSING = (Status.NOT_REPORTED, Status.SUPPRESSED, Status.INVALID)
"""Applicable without a usable value: follows the plan's policy for missing values."""


def is_missing(status: Codes) -> Bools:
    return (status >= Status.NOT_REPORTED) & (status <= Status.INVALID)


@dataclass(frozen=True, slots=True)
class Column:
    """One indicator for every unit. `value` is NaN unless the status is OBSERVED or INVALID (the refused value).

    `numerator` and `denominator` are the year's, NaN where the indicator is not a quotient.
    """

    status: Codes
    value: Floats
    numerator: Floats
    denominator: Floats


def blank(units: int) -> Floats:
    """A row without values."""
    return np.full(units, np.nan)
