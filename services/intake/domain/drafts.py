"""Drafts: a report that is being written. Nothing in it need be right before it is submitted. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.intake.domain.entry import Entry
from services.intake.domain.submission import VALUES_MAX

DRAFT_CHARACTERS_MAX = 262_144


class DraftInput(BaseModel):
    """What a report would hold, as far as it is known. Values are kept as they are, right or wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nil: bool = False
    nil_reason: Annotated[str | None, Field(max_length=2000)] = None
    values: Annotated[list[dict[str, JsonValue]], Field(max_length=VALUES_MAX)] = Field(default_factory=list)
    explanations: dict[str, JsonValue] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is kept: its content as JSON text. `rev` is its version, 0 when not stored yet."""

    obligation: str
    content: str
    by: str
    saved_ms: int
    rev: int = 0

    def document(self) -> dict[str, Any]:
        held: dict[str, Any] = json.loads(self.content)
        return held


def report_of(draft: Draft, entry: Entry, mode: str) -> str:
    """The submission that the draft stands for, as JSON text: the obligation says for what."""
    held = entry.obligation
    head = {"plan": held.plan, "form": held.form, "unit": held.unit, "period": held.period, "mode": mode}
    return json.dumps({**draft.document(), **head}, ensure_ascii=False)
