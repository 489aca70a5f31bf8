"""The ranking of each peer group: its bands, who leads, who trails, who moved most, and why it may be kept back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notify.domain.digests.material import Material
from services.notify.domain.digests.standing import Standing
from services.notify.domain.names import names_of
from shared.events.base import Names
from shared.events.score import PeerSummary, ScoreState
from shared.plan.model import Plan

RANKS_SHOWN = 3
MOVERS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class RankLine:
    """One unit's place. `moved` is positive for better; None when it was not ranked at the last digest."""

    unit: str
    unit_names: Names
    rank: int
    index: float
    band: str | None
    moved: int | None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One peer group: how many, the mean, the bands from the best down, top, bottom and biggest movers.

    `hidden`: ranks are kept back because too little is reported. `bands_up`, `bands_down`: units whose band changed.
    """

    code: str
    names: Names
    units: int
    ranked: int
    mean_index: float | None
    bands: tuple[tuple[str, Names, int], ...]
    top: tuple[RankLine, ...]
    bottom: tuple[RankLine, ...]
    movers: tuple[RankLine, ...] = ()
    hidden: bool = False
    bands_up: int = 0
    bands_down: int = 0


def group_lines(plan: Plan, material: Material, before: Standing) -> tuple[GroupLine, ...]:
    """The peer groups in the order of the evaluation; none before there is one."""
    if material.evaluation is None:
        return ()
    names = {group.code: group.names for group in plan.peer_groups}
    return tuple(
        _group(plan, peer, names.get(peer.peer_group, Names(vi=peer.peer_group, en=peer.peer_group)), material, before)
        for peer in material.evaluation.peers
    )


def _group(plan: Plan, peer: PeerSummary, names: Names, material: Material, before: Standing) -> GroupLine:
    scores = [score for score in material.scores if score.peer_group == peer.peer_group]
    ranked = _ranked(scores, material, before)
    long = len(ranked) > 2 * RANKS_SHOWN
    order = [band.code for band in plan.scoring.bands]
    steps = [_band_step(order, before.bands.get(score.unit), score.band) for score in scores]
    return GroupLine(
        code=peer.peer_group,
        names=names,
        units=peer.units,
        ranked=peer.ranked,
        mean_index=peer.mean_index,
        bands=tuple((band.code, band.names, peer.bands.get(band.code, 0)) for band in plan.scoring.bands),
        top=tuple(ranked[:RANKS_SHOWN]) if long else tuple(ranked),
        bottom=tuple(ranked[-RANKS_SHOWN:]) if long else (),
        movers=_movers(ranked),
        hidden=bool(scores) and not ranked and not all(score.rank_shown for score in scores),
        bands_up=sum(step > 0 for step in steps),
        bands_down=sum(step < 0 for step in steps),
    )


def _ranked(scores: Sequence[ScoreState], material: Material, before: Standing) -> list[RankLine]:
    found = [
        RankLine(
            unit=score.unit,
            unit_names=names_of(score.unit, material.units),
            rank=score.rank,
            index=score.index,
            band=score.band,
            moved=before.ranks[score.unit] - score.rank if score.unit in before.ranks else None,
        )
        for score in scores
        if score.rank is not None and score.index is not None
    ]
    return sorted(found, key=lambda line: (line.rank, line.unit))


def _movers(ranked: Sequence[RankLine]) -> tuple[RankLine, ...]:
    """Who moved the most places, up or down; ties by rank."""
    moved = [line for line in ranked if line.moved]
    return tuple(sorted(moved, key=lambda line: (-abs(line.moved or 0), line.rank, line.unit))[:MOVERS_SHOWN])


def _band_step(order: Sequence[str], earlier: str | None, now: str | None) -> int:
    """Above 0 when the band is a better one than before; 0 without two bands that the plan knows."""
    places: Mapping[str, int] = {code: place for place, code in enumerate(order)}
    if earlier is None or now is None or earlier not in places or now not in places:
        return 0
    return places[earlier] - places[now]


def means_of(material: Material) -> dict[str, float]:
    """Mean index by peer group, of those that have one."""
    peers = material.evaluation.peers if material.evaluation else ()
    return {peer.peer_group: peer.mean_index for peer in peers if peer.mean_index is not None}
