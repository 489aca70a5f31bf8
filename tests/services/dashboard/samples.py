"""Small states for tests, each complete, with what the test is about given by name."""

from __future__ import annotations

from typing import Any

from shared.events.base import Names
from shared.events.inspection import InspectionState
from shared.events.notice import AlertState, DeliveryState
from shared.events.obligation import ObligationState, Submission
from shared.events.score import GroupScore, IndicatorScore, Movement, ScoreState
from shared.events.unit import UnitState
from tests.support.sample_events import at

PLAN = "MIC-ITAPP-2011-2015"
OPEN_MS = at("2011-02-13T00:00")
DUE_MS = at("2011-03-17T00:00") - 1
GRACE_MS = DUE_MS + 3 * 86_400_000


def obligation(**changes: Any) -> ObligationState:
    """The report of the first quarter, still owed."""
    held: dict[str, Any] = {
        "revision": 1,
        "obligation": "obligation-QUARTERLY-VPC-2011-Q1",
        "plan": PLAN,
        "plan_version": "2011.1",
        "form": "QUARTERLY",
        "unit": "VPC",
        "peer_group": "VU",
        "period": "2011-Q1",
        "year": 2011,
        "period_start": "2010-12-15",
        "period_last": "2011-03-14",
        "period_end_ms": at("2011-03-15T00:00"),
        "open_at_ms": OPEN_MS,
        "due_at_ms": DUE_MS,
        "grace_end_ms": GRACE_MS,
        "time_zone": "Asia/Ho_Chi_Minh",
        "outcome": "PENDING",
        "cause": "materialised",
        "changed_at_ms": at("2011-01-04T08:00"),
    }
    return ObligationState.model_validate({**held, **changes})


def received(timeliness: str, at_ms: int, *, revision: int = 2, state: str = "APPROVED") -> ObligationState:
    """The same report, received."""
    submission = Submission.model_validate(
        {
            "report": "report-VPC-2011-Q1",
            "version": 1,
            "state": state,
            "received_at_ms": at_ms,
            "timeliness": timeliness,
        }
    )
    return obligation(
        revision=revision,
        outcome="FULFILLED",
        submission=submission,
        first_valid_at_ms=at_ms,
        timeliness=timeliness,
        cause="report",
        changed_at_ms=at_ms,
    )


def score(*, revision: int, index: float | None, at_ms: int, rank: int | None = 1) -> ScoreState:
    """A score of one unit with one pillar and one indicator."""
    return ScoreState(
        revision=revision,
        evaluation=f"evaluation-{PLAN}-2011",
        plan=PLAN,
        plan_version="2011.1",
        year=2011,
        unit="VPC",
        peer_group="VU",
        index=index,
        band="KHA",
        rank=rank,
        ranked=10,
        coverage=0.9,
        groups=(GroupScore(code="INF", parent=None, score=index, points=1.0, points_max=2.0, coverage=1.0),),
        indicators=(indicator("INF-01", points=5.0, points_max=25.0),),
        movement=Movement(index_before=None, rank_before=None, band_before=None),
        provisional=True,
        computed_at_ms=at_ms,
    )


def indicator(code: str, *, points: float | None, points_max: float | None, status: str = "observed") -> IndicatorScore:
    """One indicator's score."""
    return IndicatorScore(
        code=code, group="INF", status=status, value=17.0, target=85.0, share=0.2, points=points, points_max=points_max
    )


def unit(code: str, name: str, *, revision: int = 1) -> UnitState:
    """One registered unit of the group VU."""
    return UnitState(
        revision=revision,
        unit=code,
        names=Names(vi=name, en=name),
        kind="VU",
        peer_group="VU",
        valid_from="2007-12-25",
    )


def alert(number: int, *, phase: str = "OPEN", revision: int = 1) -> AlertState:
    """One alert; higher numbers were opened later."""
    return AlertState.model_validate(
        {
            "revision": revision,
            "alert": f"alert-{number:04d}",
            "plan": PLAN,
            "unit": "VPC",
            "rule": "R-OVERDUE",
            "subject": f"subject-{number:04d}",
            "names": {"vi": "Báo cáo quá hạn", "en": "Report overdue"},
            "severity": "medium",
            "points": 1,
            "phase": phase,
            "opened_at_ms": at("2011-03-18T08:00") + number * 60_000,
            "changed_at_ms": at("2011-03-18T08:00") + number * 60_000,
            "occurrences": 1,
        }
    )


def delivery(number: int, *, title: str = "Nhắc nộp báo cáo") -> DeliveryState:
    """One delivered notice; higher numbers are newer."""
    at_ms = at("2011-03-18T09:00") + number * 60_000
    return DeliveryState(
        revision=1,
        delivery=f"delivery-{number:04d}",
        kind="reminder",
        subject="reminder-1",
        unit="VPC",
        channel="email",
        recipient="a…@vpc.units.example",
        status="DELIVERED",
        decision="accepted_by_server",
        attempts=1,
        title=title,
        created_at_ms=at_ms,
        changed_at_ms=at_ms,
    )


def inspection(revision: int, **changes: Any) -> InspectionState:
    """The first inspection of VPC, proposed for its risk points."""
    held: dict[str, Any] = {
        "revision": revision,
        "inspection": "inspection-VPC-1",
        "plan": PLAN,
        "unit": "VPC",
        "number": 1,
        "phase": "PROPOSED",
        "causes": ("risk_points",),
        "points": 7,
        "steps": (),
        "opened_at_ms": at("2011-03-18T08:00"),
        "changed_at_ms": at("2011-03-18T08:00") + revision,
        "changed_by": "thanh.tra",
    }
    return InspectionState.model_validate({**held, **changes})
