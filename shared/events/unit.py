"""Events about units."""

from __future__ import annotations

from pydantic import Field

from shared.events.base import Names, Part, State


class Contact(Part):
    """Whom to write to at a unit, in which role."""

    role: str = Field(description="report_officer, unit_approver, head_of_unit, standing_body_head, ...")
    email: str
    name: str | None = None
    language: str = "vi"


class Interval(Part):
    """Days on which a unit existed, both inclusive, ISO dates, before it ended and was opened again."""

    first: str
    last: str
    successors: tuple[str, ...] = ()


class FormerNames(Part):
    """What the unit was called up to a day (ISO date, inclusive)."""

    names: Names
    last: str


class FormerParent(Part):
    """Where the unit stood in the tree up to a day (ISO date, inclusive)."""

    parent: str | None
    last: str


class UnitState(State):
    """A unit as registered: identity, place in the tree, validity, contacts, profile.

    `valid_from` to `valid_to` is its newest interval; `earlier` are those before, in order.
    """

    unit: str
    names: Names
    kind: str
    peer_group: str
    parent: str | None = None
    valid_from: str = Field(description="First day, ISO date.")
    valid_to: str | None = Field(default=None, description="Last day, ISO date; null while open.")
    successor: str | None = None
    time_zone: str = "Asia/Ho_Chi_Minh"
    contacts: tuple[Contact, ...] = ()
    headcount: int | None = Field(default=None, description="Staff by the unit's profile; V08 compares with it.")
    note: str | None = None
    successors: tuple[str, ...] = Field(default=(), description="All successors of a split; `successor` is the first.")
    earlier: tuple[Interval, ...] = Field(default=(), description="Earlier intervals of validity, in order.")
    former_names: tuple[FormerNames, ...] = Field(default=(), description="Names of past days, oldest first.")
    former_parents: tuple[FormerParent, ...] = Field(default=(), description="Parents of past days, oldest first.")
