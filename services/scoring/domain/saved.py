"""What is kept of a unit's score between two computations, and what is to be kept next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.scoring.domain.evaluations import Mark, content_sha256, evaluation_id
from shared.events.score import Movement, ScoreState


@dataclass(frozen=True, slots=True)
class SavedScore:
    """The saved score of one unit. `document` is the store's own, handed back to it unchanged."""

    unit: str
    revision: int
    sha: str
    peer_group: str
    index: float | None
    rank: int | None
    band: str | None
    listed: bool
    document: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewScore:
    """A score to save in place of `saved` (None: the unit's first). `listed`: the unit is in the cohort."""

    state: ScoreState
    sha: str
    listed: bool
    saved: SavedScore | None


def changed_scores(
    mark: Mark,
    contents: Mapping[str, dict[str, Any]],
    saved: Mapping[str, SavedScore],
    left: Mapping[str, dict[str, Any]],
    *,
    now_ms: int,
) -> list[NewScore]:
    """What to save: unit -> content of the cohort, and of units that have left it, where it is not saved already."""
    changed = []
    for listed, part in ((True, contents), (False, left)):
        for unit, content in part.items():
            held, sha = saved.get(unit), content_sha256(content)
            if held is None or held.sha != sha or held.listed != listed:
                changed.append(NewScore(_state(mark, unit, content, held, now_ms), sha, listed, held))
    return changed


def _state(mark: Mark, unit: str, content: dict[str, Any], held: SavedScore | None, now_ms: int) -> ScoreState:
    """The next revision of a unit's score, with what it was before."""
    movement = Movement(
        index_before=held.index if held else None,
        rank_before=held.rank if held else None,
        band_before=held.band if held else None,
    )
    return ScoreState(
        revision=held.revision + 1 if held else 1,
        evaluation=evaluation_id(mark.plan, mark.year),
        plan=mark.plan,
        year=mark.year,
        unit=unit,
        movement=movement,
        computed_at_ms=now_ms,
        **content,
    )
