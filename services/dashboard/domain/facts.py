"""What handlers answer with and pages are made from. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from services.dashboard.domain.freshness import Freshness
from services.dashboard.domain.standing import Standing
from services.dashboard.domain.told import ReminderLevel
from shared.events.inspection import InspectionState
from shared.events.notice import AlertState, DeliveryState, DigestState, ReminderState
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.events.report import ReportState
from shared.events.score import EvaluationState, ScoreState
from shared.events.unit import UnitState
from shared.plan.model import Plan

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """Some items, and the cursor of what follows (None at the end)."""

    items: tuple[T, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The plan and year that a page is about, and what else could be chosen."""

    state: PlanState
    plan: Plan
    year: int
    plans: tuple[PlanState, ...]
    years: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What every page is told: the time, how fresh the numbers are, and the choice (None before the first plan)."""

    now_ms: int
    freshness: Freshness
    choice: Choice | None
    units: Mapping[str, UnitState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overview:
    """Facts of the overview."""

    obligations: tuple[ObligationState, ...] = ()
    standings: tuple[Standing, ...] = ()
    evaluation: EvaluationState | None = None
    alerts: tuple[AlertState, ...] = ()
    alerts_by_severity: Mapping[str, int] = field(default_factory=dict)
    reminders: tuple[ReminderState, ...] = ()
    digests: tuple[DigestState, ...] = ()
    deliveries: tuple[DeliveryState, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts of one unit. `peers` are the standings of its peer group, itself among them."""

    unit: UnitState
    score: ScoreState | None
    peers: tuple[Standing, ...]
    obligations: tuple[ObligationState, ...]
    reports: Mapping[str, ReportState]
    alerts: tuple[AlertState, ...]
    inspections: tuple[InspectionState, ...]
    reminders: tuple[ReminderState, ...]
    deliveries: tuple[DeliveryState, ...]


@dataclass(frozen=True, slots=True)
class Consumer:
    """One subscription of the dashboard: `waiting` events not yet applied, the oldest `behind_seconds` old."""

    name: str
    waiting: int | None
    behind_seconds: float | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A dead letter of the dashboard."""

    sequence: int
    subject: str
    reason: str
    attempts: int
    last_failed_ms: int


@dataclass(frozen=True, slots=True)
class Level:
    """Due reminders that left within 15 minutes: `met` of `due`, the target as a share, and the latest of the others.

    `at_ms` is the instant up to which it counts: what has not left by then is as late as that.
    """

    due: int
    met: int
    target: float
    late: tuple[DeliveryState, ...]
    at_ms: int

    @property
    def share(self) -> float | None:
        return self.met / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """How the events reach us. `clients` of `clients_max` browsers are connected to the live channel."""

    applied: Mapping[str, int]
    consumers: tuple[Consumer, ...]
    dead_letters: tuple[GivenUp, ...]
    faults: tuple[str, ...]
    clients: int
    clients_max: int
    reminders: Level


@dataclass(frozen=True, slots=True)
class Audit:
    """The auditor: its alerts that are not resolved, and its last pass (None: notify did not answer)."""

    alerts: tuple[AlertState, ...]
    level: ReminderLevel | None
