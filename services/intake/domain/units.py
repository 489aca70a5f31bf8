"""A unit as it is registered: from what was sent to the state that is kept and announced. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shared.events.unit import FormerParent, UnitState
from shared.plan.units import UnitInput


@dataclass(frozen=True, slots=True)
class Registered:
    """A unit as it was read: its state, the store's revision, what waits to be announced, which changes it has had."""

    state: UnitState
    rev: int
    unsent: tuple[dict[str, Any], ...] = ()
    changes: tuple[str, ...] = ()


def state_of(given: UnitInput, *, revision: int, held: UnitState | None = None, today: date | None = None) -> UnitState:
    """The state that the input describes, as this revision.

    A name that differs is a correction: only a rename keeps the old one. A parent that differs is a move from `today`
    on: groupings of past days stay. Earlier intervals and names are kept; they change by unit changes only.
    """
    state = UnitState(
        revision=revision,
        unit=given.code,
        names=given.names,
        kind=given.kind,
        peer_group=given.peer_group,
        parent=given.parent,
        valid_from=given.valid_from.isoformat(),
        valid_to=given.valid_to.isoformat() if given.valid_to else None,
        successor=given.successor,
        successors=_successors(given, held),
        time_zone=given.time_zone,
        contacts=tuple(contact.contact() for contact in given.contacts),
        headcount=given.headcount,
        note=given.note,
    )
    if held is None:
        return state
    kept = {
        "earlier": held.earlier,
        "former_names": held.former_names,
        "former_parents": held.former_parents,
        "parent": held.parent,
    }
    state = state.model_copy(update=kept)
    return moved(state, given.parent, today) if today is not None else state.model_copy(update={"parent": given.parent})


def _successors(given: UnitInput, held: UnitState | None) -> tuple[str, ...]:
    if held is not None and given.successor in held.successors:
        return held.successors
    return (given.successor,) if given.successor else ()


def moved(state: UnitState, parent: str | None, today: date) -> UnitState:
    """The unit under another parent from `today` on. Two moves of one day leave the last one."""
    if parent == state.parent:
        return state
    yesterday = day_before(today)
    former = state.former_parents
    if (not former or former[-1].last < yesterday) and state.valid_from <= yesterday:
        former = (*former, FormerParent(parent=state.parent, last=yesterday))
    return state.model_copy(update={"parent": parent, "former_parents": former})


def day_before(day: date) -> str:
    return (day - timedelta(days=1)).isoformat()
