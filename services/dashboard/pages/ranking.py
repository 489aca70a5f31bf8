"""The ranking: units by peer group with index, band, movement, coverage and pillars. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.dashboard.charts.bars import MiniBar, mini_bars, percent_of
from services.dashboard.charts.line import Spark, spark
from services.dashboard.domain.standing import Standing, mean, ranked_order
from services.dashboard.pages.address import Address
from services.dashboard.pages.labels import EVALUATION_PHASES
from services.dashboard.pages.short_names import shortened
from services.dashboard.pages.words import NOTHING, Words
from shared.events.score import EvaluationState
from shared.events.unit import UnitState
from shared.plan.model import Plan


@dataclass(frozen=True, slots=True)
class BandView:
    """A band's name, and its place from the best (0) for its look."""

    text: str
    look: str


@dataclass(frozen=True, slots=True)
class MovementView:
    """A change: signed text with an arrow, a look, and the sentence that says it."""

    text: str
    look: str
    full: str


@dataclass(frozen=True, slots=True)
class Place:
    """One row."""

    rank: str
    unit: str
    name: str
    short: str
    address: str
    index: str
    width: float
    band: BandView
    movement: MovementView
    places: MovementView
    coverage: str
    pillars: tuple[MiniBar, ...]
    pillars_full: str
    course: Spark | None


@dataclass(frozen=True, slots=True)
class RankedGroup:
    """One peer group. `mean` and `mean_width` mark the group's mean on every bar."""

    code: str
    name: str
    ranked: int
    mean: str
    mean_width: float
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The whole ranking; `state` says how final it is."""

    groups: tuple[RankedGroup, ...]
    pillars: tuple[tuple[str, str], ...]
    state: str
    computed: str
    provisional: bool


def compose(
    standings: Sequence[Standing],
    evaluation: EvaluationState | None,
    units: Mapping[str, UnitState],
    plan: Plan,
    *,
    peer: str | None,
    words: Words,
    address: Address,
) -> Ranking:
    """The ranking, of one peer group where `peer` names it."""
    there = {standing.peer_group for standing in standings}
    named = [(group.code, words.name(group.names)) for group in plan.peer_groups if group.code in there]
    named += [(code, code) for code in sorted(there - {code for code, _ in named})]
    groups = tuple(
        _group(
            code,
            name,
            [s for s in standings if s.peer_group == code],
            units=units,
            plan=plan,
            words=words,
            address=address,
        )
        for code, name in named
        if peer is None or code == peer
    )
    computed_ms = max((standing.computed_at_ms for standing in standings), default=None)
    phase = EVALUATION_PHASES[evaluation.phase] if evaluation else ""
    return Ranking(
        groups=groups,
        pillars=tuple((group.code, words.name(group.names)) for group in plan.groups),
        state=words.say(phase) if phase else "",
        computed=words.moment(computed_ms) if computed_ms is not None else "",
        provisional=any(standing.provisional for standing in standings),
    )


def _group(
    code: str,
    name: str,
    standings: Sequence[Standing],
    *,
    units: Mapping[str, UnitState],
    plan: Plan,
    words: Words,
    address: Address,
) -> RankedGroup:
    average = mean(standing.index for standing in standings)
    names = {s.unit: words.name(units[s.unit].names) if s.unit in units else s.unit for s in standings}
    shorts = shortened(names)
    places = tuple(_place(s, (names[s.unit], shorts[s.unit]), plan, words, address) for s in ranked_order(standings))
    ranked = sum(standing.rank is not None for standing in standings)
    return RankedGroup(code, name, ranked, words.index(average), percent_of(average), places)


def _place(s: Standing, names: tuple[str, str], plan: Plan, words: Words, address: Address) -> Place:
    shares = [s.pillars.get(group.code) for group in plan.groups]
    return Place(
        rank=str(s.rank) if s.rank is not None else NOTHING,
        unit=s.unit,
        name=names[0],
        short=names[1],
        address=address.unit(s.unit),
        index=words.index(s.index),
        width=percent_of(s.index),
        band=band(s.band, plan, words),
        movement=movement(s.movement, words),
        places=places_moved(s.places, words),
        coverage=words.percent(s.coverage),
        pillars=mini_bars(shares),
        pillars_full=", ".join(f"{g.code} {words.index(v)}" for g, v in zip(plan.groups, shares, strict=True)),
        course=spark(s.course),
    )


def band(code: str | None, plan: Plan, words: Words) -> BandView:
    """The band by its name; a unit that is not rated says so."""
    for place, known in enumerate(plan.scoring.bands):
        if known.code == code:
            return BandView(words.name(known.names), f"band-{min(place, 3)}")
    return BandView(code or words.say("not rated"), "band-none")


def movement(change: float | None, words: Words) -> MovementView:
    """A change of the index in points of a hundred over four weeks."""
    if change is None:
        return MovementView(NOTHING, "none", words.say("nothing to compare with four weeks ago"))
    if abs(change) < 0.0005:
        return MovementView("=", "same", words.say("unchanged in four weeks"))
    size = words.index(abs(change))
    if change > 0:
        return MovementView(f"▲ {size}", "up", words.say("up {n} points in four weeks", n=size))
    return MovementView(f"▼ {size}", "down", words.say("down {n} points in four weeks", n=size))


def places_moved(places: int | None, words: Words) -> MovementView:
    """Places gained or lost in the peer group over four weeks."""
    if not places:
        return MovementView("", "same", "")
    if places > 0:
        return MovementView(f"↑{places}", "up", words.say("places gained: {n}", n=places))
    return MovementView(f"↓{-places}", "down", words.say("places lost: {n}", n=-places))
