"""The streams and consumers of the platform: declared here, created once, and compared with what the broker says.

One stream per owning service, plus dead letters, the record of what became of them, and the broker's own advisories.
An older server silently ignores fields that it does not know, so every echoed field is compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import Permanent
from shared.nats.connection import Connection
from shared.nats.jetstream_api import Absent, api_request

GIB = 1024**3
MIB = 1024**2
DAY_SECONDS = 86_400
EVENT_BYTES_MAX = 256 * 1024
DEAD_LETTER_HEADER_BYTES_MAX = 16 * 1024


class ConfigurationDrift(Permanent):
    """The broker holds another configuration than the declared one; `fields` names each difference."""

    def __init__(self, what: str, fields: Mapping[str, tuple[Any, Any]]) -> None:
        self.fields = dict(fields)
        told = "; ".join(f"{name}: declared {want!r}, broker has {have!r}" for name, (want, have) in fields.items())
        super().__init__(f"{what} differs from its declaration: {told}")


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream. It keeps every message until a bound is reached and then refuses new ones: nothing is lost silently.

    `bytes_max` is reserved on the server's disk when the stream is made.
    """

    name: str
    subjects: tuple[str, ...]
    bytes_max: int = GIB
    messages_max: int = 10_000_000
    age_max_seconds: int = 400 * DAY_SECONDS
    message_bytes_max: int = EVENT_BYTES_MAX
    duplicate_window_seconds: int = 600
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class ConsumerSpec:
    """One durable pull consumer, from the beginning of its stream, with explicit acknowledgement.

    No `backoff` (it would override `ack_wait`) and no bound on deliveries: attempts are counted in the store,
    because the broker's count restarts at 1 when the broker is killed.
    """

    name: str
    stream: str
    filter_subject: str
    ack_wait_seconds: float = 30.0
    ack_pending_max: int = 1024
    replicas: int = 1


INTAKE = StreamSpec(
    "INTAKE",
    ("tiendo.plan.>", "tiendo.unit.>", "tiendo.obligation.>", "tiendo.report.>", "tiendo.intake_audit.>"),
)
SCORING = StreamSpec(
    "SCORING",
    (
        "tiendo.score.>",
        "tiendo.evaluation.>",
        "tiendo.round.>",
        "tiendo.appraisal.>",
        "tiendo.clarification.>",
        "tiendo.edition.>",
        "tiendo.scoring_audit.>",
    ),
)
NOTIFY = StreamSpec(
    "NOTIFY",
    (
        "tiendo.reminder.>",
        "tiendo.alert.>",
        "tiendo.silence.>",
        "tiendo.outage.>",
        "tiendo.inspection.>",
        "tiendo.digest.>",
        "tiendo.delivery.>",
        "tiendo.notify_audit.>",
    ),
)
DLQ = StreamSpec(
    "DLQ",
    ("tiendo_dlq.>",),
    bytes_max=512 * MIB,
    messages_max=1_000_000,
    age_max_seconds=90 * DAY_SECONDS,
    message_bytes_max=EVENT_BYTES_MAX + DEAD_LETTER_HEADER_BYTES_MAX,
)
DLQ_HANDLED = StreamSpec(
    "DLQ_HANDLED",
    ("tiendo_dlq_handled.>",),
    bytes_max=64 * MIB,
    messages_max=1_000_000,
    age_max_seconds=91 * DAY_SECONDS,
    message_bytes_max=16 * 1024,
)
ADVISORY = StreamSpec(
    "ADVISORY",
    ("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",),
    bytes_max=64 * MIB,
    messages_max=100_000,
    age_max_seconds=90 * DAY_SECONDS,
    message_bytes_max=16 * 1024,
)

OWNED: tuple[StreamSpec, ...] = (INTAKE, SCORING, NOTIFY)
COMMON: tuple[StreamSpec, ...] = (DLQ, DLQ_HANDLED, ADVISORY)


def stream_config(spec: StreamSpec) -> dict[str, Any]:
    """The declared configuration in the broker's words; durations in nanoseconds."""
    return {
        "name": spec.name,
        "subjects": list(spec.subjects),
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_consumers": -1,
        "max_msgs": spec.messages_max,
        "max_msgs_per_subject": -1,
        "max_bytes": spec.bytes_max,
        "max_age": spec.age_max_seconds * 1_000_000_000,
        "max_msg_size": spec.message_bytes_max,
        "duplicate_window": spec.duplicate_window_seconds * 1_000_000_000,
        "num_replicas": spec.replicas,
        "deny_delete": True,
        "deny_purge": True,
    }


def consumer_config(spec: ConsumerSpec) -> dict[str, Any]:
    """The declared configuration in the broker's words; durations in nanoseconds."""
    return {
        "durable_name": spec.name,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": round(spec.ack_wait_seconds * 1_000_000_000),
        "max_deliver": -1,
        "max_ack_pending": spec.ack_pending_max,
        "filter_subject": spec.filter_subject,
        "replay_policy": "instant",
        "num_replicas": spec.replicas,
    }


def differences(declared: Mapping[str, Any], echoed: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field -> (declared, echoed) where they differ. A field that is not echoed counts as its zero value.

    Fields that only the broker sets are not compared, except those that would change delivery.
    """
    compared = {**dict.fromkeys(("backoff", "deliver_subject", "mirror", "sources")), **declared}
    return {
        name: (want, echoed.get(name))
        for name, want in compared.items()
        if (echoed.get(name) or None) != (want or None)
    }


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject (or a narrower pattern) falls under `pattern`. Wildcards are whole tokens."""
    wanted, given = pattern.split("."), subject.split(".")
    for position, word in enumerate(wanted):
        if word == ">":
            return len(given) > position
        if position >= len(given) or given[position] == ">" or word not in ("*", given[position]):
            return False
    return len(wanted) == len(given)


def owner_of(pattern: str, streams: Sequence[StreamSpec] = OWNED) -> StreamSpec:
    """The stream whose subjects contain `pattern`; `Permanent` when no single stream does."""
    for spec in streams:
        if any(matches(subjects, pattern) for subjects in spec.subjects):
            return spec
    raise Permanent(f"no stream owns {pattern!r}")


def durable_name(service: str, pattern: str) -> str:
    """`scoring` and `tiendo.report.>` -> `scoring-report`."""
    words = [word for word in pattern.split(".")[1:] if word not in ("*", ">")]
    return "-".join([service, *words])


async def stream_info(connection: Connection, name: str) -> dict[str, Any]:
    """`created`, `config` and `state` of a stream; `Absent` when it does not exist."""
    return await api_request(connection, f"STREAM.INFO.{name}")


async def consumer_info(connection: Connection, stream: str, name: str) -> dict[str, Any]:
    """State of a durable; `Absent` when it or its stream does not exist."""
    return await api_request(connection, f"CONSUMER.INFO.{stream}.{name}")


async def ensure_stream(connection: Connection, spec: StreamSpec, *, may_create: bool = True) -> dict[str, Any]:
    """The stream's info, after creating it if it is absent, or giving it the subjects that a newer version declares.

    `ConfigurationDrift` when it is otherwise not as declared; `Absent` when it does not exist and we may not create it.
    """
    try:
        info = await stream_info(connection, spec.name)
    except Absent:
        if not may_create:
            raise
        info = await api_request(connection, f"STREAM.CREATE.{spec.name}", stream_config(spec))
    if may_create and _only_lacks_subjects(spec, info["config"]):
        info = await api_request(connection, f"STREAM.UPDATE.{spec.name}", stream_config(spec))
    _compare(f"stream {spec.name}", stream_config(spec), info["config"])
    return info


def _only_lacks_subjects(spec: StreamSpec, echoed: Mapping[str, Any]) -> bool:
    """Whether the stream was made by an older version: taking in more loses nothing and needs nobody's decision."""
    held = set(echoed.get("subjects") or ())
    return set(differences(stream_config(spec), echoed)) == {"subjects"} and held < set(spec.subjects)


async def ensure_consumer(connection: Connection, spec: ConsumerSpec) -> dict[str, Any]:
    """The durable's info, after creating it if it is absent.

    A durable that is ahead of its stream (the stream was truncated or restored) would skip what is published next:
    it is made anew from the beginning, which is harmless because effects are idempotent.
    `Absent` when the stream does not exist, `ConfigurationDrift` when the durable is not as declared.
    """
    try:
        info = await consumer_info(connection, spec.stream, spec.name)
    except Absent:
        return await _create_consumer(connection, spec)
    _compare(f"consumer {spec.name}", consumer_config(spec), info["config"])
    # In this order: the stream only grows, so a healthy durable is never ahead of the later answer.
    state = (await stream_info(connection, spec.stream))["state"]
    if info["delivered"]["stream_seq"] > state["last_seq"]:
        await api_request(connection, f"CONSUMER.DELETE.{spec.stream}.{spec.name}")
        return await _create_consumer(connection, spec)
    return info


async def _create_consumer(connection: Connection, spec: ConsumerSpec) -> dict[str, Any]:
    declared = consumer_config(spec)
    info = await api_request(
        connection,
        f"CONSUMER.DURABLE.CREATE.{spec.stream}.{spec.name}",
        {"stream_name": spec.stream, "config": declared},
    )
    _compare(f"consumer {spec.name}", declared, info["config"])
    return info


def _compare(what: str, declared: Mapping[str, Any], echoed: Mapping[str, Any]) -> None:
    found = differences(declared, echoed)
    if found:
        raise ConfigurationDrift(what, found)
