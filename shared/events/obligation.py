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


class Tier(Part):
    """One deadline of a regime that sets several, such as reporter to unit and unit to office."""

    tier: str
    due_at_ms: int = Field(description="Last instant that is on time.")
    counts: bool = Field(description="Whether it is the one that the obligation's own `due_at_ms` follows.")


class Planned(Part):
    """The limits as plan, unit and calendar give them."""

    due_at_ms: int
    grace_end_ms: int
    lock_at_ms: int | None = None


class Relief(Part):
    """An extension (another due instant) or an exception (open in spite of the lock), granted by a person."""

    kind: Literal["extended", "exception"]
    by: str
    at_ms: int
    reason: str
    due_at_ms: int | None = Field(default=None, description="The due instant of an extension.")
    expires_at_ms: int | None = Field(default=None, description="Last instant at which it holds; null: it stays.")


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
    tiers: tuple[Tier, ...] = Field(default=(), description="All deadlines where the regime sets several; else empty.")
    share: float = Field(
        default=1.0, description="What it counts in rates: under `prorate` the share of the period's valid days."
    )
    planned: Planned | None = Field(default=None, description="The limits without reliefs; null while there are none.")
    reliefs: tuple[Relief, ...] = Field(default=(), description="Those that hold, at most one of each kind.")
    sealed_by: str | None = None
    sealed_at_ms: int | None = Field(default=None, description="Since when nothing changes it; null while unsealed.")
