"""Rates of reporting, counted from cells and from nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.dashboard.domain.cells import NOT_EXPECTED, RECEIVED, Cell, CellKind


@dataclass(frozen=True, slots=True)
class Rates:
    """How many reports were expected, came, came on time, are overdue. `owed` counts what was due by now."""

    expected: int = 0
    owed: int = 0
    received: int = 0
    on_time: int = 0
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
    expected = owed = received = on_time = overdue = 0
    for cell in cells:
        if cell.kind in NOT_EXPECTED:
            continue
        expected += 1
        came = cell.kind in RECEIVED
        received += came
        on_time += cell.punctual
        overdue += cell.kind is CellKind.OVERDUE
        owed += came or cell.kind in (CellKind.GRACE, CellKind.OVERDUE)
    return Rates(expected, owed, received, on_time, overdue)
