"""How far provisional results were off: what calibrates the word "provisional" for the next reader. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.scoring.domain.editions.texts import Row

MOVERS_MAX = 10


@dataclass(frozen=True, slots=True)
class Provisional:
    """The snapshot of one provisional round. `number` counts from 1, `reference` names the edition of its numbers."""

    number: int
    taken_at_ms: int
    inputs_sha256: str
    reference: str
    rows: Iterable[Row]


def statistics_of(snapshot: Provisional, final: Iterable[Row]) -> dict[str, Any]:
    """Provisional -> final over the units that both rate: mean |change| of index and rank, share of changed bands."""
    was, last = ({row["unit"]: _place(row) for row in rows} for rows in (snapshot.rows, final))
    pairs = [(was[unit], row) for unit, row in last.items() if unit in was]
    rated = [(first, last) for first, last in pairs if first["index"] is not None and last["index"] is not None]
    return {
        "provisional": snapshot.number,
        "taken_at_ms": snapshot.taken_at_ms,
        "inputs_sha256": snapshot.inputs_sha256,
        "reference": snapshot.reference,
        "units": len(last),
        "compared": len(rated),
        "mean_abs_index_change": _mean([abs(last["index"] - first["index"]) for first, last in rated]),
        "mean_abs_rank_change": _mean([abs(last["rank"] - first["rank"]) for first, last in _ranked(rated)]),
        "bands_changed_share": _mean([float(first["band"] != last["band"]) for first, last in rated]),
        "largest_movers": _movers(rated),
    }


def _place(row: Row) -> Row:
    return {name: row[name] for name in ("unit", "index", "rank", "band")}


def _ranked(pairs: Sequence[tuple[Row, Row]]) -> list[tuple[Row, Row]]:
    return [(first, last) for first, last in pairs if first["rank"] is not None and last["rank"] is not None]


def _movers(pairs: Sequence[tuple[Row, Row]]) -> list[dict[str, Any]]:
    """Units whose index changed most, the larger change first, then by unit."""
    moved = sorted(pairs, key=lambda pair: (-abs(pair[1]["index"] - pair[0]["index"]), pair[1]["unit"]))
    return [
        {
            "unit": last["unit"],
            "index": [first["index"], last["index"]],
            "rank": [first["rank"], last["rank"]],
            "band": [first["band"], last["band"]],
        }
        for first, last in moved[:MOVERS_MAX]
        if first["index"] != last["index"]
    ]


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
