"""What units are called in letters."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.base import Names
from shared.events.unit import UnitState


def names_of(unit: str, units: Mapping[str, UnitState]) -> Names:
    """The unit's names; its code where it is not known yet."""
    known = units.get(unit)
    return known.names if known else Names(vi=unit, en=unit)
