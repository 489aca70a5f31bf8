"""A calendar of what one recipient owes, as iCalendar (RFC 5545). Pure: the same obligations give the same bytes.

One entry per obligation on its due day in the unit's zone. UIDs are stable, SEQUENCE follows the obligation's
revision, so a calendar program updates an entry instead of adding one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from icalendar import Calendar, Event, Todo

from services.notify.domain.contacts import resolve
from services.notify.domain.instants import DAY_MS, local_day
from services.notify.domain.ledger import OUT_OF_EXPECTED, RECEIVED
from services.notify.domain.letters import form_names
from services.notify.domain.names import names_of
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.model import Plan

ENTRIES_MAX = 500
DONE_FOR_MS = 120 * DAY_MS
"""What is settled stays in the calendar for this long after its due day."""

REFRESH_HOURS = 6
Form = Literal["event", "todo"]


@dataclass(frozen=True, slots=True)
class Sayings:
    """The words of one language, `%(name)s` where form, unit, period or plan goes; `period` says a period's code."""

    period: Callable[[str], str]
    owed: str
    done: str
    dropped: str
    title: str
    about: str


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
    asked = {named: named for named in roles.values() if named}
    found: dict[str, frozenset[str]] = {}
    for code in units:
        ours = {
            named
            for named in asked
            if any(
                one.address == recipient
                for one in resolve(named, code, units, standing_body=plan.standing_body).recipients
            )
        }
        if ours:
            found[code] = frozenset(form for form, named in roles.items() if named in ours)
    return found


def shown(states: Sequence[ObligationState], *, now_ms: int) -> list[ObligationState]:
    """What the calendar lists, by due instant: what is owed, and for a while what was. At most ENTRIES_MAX."""
    wanted = [state for state in states if state.outcome == "PENDING" or state.due_at_ms >= now_ms - DONE_FOR_MS]
    wanted.sort(key=lambda state: (state.outcome != "PENDING", abs(state.due_at_ms - now_ms), state.obligation))
    return sorted(wanted[:ENTRIES_MAX], key=lambda state: (state.due_at_ms, state.obligation))


def calendar(
    entries: Sequence[tuple[ObligationState, Plan]],
    units: Mapping[str, UnitState],
    sayings: Sayings,
    *,
    language: str,
    host: str,
    form: Form = "event",
) -> bytes:
    """The calendar's bytes. `form` todo gives tasks, for programs that show them; most show events only."""
    made = Calendar()
    made.add("prodid", "-//Tiendo//calendar feed 1//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", sayings.title)
    made.add("refresh-interval", timedelta(hours=REFRESH_HOURS), parameters={"value": "DURATION"})
    for state, plan in entries:
        made.add_component(_entry(state, plan, units, sayings, language=language, host=host, form=form))
    return bytes(made.to_ical())


def _entry(
    state: ObligationState,
    plan: Plan,
    units: Mapping[str, UnitState],
    sayings: Sayings,
    *,
    language: str,
    host: str,
    form: Form,
) -> Event | Todo:
    entry: Event | Todo = Todo() if form == "todo" else Event()
    day = local_day(state.due_at_ms, state.time_zone)
    names: dict[str, Any] = {
        "form": form_names(plan, state.form).of(language),
        "unit": names_of(state.unit, units).of(language),
        "period": sayings.period(state.period),
        "plan": plan.names.of(language),
    }
    entry.add("uid", f"{state.obligation}@{host}")
    entry.add("sequence", state.revision - 1)
    entry.add("dtstamp", _utc(state.changed_at_ms))
    entry.add("last-modified", _utc(state.changed_at_ms))
    entry.add("summary", _summary(state, sayings) % names)
    entry.add("description", sayings.about % names)
    entry.add("categories", [state.form])
    if form == "todo":
        entry.add("due", day)
        entry.add("status", _todo_status(state))
        if state.outcome in RECEIVED:
            entry.add("completed", _utc(state.first_valid_at_ms or state.changed_at_ms))
            entry.add("percent-complete", 100)
    else:
        entry.add("dtstart", day)
        entry.add("dtend", day + timedelta(days=1))
        entry.add("transp", "TRANSPARENT")
        entry.add("status", "CANCELLED" if state.outcome in OUT_OF_EXPECTED else "CONFIRMED")
    return entry


def _summary(state: ObligationState, sayings: Sayings) -> str:
    if state.outcome in RECEIVED:
        return sayings.done
    return sayings.dropped if state.outcome in OUT_OF_EXPECTED else sayings.owed


def _todo_status(state: ObligationState) -> str:
    if state.outcome in RECEIVED:
        return "COMPLETED"
    return "CANCELLED" if state.outcome in OUT_OF_EXPECTED else "NEEDS-ACTION"


def _utc(instant_ms: int) -> datetime:
    return datetime.fromtimestamp(instant_ms // 1000, tz=UTC)
