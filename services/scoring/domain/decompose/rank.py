"""The move of a rank in four parts that always sum to it: method, correction, own, peers.

A path from before to after in four steps: the method changes (before's data, after's method), what had been accepted is
corrected (everybody's), the unit's own new numbers come (against the others' old ones), then the others' come, with
whoever entered or left. A step at which there is no rank is passed over, and its effect falls to the next one.

The own effect is the own new index among the others' old ones. Under methods that compare units, and weights from
data, others have their part in the own index already; answers say so (`compares`).
"""

from __future__ import annotations

from dataclasses import dataclass

from services.scoring.domain.decompose.places import Field, field_of, place, rank_of, standing
from services.scoring.domain.evaluate import Evaluation


@dataclass(frozen=True, slots=True)
class RankMove:
    """Ranks (None: not ranked) and the parts of `after - before`; below 0 is upwards. Parts are None without both.

    `common_*`: the ranks among only those units that were ranked with this one on both sides.
    """

    before: int | None
    after: int | None
    method: int | None
    correction: int | None
    own: int | None
    peers: int | None
    common_before: int | None
    common_after: int | None
    common_units: int
    entered: int
    left: int


def rank_move(
    unit: str, *, before: Evaluation, bridge: Evaluation, corrected: Evaluation, after: Evaluation
) -> RankMove:
    """How the unit's rank moved. `bridge` is before by after's method, `corrected` that with the corrections."""
    first, last = standing(before, unit), standing(after, unit)
    old, new = field_of(corrected), field_of(after)
    group = _peer_group(after, unit) or _peer_group(before, unit) or ""
    alone = place(old, unit, new.own(unit), group) if len(old.keys) == len(new.keys) else None
    method, correction, own, peers = _steps([first, rank_of(bridge, unit), rank_of(corrected, unit), alone, last])
    common, entered, left = _common(unit, field_of(before), new)
    return RankMove(
        before=first,
        after=last,
        method=method,
        correction=correction,
        own=own,
        peers=peers,
        common_before=_within(field_of(before), unit, common),
        common_after=_within(new, unit, common),
        common_units=len(common),
        entered=entered,
        left=left,
    )


def _steps(path: list[int | None]) -> list[int | None]:
    """The four differences along the path; a missing stop is where the one before it was."""
    if path[0] is None or path[-1] is None:
        return [None] * (len(path) - 1)
    held, found = path[0], []
    for stop in path[1:]:
        at = held if stop is None else stop
        found.append(at - held)
        held = at
    return list(found)


def _common(unit: str, before: Field, after: Field) -> tuple[frozenset[str], int, int]:
    """Ranked with the unit on both sides (itself included), how many only after, how many only before."""
    sides = [_ranked_with(field, unit) for field in (before, after)]
    return sides[0] & sides[1], len(sides[1] - sides[0]), len(sides[0] - sides[1])


def _ranked_with(field: Field, unit: str) -> frozenset[str]:
    group, cohort, rank = _peer_group(field.evaluation, unit), field.evaluation.cohort, field.evaluation.ranking.rank
    if group is None:
        return frozenset()
    everyone = field.evaluation.plan.scoring.rank_within == "all"
    return frozenset(
        code for at, code in enumerate(cohort.units) if rank[at] > 0 and (everyone or cohort.peer_group(at) == group)
    )


def _within(field: Field, unit: str, common: frozenset[str]) -> int | None:
    group = _peer_group(field.evaluation, unit)
    return place(field, unit, field.own(unit), group, common) if group is not None and unit in common else None


def _peer_group(evaluation: Evaluation, unit: str) -> str | None:
    at = evaluation.cohort.position.get(unit)
    return None if at is None else evaluation.cohort.peer_group(at)
