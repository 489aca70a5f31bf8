"""What is kept of a unit's score between two computations, and what is to be kept next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.scoring.domain.evaluations import Mark, evaluation_id

UNRANKED_LAST = 9_999_999


def listing_order(peer_group: str, rank: int | None, unit: str) -> str:
    """What a list of units is sorted by: peer group, rank (those without one last), code."""
    return f"{peer_group}|{UNRANKED_LAST if rank is None else rank:07d}|{unit}"


@dataclass(frozen=True, slots=True)
class SavedScore:
    """The saved score of one unit. `document` is what the store needs of the saved one to replace it."""

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
    """A score to save in place of `saved` (None: the unit's first). `listed`: the unit is in the cohort.

    `state` is a `ScoreState` as plain values, `body` the same as JSON: a model for each of many thousands costs more
    than computing them. `sha` is over what the inputs determine of it.
    """

    state: Mapping[str, Any]
    body: str
    sha: str
    listed: bool
    saved: SavedScore | None


def changed_scores(
    mark: Mark,
    contents: Mapping[str, dict[str, Any]],
    saved: Mapping[str, SavedScore],
    *,
    listed: bool,
    now_ms: int,
) -> list[NewScore]:
    """What to save: unit -> content where it is not saved already. `listed`: the units are in the cohort."""
    changed = []
    for unit, content in contents.items():
        held, text = saved.get(unit), orjson.dumps(content)
        sha = hashlib.sha256(text).hexdigest()
        if held is None or held.sha != sha or held.listed != listed:
            head = _head(mark, unit, held, now_ms)
            body = orjson.dumps(head)[:-1] + b"," + text[1:]
            changed.append(NewScore({**head, **content}, body.decode(), sha, listed, held))
    return changed


def _head(mark: Mark, unit: str, held: SavedScore | None, now_ms: int) -> dict[str, Any]:
    """Whose score it is, the next revision, and what it was before."""
    return {
        "revision": held.revision + 1 if held else 1,
        "evaluation": evaluation_id(mark.plan, mark.year),
        "plan": mark.plan,
        "year": mark.year,
        "unit": unit,
        "movement": {
            "index_before": held.index if held else None,
            "rank_before": held.rank if held else None,
            "band_before": held.band if held else None,
        },
        "computed_at_ms": now_ms,
    }
