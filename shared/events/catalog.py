"""Every event type: its model, its subject key, who produces it, who consumes it, what it says.

`docs/events.md` is generated from this table; a test compares it with the services' consumer tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson

from shared.events.anchor import IntakeAnchorState, NotifyAnchorState, ScoringAnchorState
from shared.events.base import State
from shared.events.edition import EditionState
from shared.events.envelope import Envelope, broker_subject, envelope_text, event_id
from shared.events.inspection import InspectionState
from shared.events.notice import AlertState, DeliveryState, DigestState, OutageState, ReminderState, SilenceState
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.events.report import ReportState
from shared.events.round import AppraisalState, ClarificationState, RoundState
from shared.events.score import EvaluationState, ScoreState
from shared.events.unit import UnitState


@dataclass(frozen=True, slots=True)
class EventType:
    """One row of the catalogue. `aggregate` gives the aggregate's id, `key` the last token of the broker subject."""

    name: str
    model: type[State]
    producer: str
    consumers: tuple[str, ...]
    says: str
    aggregate: Callable[[Any], str]
    key: Callable[[Any], str]


def _unit(state: Any) -> str:
    return str(state.unit)


CATALOG: tuple[EventType, ...] = (
    EventType(
        "plan.published.v1",
        PlanState,
        "intake",
        ("scoring", "notify", "dashboard"),
        "A plan version was published. It never changes afterwards.",
        lambda s: f"plan-{s.plan}-{s.version}",
        lambda s: s.plan,
    ),
    EventType(
        "unit.changed.v1",
        UnitState,
        "intake",
        ("scoring", "notify", "dashboard"),
        "A unit was registered, renamed, moved, closed or given other contacts.",
        lambda s: f"unit-{s.unit}",
        _unit,
    ),
    EventType(
        "obligation.changed.v1",
        ObligationState,
        "intake",
        ("scoring", "notify", "dashboard"),
        "A report became owed, or what is owed changed: received, returned, waived, extended, cancelled.",
        lambda s: s.obligation,
        _unit,
    ),
    EventType(
        "report.changed.v1",
        ReportState,
        "intake",
        ("scoring", "notify", "dashboard"),
        "A report version was accepted, returned, approved or sealed.",
        lambda s: s.report,
        _unit,
    ),
    EventType(
        "score.changed.v1",
        ScoreState,
        "scoring",
        ("notify", "dashboard"),
        "A recomputation changed the score, rank or band of a unit.",
        lambda s: f"score-{s.plan}-{s.year}-{s.unit}",
        _unit,
    ),
    EventType(
        "evaluation.computed.v1",
        EvaluationState,
        "scoring",
        ("notify", "dashboard"),
        "An evaluation was recomputed and something in it changed.",
        lambda s: s.evaluation,
        lambda s: s.plan,
    ),
    EventType(
        "round.changed.v1",
        RoundState,
        "scoring",
        (),
        "A round was opened, took a step, or had a window moved.",
        lambda s: s.round,
        lambda s: s.plan,
    ),
    EventType(
        "appraisal.changed.v1",
        AppraisalState,
        "scoring",
        (),
        "A unit explained a criterion, or an appraiser gave an opinion on it.",
        lambda s: s.appraisal,
        _unit,
    ),
    EventType(
        "clarification.changed.v1",
        ClarificationState,
        "scoring",
        (),
        "A unit asked for a clarification of a criterion, or its request was decided.",
        lambda s: s.clarification,
        _unit,
    ),
    EventType(
        "edition.changed.v1",
        EditionState,
        "scoring",
        ("intake",),
        "An edition of an evaluation was sealed or published. What it seals never changes.",
        lambda s: s.edition,
        lambda s: s.plan,
    ),
    EventType(
        "reminder.decided.v1",
        ReminderState,
        "notify",
        ("dashboard",),
        "A rung of the ladder was planned, sent, superseded, skipped or suppressed.",
        lambda s: s.reminder,
        _unit,
    ),
    EventType(
        "alert.changed.v1",
        AlertState,
        "notify",
        ("dashboard",),
        "An inspection alert opened, was seen again, acknowledged, silenced or resolved.",
        lambda s: s.alert,
        _unit,
    ),
    EventType(
        "silence.changed.v1",
        SilenceState,
        "notify",
        ("dashboard",),
        "A silence of alerts was declared, began, ran out or was ended.",
        lambda s: s.silence,
        lambda s: s.plan,
    ),
    EventType(
        "outage.changed.v1",
        OutageState,
        "notify",
        ("dashboard",),
        "An outage, in which a unit or everybody could not report, was declared, began, ran out or was ended.",
        lambda s: s.outage,
        lambda s: s.plan,
    ),
    EventType(
        "inspection.changed.v1",
        InspectionState,
        "notify",
        ("scoring", "dashboard"),
        "An inspection was proposed, took a step, or something became of one of its findings.",
        lambda s: s.inspection,
        _unit,
    ),
    EventType(
        "digest.made.v1",
        DigestState,
        "notify",
        ("dashboard",),
        "A digest run was created or completed.",
        lambda s: s.digest,
        lambda s: s.plan,
    ),
    EventType(
        "delivery.changed.v1",
        DeliveryState,
        "notify",
        ("dashboard",),
        "A notice to one recipient was created, sent, failed, superseded or cancelled.",
        lambda s: s.delivery,
        lambda s: s.unit or "none",
    ),
    EventType(
        "intake_audit.anchored.v1",
        IntakeAnchorState,
        "intake",
        ("notify",),
        "A day is over: the last link of one of intake's audit chains on it, to be printed elsewhere.",
        lambda s: s.aggregate,
        lambda s: s.chain,
    ),
    EventType(
        "scoring_audit.anchored.v1",
        ScoringAnchorState,
        "scoring",
        ("notify",),
        "A day is over: the last link of one of scoring's audit chains on it, to be printed elsewhere.",
        lambda s: s.aggregate,
        lambda s: s.chain,
    ),
    EventType(
        "notify_audit.anchored.v1",
        NotifyAnchorState,
        "notify",
        (),
        "A day is over: the last link of one of notify's audit chains on it, to be printed elsewhere.",
        lambda s: s.aggregate,
        lambda s: s.chain,
    ),
)

BY_TYPE: dict[str, EventType] = {entry.name: entry for entry in CATALOG}
_BY_MODEL: dict[type[State], EventType] = {entry.model: entry for entry in CATALOG}


def compose(
    state: State,
    *,
    at: str,
    traceparent: str | None = None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
) -> dict[str, Any]:
    """The pending event that announces `state`: `subject` (of the broker), `id`, `body`, and `traceparent` if given.

    `body` is the CloudEvents envelope as JSON text, made straight from the state: nobody reads it again before it is
    published. `at` is the instant of the change (RFC 3339). Composing the same state again gives the same event id.
    """
    about = _About(at, traceparent, correlation_id, causation_id)
    return _event(_BY_MODEL[type(state)], state, state.model_dump_json(), about)


def compose_plain(
    model: type[State],
    state: Mapping[str, Any],
    *,
    at: str,
    data: str | None = None,
    traceparent: str | None = None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
) -> dict[str, Any]:
    """The same for a state as plain JSON values, all fields present: for thousands, where a model each costs more.

    `data`: the state as JSON text, where there is one already.
    """
    about = _About(at, traceparent, correlation_id, causation_id)
    return _event(_BY_MODEL[model], SimpleNamespace(**state), data or orjson.dumps(state).decode(), about)


@dataclass(frozen=True, slots=True)
class _About:
    """When a state was changed, and on whose behalf."""

    at: str
    traceparent: str | None
    correlation_id: str | None
    causation_id: str | None


def _event(entry: EventType, state: Any, data: str, about: _About) -> dict[str, Any]:
    """`state`: anything with the attributes of the state; `data`: the whole state as JSON text."""
    aggregate, revision = entry.aggregate(state), state.revision
    id = event_id(aggregate, revision)
    body = envelope_text(
        id=id,
        source=f"/tiendo/{entry.producer}",
        type=entry.name,
        subject=aggregate,
        time=about.at,
        revision=revision,
        traceparent=about.traceparent,
        correlationid=about.correlation_id,
        causationid=about.causation_id,
        data=data,
    )
    event = {"subject": broker_subject(entry.name, entry.key(state)), "id": id, "body": body}
    return {**event, "traceparent": about.traceparent} if about.traceparent else event


def read(envelope: Envelope) -> State:
    """The state that an event carries. Unknown type: KeyError; bad data: pydantic's ValidationError."""
    return BY_TYPE[envelope.type].model.model_validate(envelope.data)
