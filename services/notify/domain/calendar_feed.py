"""A calendar of what one recipient owes, as iCalendar (RFC 5545). Pure: the same entries give the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from icalendar import Calendar, Event, Todo

from services.notify.domain.calendar_entries import Entry
from services.notify.domain.contacts import resolve
from services.notify.domain.inspections.nudges import FIRST_TO
from shared.events.unit import UnitState
from shared.plan.model import Plan

REFRESH_HOURS = 6
Form = Literal["event", "todo"]
_TODO = {"owed": "NEEDS-ACTION", "done": "COMPLETED", "dropped": "CANCELLED"}


@dataclass(frozen=True, slots=True)
class Feed:
    """One secret address. `id` is derived from the secret's hash; `recipient` is the full address of its owner."""

    id: str
    recipient: str
    language: str
    created_at_ms: int
    created_by: str
    revoked_at_ms: int = 0
    revoked_by: str = ""


def feed_id(secret: str) -> str:
    """The id under which a secret's feed is kept: the secret itself is stored nowhere."""
    return f"feed-{hashlib.sha256(secret.encode()).hexdigest()}"


def owing_roles(plan: Plan, form: str) -> tuple[str, ...]:
    """The roles that prepare a report: those that the form's ladder reminds before it is due."""
    named = next((one.ladder for one in plan.forms if one.code == form), None)
    rungs = plan.ladder(named).rungs if named else ()
    return tuple(dict.fromkeys(role for rung in rungs if rung.kind == "reminder" for role in rung.to))


def units_owing(recipient: str, plan: Plan, units: Mapping[str, UnitState]) -> dict[str, frozenset[str]]:
    """Unit -> forms whose reminders before the due day go to this address."""
    roles = {form.code: owing_roles(plan, form.code) for form in plan.forms}
    told = {named: units_of(recipient, named, plan, units) for named in roles.values() if named}
    owing = {unit for found in told.values() for unit in found}
    return {
        unit: frozenset(form for form, named in roles.items() if named and unit in told[named])
        for unit in units
        if unit in owing
    }


def units_remedying(recipient: str, plan: Plan, units: Mapping[str, UnitState]) -> frozenset[str]:
    """The units whose new findings this address is told of."""
    return units_of(recipient, FIRST_TO, plan, units)


def units_of(recipient: str, roles: tuple[str, ...], plan: Plan, units: Mapping[str, UnitState]) -> frozenset[str]:
    """The units for which one of these roles is this address, as messages find it."""
    return frozenset(
        code
        for code in units
        if any(
            one.address == recipient for one in resolve(roles, code, units, standing_body=plan.standing_body).recipients
        )
    )


def calendar(entries: Sequence[Entry], *, title: str, host: str, form: Form = "event") -> bytes:
    """The calendar's bytes. `form` todo gives tasks, for programs that show them; most show events only."""
    made = Calendar()
    made.add("prodid", "-//Tiendo//calendar feed 1//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", title)
    made.add("refresh-interval", timedelta(hours=REFRESH_HOURS), parameters={"value": "DURATION"})
    for entry in entries:
        made.add_component(_todo(entry, host) if form == "todo" else _event(entry, host))
    return bytes(made.to_ical())


def _event(entry: Entry, host: str) -> Event:
    made = Event()
    _describe(made, entry, host)
    made.add("dtstart", entry.day)
    made.add("dtend", entry.day + timedelta(days=1))
    made.add("transp", "TRANSPARENT")
    made.add("status", "CANCELLED" if entry.standing == "dropped" else "CONFIRMED")
    return made


def _todo(entry: Entry, host: str) -> Todo:
    made = Todo()
    _describe(made, entry, host)
    made.add("due", entry.day)
    made.add("status", _TODO[entry.standing])
    if entry.standing == "done":
        made.add("completed", _utc(entry.done_at_ms))
        made.add("percent-complete", 100)
    return made


def _describe(made: Event | Todo, entry: Entry, host: str) -> None:
    made.add("uid", f"{entry.id}@{host}")
    made.add("sequence", entry.revision - 1)
    made.add("dtstamp", _utc(entry.changed_at_ms))
    made.add("last-modified", _utc(entry.changed_at_ms))
    made.add("summary", entry.summary)
    made.add("description", entry.about)
    made.add("categories", [entry.category])


def _utc(instant_ms: int) -> datetime:
    return datetime.fromtimestamp(instant_ms // 1000, tz=UTC)
