"""Events about editions: what was sealed of an evaluation, and that it was published."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.events.base import Part, State

EditionStatus = Literal["SEALED", "PUBLISHED"]


class EditionCorrection(Part):
    """Why an edition follows one that was published: opened by whom, when, and what became different."""

    reason: str
    opened_by: str
    opened_at_ms: int
    units_changed: int = Field(description="Units of which any number is different from the edition before.")
    units_moved: int = Field(description="Those of them whose index, rank or band is different.")


class EditionState(State):
    """One edition of one (plan, year). Its results never change; only its status does."""

    edition: str
    evaluation: str
    plan: str
    plan_version: str
    year: int
    number: int = Field(ge=1, description="1 for the first; each correction makes the next.")
    status: EditionStatus
    sha256: str = Field(description="Over what was sealed, and over the edition of the plan sealed before it.")
    previous_sha256: str = Field(description="That edition's; empty for the first of the plan.")
    digest: str = Field(description="What two identities agreed on: inputs, parameters, code version, results.")
    inputs_sha256: str
    as_of_ms: int
    code_version: str
    units: int
    ranked: int
    mean_index: float | None
    proposed_by: str
    confirmed_by: str
    sealed_at_ms: int
    published_by: str | None = None
    published_at_ms: int | None = None
    correction: EditionCorrection | None = None
    changed_at_ms: int
