"""Events about obligations."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.events.base import Part, State

Outcome = Literal["PENDING", "FULFILLED", "NIL", "WAIVED", "NOT_APPLICABLE", "CANCELLED"]
Timeliness = Literal["ON_TIME", "IN_GRACE", "LATE"]
Cause = Literal["materialised", "report", "returned", "approved", "waived", "extended", "cancelled", "recalculated"]


class Submission(Part):
    """The report that stands for the obligation now."""

    report: str
    version: int
    state: str
    received_at_ms: int
    timeliness: Timeliness


class ObligationState(State):
    """One expected report, with its instants (UTC, epoch ms) and what became of it."""

    obligation: str
    plan: str
    plan_version: str
    form: str
    unit: str
    peer_group: str
    period: str
    year: int = Field(description="The evaluation year that the period counts in.")
    period_start: str = Field(description="First day, ISO date.")
    period_last: str = Field(description="Last day, ISO date.")
    period_end_ms: int = Field(description="Start of the day after the last day, in the unit's zone.")
    open_at_ms: int
    due_at_ms: int = Field(description="Last instant that is on time.")
    grace_end_ms: int
    lock_at_ms: int | None = None
    time_zone: str
    outcome: Outcome
    reason: str | None = None
    approver: str | None = None
    submission: Submission | None = None
    first_valid_at_ms: int | None = Field(
        default=None, description="Receive time of the first version that passed validation; later ones do not move it."
    )
    timeliness: Timeliness | None = Field(default=None, description="Of the first valid version.")
    returned_count: int = 0
    rejected_count: int = Field(default=0, description="Submissions refused by validation.")
    cause: Cause
    changed_at_ms: int
