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


class UnitState(State):
    """A unit as registered: identity, place in the tree, validity, contacts, profile."""

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
