"""Rates of reporting, counted from cells and from nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum

from services.dashboard.domain.cells import NOT_EXPECTED, RECEIVED, Cell, CellKind

Amount = int | float


@dataclass(frozen=True, slots=True)
class Rates:
    """How many reports were expected, came, came on time, are overdue. `owed` counts what was due by now.

    Whole numbers unless a form prorates: then a report counts as its share, as in intake's rates. `overdue` is whole.
    """

    expected: Amount = 0
    owed: Amount = 0
    received: Amount = 0
    on_time: Amount = 0
    overdue: int = 0

    @property
    def on_time_rate(self) -> float | None:
        """On time among all that was due by now or already came; None while nothing was. Never capped."""
        return self.on_time / self.owed if self.owed else None

    @property
    def received_rate(self) -> float | None:
        """Received among all that was due by now or already came; None while nothing was. Never capped."""
        return self.received / self.owed if self.owed else None


def count(cells: Iterable[Cell]) -> Rates:
    """The rates of some cells. Waived, not applicable and cancelled reports are not expected."""
    expected: list[float] = []
    owed: list[float] = []
    received: list[float] = []
    on_time: list[float] = []
    overdue = 0
    for cell in cells:
        if cell.kind in NOT_EXPECTED:
            continue
        expected.append(cell.share)
        came = cell.kind in RECEIVED
        if came:
            received.append(cell.share)
        if cell.punctual:
            on_time.append(cell.share)
        if came or cell.kind in (CellKind.GRACE, CellKind.OVERDUE):
            owed.append(cell.share)
        overdue += cell.kind is CellKind.OVERDUE
    return Rates(_amount(expected), _amount(owed), _amount(received), _amount(on_time), overdue)


def _amount(shares: list[float]) -> Amount:
    total = fsum(shares)
    return int(total) if total.is_integer() else total
