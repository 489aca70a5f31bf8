"""One alert: what made it, what happened to it, what may be done about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.dashboard.domain.facts import Choice, Setting
from services.dashboard.domain.told import AlertTold, Line
from services.dashboard.pages import labels, reasons, rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.catalogue import N_
from services.dashboard.pages.choices import Given
from services.dashboard.pages.words import Words
from shared.clock import from_iso
from shared.events.notice import AlertState

DETAILS_MAX = 20
TEXT_MAX = 300
DETAILS = {
    "form": N_("Form"),
    "period": N_("Period"),
    "periods": N_("Periods"),
    "version": N_("Version"),
    "indicators": N_("Indicators"),
    "year": N_("Year"),
    "role": N_("Role"),
    "recipient": N_("Recipient"),
    "severity": N_("Severity"),
    "due_at_ms": N_("Due"),
    "owed": N_("Still owed"),
    "z": N_("Deviations"),
    "z_limit": N_("Limit of the deviation"),
    "share_below": N_("Less of the target than"),
    "paces": N_("Paces"),
    "pace_below": N_("Pace below"),
    "self": N_("Self-score"),
    "final": N_("Final score"),
    "difference": N_("Difference"),
    "incidents": N_("Incidents"),
    "peer_group": N_("Peer group"),
    "reason": N_("Reason"),
}
HIDDEN = frozenset({"look_at", "report", "obligation", "previous", "evaluation", "finding", "inspection", "returned"})


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of an alert's history."""

    time: str
    machine: str
    phase: str
    look: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert. `known`: notify answered, so the history is here."""

    row: rows.AlertRow
    facts: tuple[tuple[str, str], ...]
    details: tuple[tuple[str, str], ...]
    history: tuple[HistoryRow, ...]
    known: bool
    why: str
    version: int
    is_ongoing: bool
    is_silenced: bool
    may_write: bool
    given: Given


def compose(
    state: AlertState,
    told: AlertTold | None,
    *,
    may_write: bool,
    given: Given,
    setting: Setting,
    words: Words,
    address: Address,
) -> AlertView:
    """One alert with what happened to it."""
    naming = rows.Naming(setting.units, words, address)
    return AlertView(
        row=rows.alert_row(state, naming),
        facts=_facts(state, told, words),
        details=_details(state, setting.choice, words),
        history=tuple(_line(line, words) for line in reversed(told.history)) if told else (),
        known=told is not None,
        why=address.to("/why", peer=None, subject=state.alert),
        version=state.revision,
        is_ongoing=state.phase != "RESOLVED",
        is_silenced=state.phase == "SILENCED",
        may_write=may_write,
        given=given,
    )


def _facts(state: AlertState, told: AlertTold | None, words: Words) -> tuple[tuple[str, str], ...]:
    next_step = words.moment(from_iso(told.next_step_at)) if told and told.next_step_at else ""
    said = [
        (words.say("Opened"), words.moment(state.opened_at_ms)),
        (words.say("Last change"), words.moment(state.changed_at_ms)),
        (words.say("Seen"), words.say("{n} times", n=state.occurrences)),
        (words.say("Owner"), state.owner or ""),
        (words.say("Promised for"), words.iso_day(state.promise) if state.promise else ""),
        (words.say("Silenced until"), words.moment(state.silenced_until_ms) if state.silenced_until_ms else ""),
        (words.say("Explained by"), reasons.said(state.muted_by, words) if state.muted_by else ""),
        (words.say("Reason"), reasons.said(state.reason, words) if state.reason else ""),
        (words.say("Promises missed"), str(state.promises_missed) if state.promises_missed else ""),
        (words.say("Levels told above the first"), str(state.escalation_level) if state.escalation_level else ""),
        (words.say("Last notice"), reasons.said(told.notice, words) if told and told.notice else ""),
        (words.say("Next step by itself"), next_step),
    ]
    return tuple((name, value) for name, value in said if value)


def _details(state: AlertState, choice: Choice | None, words: Words) -> tuple[tuple[str, str], ...]:
    """The numbers that made the alert; ids that lead nowhere here are left out."""
    found = []
    for key, value in state.detail.items():
        if key not in HIDDEN and value not in (None, "", [], {}):
            name = words.say(DETAILS[key]) if key in DETAILS else key.replace("_", " ")
            found.append((name, _value(key, value, choice, words)))
    return tuple(found[:DETAILS_MAX])


def _value(key: str, value: Any, choice: Choice | None, words: Words) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(key.removesuffix("s"), one, choice, words) for one in value)[:TEXT_MAX]
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value('', one, choice, words)}" for name, one in value.items())[:TEXT_MAX]
    if isinstance(value, bool):
        return words.say("yes") if value else words.say("no")
    return _number(key, value, words) if isinstance(value, int | float) else _text(key, str(value), choice, words)


def _number(key: str, value: float, words: Words) -> str:
    if key.endswith("_ms"):
        return words.moment(int(value))
    return str(value) if key == "year" else words.number(value, 2)


def _text(key: str, text: str, choice: Choice | None, words: Words) -> str:
    if key in ("period", "owed"):
        return words.period(text)
    if key == "form" and choice is not None:
        return next((words.name(form.names) for form in choice.plan.forms if form.code == text), text)
    if key == "severity" and text in labels.SEVERITIES:
        return words.say(labels.SEVERITIES[text])
    return text[:TEXT_MAX]


def _line(line: Line, words: Words) -> HistoryRow:
    at_ms = from_iso(line.at)
    phase, reason = words.say(labels.ALERT_PHASES.get(line.phase, line.phase)), reasons.said(line.reason, words)
    return HistoryRow(
        time=words.moment(at_ms),
        machine=words.machine(at_ms),
        phase=phase,
        look=line.phase.lower(),
        reason=reason if reason != phase else "",
        by=line.by,
    )
