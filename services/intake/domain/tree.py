"""The tree of units on a day: who existed, under which name, below whom. Pure.

Days are ISO dates, which compare as text. Parents and names of past days are those of the intervals that the unit
keeps, so an answer about a past day is the same before and after the tree changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from shared.events.base import Names
from shared.events.unit import UnitState
from shared.plan.calendar import share_of_period

DEPTH_MAX = 50
"""Longer chains of parents are cut: the input checks allow no cycle, but a reader must not depend on that."""


def intervals(state: UnitState) -> Iterator[tuple[str, str | None]]:
    """(first day, last day or None) of each interval of validity, in order."""
    yield from ((held.first, held.last) for held in state.earlier)
    yield state.valid_from, state.valid_to


def is_valid(state: UnitState, day: str) -> bool:
    """Whether the unit exists on the day."""
    return any(first <= day and (last is None or day <= last) for first, last in intervals(state))


def names_on(state: UnitState, day: str) -> Names:
    """What the unit was called on the day."""
    return next((held.names for held in state.former_names if day <= held.last), state.names)


def parent_on(state: UnitState, day: str) -> str | None:
    """Below whom the unit stood on the day."""
    return next((held.parent for held in state.former_parents if day <= held.last), state.parent)


def as_of(state: UnitState, day: str) -> UnitState:
    """The unit as it was on the day: names, parent, and the interval that the day is in."""
    first, last = next(
        (held for held in intervals(state) if held[0] <= day and (held[1] is None or day <= held[1])),
        (state.valid_from, state.valid_to),
    )
    update = {"names": names_on(state, day), "parent": parent_on(state, day), "valid_from": first, "valid_to": last}
    return state.model_copy(update=update)


def children(units: Iterable[UnitState], parent: str, day: str) -> frozenset[str]:
    """Units directly below the parent on the day."""
    return frozenset(unit.unit for unit in units if parent_on(unit, day) == parent)


def subtree(units: Iterable[UnitState], root: str, day: str) -> frozenset[str]:
    """The root and every unit below it on the day."""
    below: dict[str | None, list[str]] = defaultdict(list)
    for unit in units:
        below[parent_on(unit, day)].append(unit.unit)
    found, level = {root}, [root]
    while level:
        level = [child for parent in level for child in below[parent] if child not in found]
        found.update(level)
    return frozenset(found)


def cycle_of(parents: Mapping[str, str | None], unit: str) -> tuple[str, ...]:
    """The way up from the unit back to itself; empty when it ends at a root."""
    way, at = [unit], parents.get(unit)
    while at is not None and len(way) <= DEPTH_MAX:
        way.append(at)
        if at == unit:
            return tuple(way)
        at = parents.get(at)
    return tuple(way) if len(way) > DEPTH_MAX else ()


def share_in(state: UnitState, first_day: date, last_day: date) -> float:
    """The share of the days, in [0, 1], on which the unit exists."""
    shares = [
        share_of_period(date.fromisoformat(first), date.fromisoformat(last) if last else None, first_day, last_day)
        for first, last in intervals(state)
    ]
    return min(1.0, sum(shares))


class Below:
    """Which units are below another one (directly, or at any depth and itself too), day by day."""

    def __init__(self, units: Sequence[UnitState], *, parent: str | None = None, subtree: str | None = None) -> None:
        self._units = units
        self._parent = parent
        self._subtree = subtree
        self._found: dict[str, frozenset[str]] = {}

    def has(self, unit: str, day: str) -> bool:
        """Whether the unit was there on the day; with both a parent and a subtree, in both."""
        if day not in self._found:
            self._found[day] = self._on(day)
        return unit in self._found[day]

    def _on(self, day: str) -> frozenset[str]:
        found = frozenset(unit.unit for unit in self._units)
        if self._parent is not None:
            found &= children(self._units, self._parent, day)
        if self._subtree is not None:
            found &= subtree(self._units, self._subtree, day)
        return found
