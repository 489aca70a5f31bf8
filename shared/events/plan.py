"""Events about plans."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shared.events.base import Names, State


class PlanState(State):
    """A published version of a plan. The document is the canonical plan (see docs/plan.md), complete."""

    plan: str
    version: str
    names: Names
    effective_from: str = Field(description="First day the version is in force, ISO date.")
    effective_to: str | None = Field(description="Last day, ISO date; null while open-ended.")
    sha256: str = Field(description="Over the canonical JSON of the document.")
    published_at_ms: int
    document: dict[str, Any]
