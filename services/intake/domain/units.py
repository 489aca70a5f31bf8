"""A unit as it is registered: from what was sent to the state that is kept and announced. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.events.unit import UnitState
from shared.plan.units import UnitInput


@dataclass(frozen=True, slots=True)
class Registered:
    """A unit as it was read: its state, the store's revision, what waits to be announced."""

    state: UnitState
    rev: int
    unsent: tuple[dict[str, Any], ...] = ()


def state_of(given: UnitInput, *, revision: int) -> UnitState:
    """The state that the input describes, as this revision."""
    return UnitState(
        revision=revision,
        unit=given.code,
        names=given.names,
        kind=given.kind,
        peer_group=given.peer_group,
        parent=given.parent,
        valid_from=given.valid_from.isoformat(),
        valid_to=given.valid_to.isoformat() if given.valid_to else None,
        successor=given.successor,
        time_zone=given.time_zone,
        contacts=tuple(contact.contact() for contact in given.contacts),
        headcount=given.headcount,
        note=given.note,
    )
