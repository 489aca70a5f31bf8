"""The envelope of every event: CloudEvents 1.0, structured JSON.

An event carries the whole state of its aggregate and that state's `revision`; a consumer applies it only if the
revision is newer than what it has, so order and duplicates do not matter. The id is derived from aggregate and
revision, so a repeated decision makes the same event.
"""

from __future__ import annotations

import re
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Misuse

SPEC_VERSION = "1.0"
TYPE_PREFIX = "tiendo."
ID_CHARACTERS_MAX = 255
SUBJECT_CHARACTERS_MAX = 200

_NOT_IN_TOKENS = re.compile(r"[^A-Za-z0-9_-]")


class Envelope(BaseModel):
    """One event. `type` is `<noun>.<event>.v<n>`, `subject` the aggregate's id, `time` RFC 3339 (UTC)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = SPEC_VERSION
    id: str = Field(max_length=ID_CHARACTERS_MAX)
    source: str = Field(description="The producing service, such as /tiendo/intake.")
    type: str
    subject: str = Field(max_length=SUBJECT_CHARACTERS_MAX)
    time: str
    datacontenttype: str = "application/json"
    revision: int = Field(ge=1, description="Revision of the aggregate's state; extension attribute.")
    traceparent: str | None = Field(default=None, description="W3C trace context; extension attribute.")
    correlationid: str | None = None
    causationid: str | None = None
    data: dict[str, Any]


def envelope_text(
    *,
    id: str,
    source: str,
    type: str,
    subject: str,
    time: str,
    revision: int,
    data: str,
    traceparent: str | None = None,
    correlationid: str | None = None,
    causationid: str | None = None,
) -> str:
    """An `Envelope` as the JSON text that is published. `data` is the state as JSON text, taken over as it is.

    Misuse when id or subject are longer than the envelope allows.
    """
    if len(id) > ID_CHARACTERS_MAX or len(subject) > SUBJECT_CHARACTERS_MAX:
        raise Misuse(f"an event of {subject:.40}... has an id or a subject longer than its envelope takes")
    fields: dict[str, Any] = {
        "specversion": SPEC_VERSION,
        "id": id,
        "source": source,
        "type": type,
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "revision": revision,
    }
    if traceparent is not None:
        fields["traceparent"] = traceparent
    if correlationid is not None:
        fields["correlationid"] = correlationid
    if causationid is not None:
        fields["causationid"] = causationid
    fields["data"] = orjson.Fragment(data)
    return orjson.dumps(fields).decode()


def event_id(aggregate_id: str, revision: int) -> str:
    """The id of the event that announces this revision: the same decision always makes the same id."""
    return f"{aggregate_id}@{revision}"


def subject_token(key: str) -> str:
    """A key as one token of a broker subject: letters, digits, `-` and `_` stay, everything else becomes `-`."""
    return _NOT_IN_TOKENS.sub("-", key) or "-"


def broker_subject(event_type: str, key: str) -> str:
    """`tiendo.<noun>.<event>.v<n>.<key>`: where an event of this type about this key is published."""
    return f"{TYPE_PREFIX}{event_type}.{subject_token(key)}"
