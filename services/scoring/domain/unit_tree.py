"""Where units stood in their tree on a day: what a group of units means for a period. Pure.

Days are ISO dates, which compare as text. Parents and names of past days are those that the unit itself keeps, so what
is said about a past day does not change when the tree does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """One unit: below whom it stands now, and below whom it stood up to the last of some days, oldest first."""

    unit: str
    parent: str | None
    former_parents: tuple[tuple[str, str | None], ...] = ()

    def parent_on(self, day: str) -> str | None:
        """Below whom the unit stood on the day."""
        return next((parent for last, parent in self.former_parents if day <= last), self.parent)


def subtree(units: Iterable[Placed], root: str, day: str) -> frozenset[str]:
    """The root and every unit below it on the day."""
    below: dict[str | None, list[str]] = defaultdict(list)
    for unit in units:
        below[unit.parent_on(day)].append(unit.unit)
    found, level = {root}, [root]
    while level:
        level = [child for parent in level for child in below[parent] if child not in found]
        found.update(level)
    return frozenset(found)


def members(units: Iterable[Placed], root: str, days: Mapping[str, str]) -> frozenset[str]:
    """Of these units (unit -> the day that decides), those that stood in the subtree of the root on their day."""
    placed = tuple(units)
    trees = {day: subtree(placed, root, day) for day in set(days.values())}
    return frozenset(unit for unit, day in days.items() if unit in trees[day])
