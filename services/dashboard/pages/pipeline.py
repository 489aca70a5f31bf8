"""The pipeline: how the events reach the dashboard, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.dashboard.domain.facts import Audit, Consumer, Level, Pipeline
from services.dashboard.domain.freshness import STALE_SECONDS
from services.dashboard.pages import labels, rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.words import NOTHING, Words
from shared.clock import from_iso
from shared.events.notice import DeliveryState
from shared.events.unit import UnitState


@dataclass(frozen=True, slots=True)
class ConsumerRow:
    """One subscription."""

    noun: str
    name: str
    applied: str
    waiting: str
    behind: str
    look: str
    status: str


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """One event that was given up."""

    sequence: str
    subject: str
    reason: str
    attempts: str
    time: str


@dataclass(frozen=True, slots=True)
class LateRow:
    """One reminder that left late or has not left."""

    recipient: str
    text: str
    due: str
    left: str
    late: str


@dataclass(frozen=True, slots=True)
class LevelView:
    """The service level of reminders in one sentence, and its worst cases."""

    says: str
    status: str
    look: str
    late: tuple[LateRow, ...]


@dataclass(frozen=True, slots=True)
class PipelineView:
    """The whole page."""

    reminders: LevelView

    consumers: tuple[ConsumerRow, ...]
    dead_letters: tuple[DeadLetterRow, ...]
    faults: tuple[str, ...]
    clients: str


@dataclass(frozen=True, slots=True)
class AuditView:
    """The auditor's last pass, and its alerts; `known` is false when notify did not answer."""

    known: bool
    says: str
    look: str
    note: str
    alerts: tuple[rows.AlertRow, ...]


def audit(found: Audit, *, units: Mapping[str, UnitState], words: Words, address: Address) -> AuditView:
    """The auditor. What it found different is an alert until it is mended."""
    naming = rows.Naming(units, words, address)
    alerts = tuple(rows.alert_row(state, naming) for state in found.alerts)
    if found.level is None:
        return AuditView(False, "", "quiet", "", alerts)
    undecided = words.say("Reminders that are due and not decided yet: {n}", n=found.level.undecided)
    last = found.level.auditor
    if last is None:
        return AuditView(
            True, words.say("No pass since notify was started; it looks once an hour."), "quiet", undecided, alerts
        )
    told = {"time": words.moment(from_iso(last.at)), "n": last.differences}
    if last.differences:
        return AuditView(True, words.say("Last pass at {time}: {n} differences", **told), "bad", undecided, alerts)
    says = words.say("Last pass at {time}: everything that should have been sent was sent", **told)
    return AuditView(True, says, "good", undecided, alerts)


def compose(facts: Pipeline, words: Words) -> PipelineView:
    """The pipeline; nouns of which nothing came yet stand there with zero."""
    return PipelineView(
        reminders=_level(facts.reminders, words),
        consumers=tuple(_consumer(consumer, facts, words) for consumer in facts.consumers),
        dead_letters=tuple(
            DeadLetterRow(
                str(letter.sequence),
                letter.subject,
                letter.reason,
                str(letter.attempts),
                words.moment(letter.last_failed_ms),
            )
            for letter in facts.dead_letters
        ),
        faults=facts.faults,
        clients=words.say("{n} of {most} browsers connected", n=facts.clients, most=facts.clients_max),
    )


def _level(level: Level, words: Words) -> LevelView:
    if level.share is None:
        return LevelView(words.say("No reminder was due in the last 28 days"), "", "quiet", ())
    is_met = level.share >= level.target
    return LevelView(
        says=words.say(
            "{share} of {n} due reminders left within 15 minutes in the last 28 days; the target is {target}",
            share=words.percent(level.share, 1),
            n=words.number(level.due, 0),
            target=words.percent(level.target),
        ),
        status=words.say("target met") if is_met else words.say("target missed"),
        look="good" if is_met else "bad",
        late=tuple(_late(one, level, words) for one in level.late),
    )


def _late(state: DeliveryState, level: Level, words: Words) -> LateRow:
    due_ms, left_ms = state.due_at_ms or 0, state.sent_at_ms
    return LateRow(
        recipient=state.recipient,
        text=state.title,
        due=words.moment(due_ms),
        left=words.moment(left_ms) if left_ms else words.say("not yet"),
        late=words.age(((left_ms or level.at_ms) - due_ms) / 1000),
    )


def _consumer(consumer: Consumer, facts: Pipeline, words: Words) -> ConsumerRow:
    noun = consumer.name.rpartition("-")[2]
    late = (consumer.behind_seconds or 0.0) > STALE_SECONDS
    if consumer.fault:
        status = consumer.fault
    elif late:
        status = words.say("behind")
    else:
        status = words.say("up to date") if not consumer.waiting else words.say("catching up")
    return ConsumerRow(
        noun=words.say(labels.NOUNS.get(noun, noun)),
        name=consumer.name,
        applied=words.number(facts.applied.get(noun, 0), 0),
        waiting=words.number(consumer.waiting, 0) if consumer.waiting is not None else NOTHING,
        behind=words.age(consumer.behind_seconds) if consumer.behind_seconds is not None else NOTHING,
        look="bad" if consumer.fault or late else "good",
        status=status,
    )
