"""The values of many reports laid end to end, then dealt out to their indicators: nothing is touched one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.scoring.domain.annual import Reported
from services.scoring.domain.values import BLANK, Numbers

NOT_TAKEN = -1
NAN = float("nan")


def taken_from(form: str, wanted: Mapping[str, str], number: Mapping[str, int]) -> dict[str, int]:
    """Indicator -> its number, of those that a peer group's values are taken from the form for."""
    return {code: number[code] for code, source in wanted.items() if source == form}


def layout_of(named: str, taken: Mapping[str, int]) -> list[int]:
    """The number of the indicator of each value, NOT_TAKEN where it is not taken from this form."""
    return list(map(taken.get, named.split(BLANK), repeat(NOT_TAKEN))) if named else []


def unnamed_of(named: str, taken: Mapping[str, int]) -> list[int]:
    """What is taken from the form and the report does not name: a nil report says nil of it."""
    given = set(named.split(BLANK))
    return [at for code, at in taken.items() if code not in given]


@dataclass(slots=True)
class Rows:
    """Reports end to end. Lists hold one entry for each value, except the first three: one for each report."""

    at: list[int] = field(default_factory=list)
    end_ms: list[int] = field(default_factory=list)
    length: list[int] = field(default_factory=list)
    code: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    value: list[float | None] = field(default_factory=list)
    numerator: list[float | None] = field(default_factory=list)
    denominator: list[float | None] = field(default_factory=list)
    _blanks: dict[int, list[float]] = field(default_factory=dict)

    def add(
        self,
        at: int,
        end_ms: int,
        layout: Sequence[int],
        kinds: str,
        numbers: tuple[Numbers, Numbers, Numbers],
    ) -> None:
        """One report: the number of the indicator of each value, its kind, and its value, numerator, denominator."""
        value, numerator, denominator = numbers
        self.at.append(at)
        self.end_ms.append(end_ms)
        self.length.append(len(layout))
        self.code.extend(layout)
        self.kinds.append(kinds)
        self.value.extend(value or self._none(len(layout)))
        self.numerator.extend(numerator or self._none(len(layout)))
        self.denominator.extend(denominator or self._none(len(layout)))

    def _none(self, length: int) -> list[float]:
        """So many numbers that were not given, which a column that has none leaves out."""
        if length not in self._blanks:
            self._blanks[length] = [NAN] * length
        return self._blanks[length]

    def dealt(self, codes: Sequence[str]) -> dict[str, Reported]:
        """The entries of every indicator, in the order in which they were added."""
        code = np.array(self.code, dtype=np.int16)  # 16 bits are sorted in one pass
        order = np.argsort(code, kind="stable")
        bounds = np.searchsorted(code[order], np.arange(len(codes) + 1))
        lengths = np.array(self.length, dtype=np.int64)
        columns: tuple[NDArray[Any], ...] = (
            np.repeat(np.array(self.at, dtype=np.int64), lengths),
            np.repeat(np.array(self.end_ms, dtype=np.int64), lengths),
            np.frombuffer("".join(self.kinds).encode(), dtype=np.int8) - np.int8(ord("0")),
            np.array(self.value, dtype=np.float64),
            np.array(self.numerator, dtype=np.float64),
            np.array(self.denominator, dtype=np.float64),
        )
        return {
            name: Reported(*(column[order[bounds[at] : bounds[at + 1]]] for column in columns))
            for at, name in enumerate(codes)
        }
