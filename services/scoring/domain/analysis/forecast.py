"""Which reports will be late? A probability for every obligation not yet received, and how good such numbers have been.

Beta-binomial shrinkage in two steps (empirical Bayes with a fixed prior strength; Gelman et al., Bayesian Data
Analysis, chapter 5). Of L late among n past obligations of (unit, form):

    p = (L + m q) / (n + m),   q = (L' + m r) / (n' + m),   r = (L'' + 1/2) / (n'' + 1)

where q is the rate of the unit's peer group on the same form (L' of n'), r that of all units and forms, and m = 4 the
prior strength in obligations: a year of quarterly reports. A unit without history gets its peers' rate; a long history
overrules them.

Calibration walks through the past: every obligation is forecast from those due before it was, and the Brier score (mean
squared error of the probability) is set against that of always saying the rate known so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from services.scoring.domain.analysis.outcome import Once, Outcome, Part
from services.scoring.domain.ledger import Owed
from shared.plan.base import Model

PRIOR = 4.0
BINS = 5
COLUMNS = ("unit", "peer_group", "form", "period", "due_at_ms", "probability", "own_late", "own_due", "peer_rate")


class ForecastParameters(Model):
    """Only obligations that fall due within so many days are told; null: all that are open."""

    days: Annotated[int | None, Field(ge=1, le=400)] = None


@dataclass(slots=True)
class Record:
    """Late and all obligations by what they share."""

    own: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    peers: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    everyone: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, owed: Owed, *, late: bool) -> None:
        for counts in (
            self.own.setdefault((owed.unit, owed.form), [0, 0]),
            self.peers.setdefault((owed.peer_group, owed.form), [0, 0]),
            self.everyone,
        ):
            counts[0] += late
            counts[1] += 1

    def rate(self) -> float:
        return (self.everyone[0] + 0.5) / (self.everyone[1] + 1.0)

    def peer_rate(self, owed: Owed) -> float:
        return _shrunk(self.peers.get((owed.peer_group, owed.form), [0, 0]), self.rate())

    def probability(self, owed: Owed) -> float:
        """That this obligation will be late."""
        return _shrunk(self.own.get((owed.unit, owed.form), [0, 0]), self.peer_rate(owed))


class Forecast(Once):
    """From the ledger of this year and of earlier ones, in any order."""

    def __init__(self, ledger: Iterable[Owed], parameters: ForecastParameters, *, now_ms: int) -> None:
        self._ledger = [owed for owed in ledger if owed.expected]
        self._parameters, self._now_ms = parameters, now_ms

    def finish(self, parts: Sequence[Part]) -> Outcome:
        """Open obligations, the likeliest to be late first."""
        past, open_ = history(self._ledger, self._now_ms)
        record = Record()
        for owed, late in past:
            record.add(owed, late=late)
        until = None if self._parameters.days is None else self._now_ms + self._parameters.days * 86_400_000
        told = [owed for owed in open_ if until is None or owed.due_at_ms <= until]
        rows = [_row(owed, record) for owed in told]
        rows.sort(key=lambda row: (-row[5], row[4], row[0], row[2]))
        expected = sum(row[5] for row in rows)
        summary = {"open": len(rows), "late_expected": expected, "history": len(past), "prior": PRIOR}
        return Outcome({**summary, "calibration": calibration(past)}, COLUMNS, rows)


def history(ledger: Iterable[Owed], now_ms: int) -> tuple[list[tuple[Owed, bool]], list[Owed]]:
    """(what is settled with whether it was late, by due time; what is open and not due yet)."""
    past, open_ = [], []
    for owed in ledger:
        received = owed.timeliness != ""
        if received or owed.due(now_ms):
            past.append((owed, not received or owed.timeliness != "ON_TIME"))
        else:
            open_.append(owed)
    past.sort(key=lambda one: (one[0].due_at_ms, one[0].obligation))
    return past, open_


def calibration(past: Sequence[tuple[Owed, bool]]) -> dict[str, Any]:
    """Brier score of the forecasts that would have been made, that of the plain rate, and the bins behind it."""
    record, asked = Record(), 0
    told: list[tuple[float, float, bool]] = []
    for at, (owed, late) in enumerate(past):
        while past[asked][0].due_at_ms < owed.due_at_ms:
            record.add(past[asked][0], late=past[asked][1])
            asked += 1
        if asked and at:
            told.append((record.probability(owed), record.rate(), late))
    if not told:
        return {"forecasts": 0, "brier": None, "brier_of_the_rate": None, "skill": None, "bins": []}
    brier = sum((p - late) ** 2 for p, _, late in told) / len(told)
    plain = sum((rate - late) ** 2 for _, rate, late in told) / len(told)
    skill = 1.0 - brier / plain if plain > 0 else None
    bins = [_bin(told, number) for number in range(BINS)]
    shown = [one for one in bins if one["forecasts"]]
    return {"forecasts": len(told), "brier": brier, "brier_of_the_rate": plain, "skill": skill, "bins": shown}


def _bin(told: Sequence[tuple[float, float, bool]], number: int) -> dict[str, Any]:
    inside = [(p, late) for p, _, late in told if min(int(p * BINS), BINS - 1) == number]
    count = len(inside)
    return {
        "from": number / BINS,
        "to": (number + 1) / BINS,
        "forecasts": count,
        "mean_probability": sum(p for p, _ in inside) / count if count else None,
        "late": sum(late for _, late in inside) / count if count else None,
    }


def _row(owed: Owed, record: Record) -> list[Any]:
    late, due = record.own.get((owed.unit, owed.form), [0, 0])
    shown = (record.probability(owed), late, due, record.peer_rate(owed))
    return [owed.unit, owed.peer_group, owed.form, owed.period, owed.due_at_ms, *shown]


def _shrunk(counts: Sequence[int], towards: float) -> float:
    return (counts[0] + PRIOR * towards) / (counts[1] + PRIOR)
