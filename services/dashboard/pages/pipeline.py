"""The pipeline: how the events reach the dashboard, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.dashboard.domain.facts import Consumer, Pipeline
from services.dashboard.domain.freshness import STALE_SECONDS
from services.dashboard.pages import labels
from services.dashboard.pages.words import NOTHING, Words


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
class PipelineView:
    """The whole page."""

    consumers: tuple[ConsumerRow, ...]
    dead_letters: tuple[DeadLetterRow, ...]
    faults: tuple[str, ...]
    clients: str


def compose(facts: Pipeline, words: Words) -> PipelineView:
    """The pipeline; nouns of which nothing came yet stand there with zero."""
    return PipelineView(
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
