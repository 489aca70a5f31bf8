"""How ranks differ between two evaluations: the table of shifts, and its summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.scoring.domain.analysis.outcome import Outcome, plain
from services.scoring.domain.analysis.ranking import kendall_tau
from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.rank import UNRANKED

COLUMNS = (
    "unit",
    "peer_group",
    "index_before",
    "index_after",
    "index_change",
    "rank_before",
    "rank_after",
    "rank_change",
    "band_before",
    "band_after",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Published index, rank and band code of units, however they were computed."""

    units: tuple[str, ...]
    peer_groups: tuple[str, ...]
    published: Floats
    rank: Ints
    band: tuple[str | None, ...]


def standing(evaluation: Evaluation, ranks: Ints) -> Standing:
    """How units stand in an evaluation, with these ranks."""
    cohort, bands = evaluation.cohort, evaluation.plan.scoring.bands
    return Standing(
        cohort.units,
        cohort.peer_group_of,
        evaluation.published,
        ranks,
        tuple(None if at == NOT_RATED else bands[at].code for at in evaluation.band.tolist()),
    )


def moved(before: Ints, after: Ints) -> dict[str, Any]:
    """Summary over units ranked in both, in one order."""
    both = (before != UNRANKED) & (after != UNRANKED)
    change = np.abs(after[both] - before[both])
    return {
        "ranked_in_both": int(both.sum()),
        "mean_rank_shift": float(change.mean()) if len(change) else 0.0,
        "largest_rank_shift": int(change.max(initial=0)),
        "unmoved": int((change == 0).sum()),
        "kendall_tau": kendall_tau(before, after),
        "entered": int(((before == UNRANKED) & (after != UNRANKED)).sum()),
        "left": int(((before != UNRANKED) & (after == UNRANKED)).sum()),
    }


def shifts(before: Standing, after: Standing) -> Outcome:
    """The table of shifts, largest improvement first; `rank_change` is positive where a unit climbs.

    Units in only one of the two have nothing on the other side.
    """
    units = sorted({*before.units, *after.units})
    one, other = _aligned(before, units), _aligned(after, units)
    summary = moved(one.rank, other.rank)
    change = other.published - one.published
    climbed = np.where((one.rank != UNRANKED) & (other.rank != UNRANKED), one.rank - other.rank, np.int64(0))
    known = (one.rank != UNRANKED) & (other.rank != UNRANKED)
    band_changes = sum(a != b for a, b in zip(one.band, other.band, strict=True))
    rows = [
        list(row)
        for row in zip(
            units,
            [a or b for a, b in zip(other.peer_groups, one.peer_groups, strict=True)],
            plain(one.published),
            plain(other.published),
            plain(change, 12),
            [rank or None for rank in one.rank.tolist()],
            [rank or None for rank in other.rank.tolist()],
            [step if k else None for step, k in zip(climbed.tolist(), known.tolist(), strict=True)],
            one.band,
            other.band,
            strict=True,
        )
    ]
    rows.sort(key=lambda row: (row[7] is None, -(row[7] or 0), row[0]))
    return Outcome({**summary, "band_changes": int(band_changes)}, COLUMNS, rows)


def _aligned(given: Standing, units: list[str]) -> Standing:
    if list(given.units) == units:
        return given
    position = {unit: at for at, unit in enumerate(given.units)}
    places = [position.get(unit) for unit in units]
    return Standing(
        tuple(units),
        tuple("" if at is None else given.peer_groups[at] for at in places),
        np.array([np.nan if at is None else given.published[at] for at in places]),
        np.array([UNRANKED if at is None else given.rank[at] for at in places], dtype=np.int64),
        tuple(None if at is None else given.band[at] for at in places),
    )
