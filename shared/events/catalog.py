"""Every event type: its model, its subject key, who produces it, who consumes it, what it says.

`docs/events.md` is generated from this table; a test compares it with the services' consumer tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.events.base import State
from shared.events.envelope import Envelope, broker_subject, event_id
from shared.events.notice import AlertState, DeliveryState, DigestState, ReminderState
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.events.report import ReportState
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
    """The pending event that announces `state`: `{"subject": broker subject, "envelope": CloudEvents dict}`.

    `at` is the instant of the change (RFC 3339). Composing the same state again gives the same event id.
    """
    entry = _BY_MODEL[type(state)]
    aggregate = entry.aggregate(state)
    envelope = Envelope(
        id=event_id(aggregate, state.revision),
        source=f"/tiendo/{entry.producer}",
        type=entry.name,
        subject=aggregate,
        time=at,
        revision=state.revision,
        traceparent=traceparent,
        correlationid=correlation_id,
        causationid=causation_id,
        data=state.model_dump(mode="json"),
    )
    return {
        "subject": broker_subject(entry.name, entry.key(state)),
        "envelope": envelope.model_dump(mode="json", exclude_none=True),
    }


def read(envelope: Envelope) -> State:
    """The state that an event carries. Unknown type: KeyError; bad data: pydantic's ValidationError."""
    return BY_TYPE[envelope.type].model.model_validate(envelope.data)
