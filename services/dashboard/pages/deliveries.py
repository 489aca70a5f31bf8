"""One delivery with its steps, and the decisions behind what was or was not sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.dashboard.domain.told import Decision, DeliveryTold
from services.dashboard.handlers.delivery_desk import Decisions, DeliveryFacts
from services.dashboard.pages import labels, reasons, rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.catalogue import N_
from services.dashboard.pages.digests import Shown
from services.dashboard.pages.words import Words
from shared.clock import from_iso
from shared.events.notice import DeliveryState

RESENDABLE = frozenset({"SENT", "DELIVERED", "PERMANENT_FAILURE", "TECHNICAL_FAILURE", "CANCELLED", "SUPERSEDED"})
CANCELLABLE = frozenset({"CREATED", "TEMPORARY_FAILURE"})
KINDS = {
    "reminder": N_("Reminder"),
    "alert": N_("Alert"),
    "delivery": N_("Delivery"),
    "digest": N_("Digest"),
    "group": N_("Group of alerts"),
    "inspection": N_("Inspection"),
    "preference": N_("Preferences"),
    "address": N_("Address"),
    "silence": N_("Silence"),
    "outage": N_("Outage"),
}
_PERIOD = re.compile(r"\b\d{4}-(?:M\d\d|Q\d|H\d|9M)\b")
_STATUSES = {
    **labels.REMINDER_STATUSES,
    **labels.DELIVERY_STATUSES,
    **labels.ALERT_PHASES,
    "ACTIVE": N_("in use"),
    "DISABLED": N_("not in use"),
    "all_on": N_("nothing switched off"),
}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One state that a delivery went through."""

    time: str
    machine: str
    status: str
    look: str
    reason: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision; `link` leads to what it is about, where a page shows it."""

    time: str
    machine: str
    kind: str
    about: str
    link: str
    status: str
    look: str
    reason: str
    next: str
    recipient: str
    unit_name: str
    address: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery. `known`: notify answered, so the steps are here."""

    row: rows.NoticeRow
    facts: tuple[tuple[str, str], ...]
    about: str
    steps: tuple[StepRow, ...]
    known: bool
    decisions: tuple[DecisionRow, ...] | None
    why: str
    may_resend: bool
    may_cancel: bool
    said: Shown


@dataclass(frozen=True, slots=True)
class WhyView:
    """What was asked, and every decision; `decisions` is None when notify did not answer or nothing was asked."""

    subject: str
    unit: str
    recipient: str
    asked: bool
    decisions: tuple[DecisionRow, ...] | None
    following: str
    continued: bool


def compose(facts: DeliveryFacts, decisions: Decisions | None, *, may_write: bool, naming: rows.Naming) -> DeliveryView:
    """One delivery."""
    state, told = facts.state, facts.told
    return DeliveryView(
        row=rows.delivery_row(state, naming),
        facts=_facts(state, told, naming.words),
        about=subject_link(state.kind, state.subject, naming.address),
        steps=tuple(_step(step, naming.words) for step in reversed(told.steps)) if told else (),
        known=told is not None,
        decisions=None if decisions is None else decision_rows(decisions.items, naming),
        why=naming.address.to("/why", peer=None, subject=state.subject),
        may_resend=may_write and state.status in RESENDABLE,
        may_cancel=may_write and state.status in CANCELLABLE,
        said=_said(state, naming.address),
    )


def decision_rows(found: Iterable[Decision], naming: rows.Naming) -> tuple[DecisionRow, ...]:
    """Decisions as they are listed."""
    return tuple(_decision(one, naming) for one in found)


def subject_link(kind: str, id: str, address: Address) -> str:
    """Where a page shows an alert, a digest, a delivery or an inspection; else empty."""
    places = {"alert": "/alerts", "digest": "/digests", "delivery": "/deliveries", "inspection": "/inspections"}
    return address.to(f"{places[kind]}/{id}", peer=None) if kind in places and id.startswith(f"{kind}-") else ""


def _said(state: DeliveryState, address: Address) -> Shown:
    path = f"/deliveries/{state.delivery}/content"
    return Shown(
        html=address.to(path, peer=None, format="html"),
        pdf="",
        text=address.to(path, peer=None, format="text"),
        title=state.title,
    )


def _facts(state: DeliveryState, told: DeliveryTold | None, words: Words) -> tuple[tuple[str, str], ...]:
    said = [
        (words.say("Recipient"), state.recipient),
        (words.say("Channel"), state.channel),
        (words.say("Created"), words.moment(state.created_at_ms)),
        (words.say("Last change"), words.moment(state.changed_at_ms)),
        (words.say("Was due"), words.moment(state.due_at_ms) if state.due_at_ms else ""),
        (words.say("Left"), words.moment(state.sent_at_ms) if state.sent_at_ms else ""),
        (words.say("Attempts"), words.number(state.attempts, 0)),
    ]
    if told is not None:
        said += [
            (words.say("Made because"), reasons.said(told.cause, words) if told.cause else ""),
            (words.say("Waits because"), reasons.said(told.held, words) if told.held else ""),
            (words.say("Next attempt"), words.moment(from_iso(told.next_try_at)) if told.next_try_at else ""),
            (words.say("Sent again"), words.say("{n} times", n=told.resends) if told.resends else ""),
            (words.say("Operator's reason"), told.note or ""),
            (words.say("Legal notice"), words.say("cannot be switched off or held back") if told.legal else ""),
            (words.say("Templates"), told.template),
        ]
    return tuple((name, value) for name, value in said if value)


def _step(step: Any, words: Words) -> StepRow:
    at_ms = from_iso(step.at)
    return StepRow(
        time=words.moment(at_ms),
        machine=words.machine(at_ms),
        status=words.say(labels.DELIVERY_STATUSES.get(step.status, step.status)),
        look=labels.look_of_status(step.status),
        reason=reasons.said(step.decision, words),
    )


def _about(one: Decision, words: Words) -> str:
    """What a decision is about, as people say it; periods stand in codes as codes."""
    said = (words.name(one.about_words) if one.about_words else one.about).replace(" -> ", " → ")
    return _PERIOD.sub(lambda found: words.period(found[0]), said) if one.about != one.id else ""


def _decision(one: Decision, naming: rows.Naming) -> DecisionRow:
    words = naming.words
    at_ms = from_iso(one.at)
    return DecisionRow(
        time=words.moment(at_ms),
        machine=words.machine(at_ms),
        kind=words.say(KINDS.get(one.kind, one.kind)),
        about=_about(one, words),
        link=subject_link(one.kind, one.id, naming.address),
        status=words.say(_STATUSES[one.status]) if one.status in _STATUSES else one.status,
        look=labels.look_of_status(one.status),
        reason=words.name(one.words) or one.reason,
        next=words.say("next look at {time}", time=words.moment(from_iso(one.next_at))) if one.next_at else "",
        recipient=one.recipient or "",
        unit_name=naming.unit(one.unit),
        address=naming.link(one.unit),
    )
