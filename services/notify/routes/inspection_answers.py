"""What the API shows and takes about inspections and draws."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.notify.domain.inspections.draw import Draw, Verified
from services.notify.domain.inspections.proposals import Proposal
from shared.clock import iso
from shared.events.inspection import FindingSeverity, InspectionCause, InspectionState
from shared.events.report import Evidence
from shared.http.parameters import CODE

DAY = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
Day = Annotated[str, Field(pattern=DAY, description="ISO date, such as 2011-03-25.")]
Text500 = Annotated[str, Field(min_length=3, max_length=500)]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DocumentInput(Given):
    """A document: its number, a link, or a file by its SHA-256."""

    kind: Literal["document_number", "url", "file"]
    reference: Annotated[str, Field(min_length=1, max_length=500)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None

    def evidence(self) -> Evidence:
        return Evidence(kind=self.kind, reference=self.reference, sha256=self.sha256)


class ProposalInput(Given):
    """Which unit to inspect. `reason` is needed for a unit that is not on the list."""

    plan: Annotated[str, Field(pattern=CODE)]
    unit: Annotated[str, Field(pattern=CODE)]
    reason: Text500 | None = None


class StepInput(Given):
    """A step with the day and the document that prove it; a cancellation needs a note instead of a document."""

    step: Literal["decision", "visit", "conclusion", "cancellation"]
    on: Day
    document: DocumentInput | None = None
    note: Annotated[str, Field(max_length=2000)] | None = None


class ClosureInput(Given):
    """The end of an inspection, with the document that proves that everything is remedied."""

    on: Day
    document: DocumentInput
    note: Annotated[str, Field(max_length=2000)] | None = None


class FindingInput(Given):
    """A finding as it is written down after the visit."""

    code: Annotated[str, Field(pattern=CODE)]
    severity: FindingSeverity
    text: Annotated[str, Field(min_length=3, max_length=2000)]
    indicator: Annotated[str, Field(pattern=CODE)] | None = None


class RemedyInput(Given):
    """What shows that a finding is remedied."""

    evidence: DocumentInput


class ReasonInput(Given):
    """Why a remedy is returned, or a finding withdrawn."""

    reason: Text500


class AnnouncementInput(Given):
    """The draw of a year: where the seed will come from, and on which day it will be public."""

    plan: Annotated[str, Field(pattern=CODE)]
    year: Annotated[int, Field(ge=1900, le=2200)]
    seed_source: Annotated[str, Field(min_length=10, max_length=500, description="A public source, precisely named.")]
    seed_day: Day
    percent: Annotated[int, Field(ge=1, le=100, description="Share of the units; without it, the plan's.")] | None = (
        None
    )


class SeedInput(Given):
    """The seed exactly as it was published."""

    seed: Annotated[str, Field(min_length=4, max_length=200)]


class InspectionShown(InspectionState):
    """One inspection with its findings: its state, and its instants as text."""

    opened_at: str
    changed_at: str
    next_due_at: str | None = Field(description="Last instant for the next step; null when none is owed.")

    @classmethod
    def of(cls, state: InspectionState) -> InspectionShown:
        due = None if state.next_due_at_ms is None else iso(state.next_due_at_ms)
        at = {"opened_at": iso(state.opened_at_ms), "changed_at": iso(state.changed_at_ms), "next_due_at": due}
        return cls(**dict(state), **at)


class ProposalShown(BaseModel):
    """A unit to inspect and why."""

    unit: str
    causes: tuple[InspectionCause, ...]
    points: int
    rules: tuple[str, ...]
    alerts: tuple[str, ...]
    draw: str | None = Field(description="The random draw that took the unit; null when none did.")
    visited_on: str | None = Field(description="Day of the last visit; null when it was never visited.")
    inspect_by: str = Field(description="Last day to visit it, so that no unit waits longer than the plan allows.")
    under_way: str | None = Field(description="The inspection of the unit that is under way.")

    @classmethod
    def of(cls, one: Proposal) -> ProposalShown:
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


class DrawShown(BaseModel):
    """One draw: what was announced, and what the seed made of it."""

    draw: str
    plan: str
    year: int
    percent: int
    rule: str = Field(description="How the seed and a unit's code decide; anybody can repeat it.")
    units: tuple[str, ...] = Field(description="The announced list.")
    commitment: str = Field(description="SHA-256 of rule, percentage and list, published before the seed was known.")
    seed_source: str
    seed_day: str
    announced_by: str
    announced_at: str
    seed: str | None
    drawn: tuple[str, ...] = Field(description="In the order of the draw; empty until the seed is entered.")
    drawn_by: str | None
    drawn_at: str | None

    @classmethod
    def of(cls, held: Draw) -> DrawShown:
        same = {name: getattr(held, name) for name in cls.model_fields if hasattr(held, name)}
        drawn_at = None if held.drawn_at_ms is None else iso(held.drawn_at_ms)
        return cls(**same, draw=held.id, announced_at=iso(held.announced_at_ms), drawn_at=drawn_at)


class DrawVerdict(BaseModel):
    """What repeating the draw gives; null where no seed was entered yet."""

    draw: str
    rule: str
    commitment: str
    commitment_now: str
    commitment_holds: bool
    draw_holds: bool | None
    seed_after_announcement: bool | None
    drawn_now: tuple[str, ...]

    @classmethod
    def of(cls, held: Draw, found: Verified) -> DrawVerdict:
        same = {name: getattr(found, name) for name in cls.model_fields if hasattr(found, name)}
        return cls(draw=held.id, rule=held.rule, commitment=held.commitment, **same)
