"""The envelope of every event: CloudEvents 1.0, structured JSON.

An event carries the whole state of its aggregate and that state's `revision`; a consumer applies it only if the
revision is newer than what it has, so order and duplicates do not matter. The id is derived from aggregate and
revision, so a repeated decision makes the same event.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

SPEC_VERSION = "1.0"
TYPE_PREFIX = "tiendo."


class Envelope(BaseModel):
    """One event. `type` is `<noun>.<event>.v<n>`, `subject` the aggregate's id, `time` RFC 3339 (UTC)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = SPEC_VERSION
    id: str = Field(max_length=255)
    source: str = Field(description="The producing service, such as /tiendo/intake.")
    type: str
    subject: str = Field(max_length=200)
    time: str
    datacontenttype: str = "application/json"
    revision: int = Field(ge=1, description="Revision of the aggregate's state; extension attribute.")
    traceparent: str | None = Field(default=None, description="W3C trace context; extension attribute.")
    correlationid: str | None = None
    causationid: str | None = None
    data: dict[str, Any]


def event_id(aggregate_id: str, revision: int) -> str:
    """The id of the event that announces this revision: the same decision always makes the same id."""
    return f"{aggregate_id}@{revision}"


def subject_token(key: str) -> str:
    """A key as one token of a broker subject: letters, digits, `-` and `_` stay, everything else becomes `-`."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in key) or "-"


def broker_subject(event_type: str, key: str) -> str:
    """`tiendo.<noun>.<event>.v<n>.<key>`: where an event of this type about this key is published."""
    return f"{TYPE_PREFIX}{event_type}.{subject_token(key)}"
