"""The ledger entry: an obligation and the report that stands for it. Pure. `transitions` has what changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.intake.domain.content import Content
from shared.events.obligation import ObligationState, Outcome, Timeliness
from shared.events.report import ReportState

SYSTEM = "intake"
HISTORY_MAX = 100

LineKind = Literal["waived", "not_applicable", "extended", "exception", "reinstated", "expired", "unsealed"]


class Decision(BaseModel):
    """What a reviewer decided about one version, kept with the report."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["approved", "returned", "unapproved", "sealed", "unsealed"]
    version: int
    by: str
    at_ms: int
    reason: str | None = None


class Report(BaseModel):
    """The current version of a report: its announced state, and what only intake keeps."""

    model_config = ConfigDict(frozen=True)

    state: ReportState
    nil_reason: str | None = None
    explanations: tuple[tuple[str, str], ...] = ()
    change_reason: str | None = None
    decisions: tuple[Decision, ...] = ()

    def content(self) -> Content:
        held = self.state
        return Content(
            plan=held.plan,
            form=held.form,
            unit=held.unit,
            period=held.period,
            nil=held.nil,
            nil_reason=self.nil_reason,
            values=held.values,
            explanations=dict(self.explanations),
        )


class Line(BaseModel):
    """One decision about an obligation: who, when, why, and the outcome and limits that held until then."""

    model_config = ConfigDict(frozen=True)

    kind: LineKind
    by: str
    at_ms: int
    reason: str
    expires_at_ms: int | None = None
    outcome: Outcome
    due_at_ms: int
    grace_end_ms: int
    lock_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. `rev` is the store's revision that was read, 0 when not stored yet; `unsent` are its
    events that were waiting to be published then; `history` are the decisions about it, oldest first."""

    obligation: ObligationState
    report: Report | None = None
    history: tuple[Line, ...] = ()
    rev: int = 0
    unsent: tuple[dict[str, Any], ...] = ()

    @property
    def id(self) -> str:
        return self.obligation.obligation

    @property
    def report_id(self) -> str:
        held = self.obligation
        return report_id(plan=held.plan, form=held.form, unit=held.unit, period=held.period)

    @property
    def version(self) -> int:
        """Version of the report that stands now; 0 without one."""
        return self.report.state.version if self.report else 0

    @property
    def is_received(self) -> bool:
        return self.obligation.outcome in ("FULFILLED", "NIL")


def obligation_id(*, plan: str, form: str, unit: str, period: str) -> str:
    return f"obligation-{plan}-{form}-{unit}-{period}"


def report_id(*, plan: str, form: str, unit: str, period: str) -> str:
    return f"report-{plan}-{form}-{unit}-{period}"


def timeliness_at(obligation: ObligationState, at_ms: int) -> Timeliness:
    """An instant equal to the limit is on time."""
    if at_ms <= obligation.due_at_ms:
        return "ON_TIME"
    return "IN_GRACE" if at_ms <= obligation.grace_end_ms else "LATE"
