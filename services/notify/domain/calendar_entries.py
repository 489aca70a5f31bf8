"""What stands in a recipient's calendar: reports that are owed, findings of inspections to be remedied. Pure.

An entry keeps its UID for life and counts its changes, so a calendar program moves it instead of adding another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from services.notify.domain.instants import DAY_MS, local_day
from services.notify.domain.ledger import OUT_OF_EXPECTED, RECEIVED
from services.notify.domain.letters import form_names
from services.notify.domain.names import names_of
from shared.events.inspection import InspectionFinding, InspectionState
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.model import Plan

ENTRIES_MAX = 500
DONE_FOR_MS = 120 * DAY_MS
"""What is settled stays in the calendar for this long after its due day."""

Standing = Literal["owed", "done", "dropped"]
_OF_FINDING: dict[str, Standing] = {
    "OPEN": "owed",
    "REMEDIED": "done",
    "ACCEPTED": "done",
    "WITHDRAWN": "dropped",
}


@dataclass(frozen=True, slots=True)
class Sayings:
    """The words of one language. `report` and `remedy`: a summary for each standing, with `%(name)s` where form, unit,
    period or a finding's code goes; `period` says a period's code."""

    period: Callable[[str], str]
    report: Mapping[Standing, str]
    remedy: Mapping[Standing, str]
    title: str
    about_report: str
    about_remedy: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One day of the calendar. `id` is the left side of the UID; `done_at_ms` 0: not done. Instants in epoch ms."""

    id: str
    revision: int
    standing: Standing
    day: date
    due_at_ms: int
    changed_at_ms: int
    done_at_ms: int
    summary: str
    about: str
    category: str


def of_report(
    state: ObligationState, plan: Plan, units: Mapping[str, UnitState], sayings: Sayings, *, language: str
) -> Entry:
    """The due day of a report."""
    standing = standing_of(state)
    names: dict[str, Any] = {
        "form": form_names(plan, state.form).of(language),
        "unit": names_of(state.unit, units).of(language),
        "period": sayings.period(state.period),
        "plan": plan.names.of(language),
    }
    return Entry(
        id=state.obligation,
        revision=state.revision,
        standing=standing,
        day=local_day(state.due_at_ms, state.time_zone),
        due_at_ms=state.due_at_ms,
        changed_at_ms=state.changed_at_ms,
        done_at_ms=(state.first_valid_at_ms or state.changed_at_ms) if standing == "done" else 0,
        summary=sayings.report[standing] % names,
        about=sayings.about_report % names,
        category=state.form,
    )


def of_findings(
    state: InspectionState, plan: Plan, units: Mapping[str, UnitState], sayings: Sayings, *, language: str
) -> list[Entry]:
    """The last days to remedy what an inspection found; nothing before its conclusion sets them."""
    names = {"unit": names_of(state.unit, units).of(language), "plan": plan.names.of(language)}
    found = (_of_finding(one, sayings, names) for one in state.findings)
    return [entry for entry in found if entry is not None]


def _of_finding(finding: InspectionFinding, sayings: Sayings, names: Mapping[str, str]) -> Entry | None:
    if finding.due_at_ms is None or finding.due_day is None:
        return None
    standing = _OF_FINDING[finding.status]
    said = {**names, "code": finding.code, "text": finding.text}
    return Entry(
        id=finding.finding,
        revision=finding.revision,
        standing=standing,
        day=date.fromisoformat(finding.due_day),
        due_at_ms=finding.due_at_ms,
        changed_at_ms=finding.changed_at_ms,
        done_at_ms=(finding.remedied_at_ms or finding.changed_at_ms) if standing == "done" else 0,
        summary=sayings.remedy[standing] % said,
        about=sayings.about_remedy % said,
        category="INSPECTION",
    )


def is_listed(standing: Standing, due_at_ms: int, *, now_ms: int) -> bool:
    """Whether the calendar lists this: what is owed, and for a while what was."""
    return standing == "owed" or due_at_ms >= now_ms - DONE_FOR_MS


def shown(entries: Sequence[Entry], *, now_ms: int) -> list[Entry]:
    """What the calendar lists, by due instant. At most ENTRIES_MAX."""
    wanted = [one for one in entries if is_listed(one.standing, one.due_at_ms, now_ms=now_ms)]
    wanted.sort(key=lambda one: (one.standing != "owed", abs(one.due_at_ms - now_ms), one.id))
    return sorted(wanted[:ENTRIES_MAX], key=lambda one: (one.due_at_ms, one.id))


def standing_of(state: ObligationState) -> Standing:
    """How a report stands."""
    if state.outcome in RECEIVED:
        return "done"
    return "dropped" if state.outcome in OUT_OF_EXPECTED else "owed"
