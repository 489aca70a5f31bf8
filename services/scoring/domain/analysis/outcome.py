"""What an analysis is to whoever runs it: steps that stand alone, and an outcome made of what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Part = Mapping[str, NDArray[Any]]
"""What one step found."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A summary (plain values), and a table: one list per row, in the order of `columns`."""

    summary: dict[str, Any]
    columns: tuple[str, ...]
    rows: list[list[Any]]


class Analysis(Protocol):
    """Steps 0 to `steps` - 1 may be computed in any order, on several threads, again after a crash: to the same bytes.

    `total` counts what a user would count (draws, runs); each step does about an equal share of it.
    """

    @property
    def total(self) -> int: ...

    @property
    def steps(self) -> int: ...

    def step(self, number: int) -> Part: ...

    def finish(self, parts: Sequence[Part]) -> Outcome: ...


class Once:
    """An analysis of one step that computes everything."""

    total = 1
    steps = 1

    def step(self, number: int) -> Part:
        return {}

    def finish(self, parts: Sequence[Part]) -> Outcome:
        raise NotImplementedError


def plain(values: NDArray[Any], digits: int | None = None) -> list[Any]:
    """The row as plain values, None for NaN; floats rounded to `digits` decimals."""
    if values.dtype.kind != "f":
        return list(values.tolist())
    row = np.round(values, digits) if digits is not None else values
    if not np.isnan(row).any():
        return list(row.tolist())
    return [None if value != value else value for value in row.tolist()]  # noqa: PLR0124 - NaN is not itself
