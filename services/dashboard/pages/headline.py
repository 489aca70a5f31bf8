"""The headline figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.dashboard.charts.bars import Piece, stacked
from services.dashboard.charts.line import Spark, spark
from services.dashboard.domain.cells import Cell, CellKind, cell_of
from services.dashboard.domain.rates import count
from services.dashboard.domain.standing import Standing, mean, mean_movement
from services.dashboard.domain.trend import mean_course
from services.dashboard.pages.labels import SEVERITIES
from services.dashboard.pages.ranking import MovementView, movement
from services.dashboard.pages.words import Words
from shared.events.obligation import ObligationState


@dataclass(frozen=True, slots=True)
class Headline:
    """Four figures, each with the sentence that puts it in place."""

    received: str
    owed: str
    received_note: str
    pieces: tuple[Piece, ...]
    on_time_rate: str
    index: str
    index_note: str
    index_movement: MovementView
    index_course: Spark | None
    alerts: str
    severities: tuple[tuple[str, str, str], ...]
    overdue_units: str
    overdue_note: str
    soon_note: str


def compose(
    obligations: Sequence[ObligationState],
    standings: Sequence[Standing],
    alerts: Mapping[str, int],
    *,
    now_ms: int,
    words: Words,
) -> Headline:
    """The figures at `now_ms`. Reports are counted against what is owed by now; the note says the year's total."""
    cells = [(one.unit, cell_of(one, now_ms)) for one in obligations]
    rates = count(cell for _, cell in cells)
    overdue = {unit for unit, cell in cells if cell.kind is CellKind.OVERDUE}
    soon = sum(cell.kind in (CellKind.DUE_SOON, CellKind.GRACE) for _, cell in cells)
    rated = sum(standing.index is not None for standing in standings)
    total = words.number(rates.expected)
    return Headline(
        received=words.number(rates.received),
        owed=words.number(rates.owed),
        received_note=words.say("due so far; {total} in the whole year", total=total),
        pieces=stacked(_parts([cell for _, cell in cells])),
        on_time_rate=words.percent(rates.on_time_rate, 1),
        index=words.index(mean(standing.index for standing in standings)),
        index_note=words.say("{rated} of {units} units rated", rated=rated, units=len(standings)),
        index_movement=movement(mean_movement(standings), words),
        index_course=spark(mean_course([standing.course for standing in standings])),
        alerts=words.number(sum(alerts.values()), 0),
        severities=tuple(
            (severity, words.number(alerts.get(severity, 0), 0), words.say(label))
            for severity, label in SEVERITIES.items()
        ),
        overdue_units=words.number(len(overdue), 0),
        overdue_note=words.say("reports overdue: {n}", n=words.number(rates.overdue, 0)),
        soon_note=words.say("{n} due within 3 days or in grace", n=words.number(soon, 0)),
    )


def _parts(cells: Sequence[Cell]) -> list[tuple[str, int]]:
    """The owed reports by what became of them, for a stacked bar."""
    on_time = sum(cell.punctual for cell in cells)
    received = (CellKind.IN_GRACE, CellKind.LATE, CellKind.NIL)
    late = sum(cell.kind in received and not cell.punctual for cell in cells)
    grace = sum(cell.kind is CellKind.GRACE for cell in cells)
    overdue = sum(cell.kind is CellKind.OVERDUE for cell in cells)
    return [("on_time", on_time), ("late", late), ("grace", grace), ("overdue", overdue)]
