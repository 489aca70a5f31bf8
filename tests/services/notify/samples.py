"""A small plan, its units and states, as other services would announce them."""

from __future__ import annotations

from typing import Any

from shared.clock import from_iso, iso
from shared.events.base import Names, State
from shared.events.catalog import compose
from shared.events.envelope import Envelope
from shared.events.obligation import ObligationState, Submission
from shared.events.plan import PlanState
from shared.events.report import Finding, ReportState
from shared.events.score import EvaluationState, IndicatorScore, Movement, PeerSummary, ScoreState
from shared.events.unit import Contact, UnitState
from shared.plan.calendar import obligation_instants
from shared.plan.load import plan_document, plan_from_document, plan_sha256
from shared.plan.model import Plan
from shared.plan.periods import Period

ZONE = "Asia/Ho_Chi_Minh"
CENTER = "TTTT"
DUE_Q1 = from_iso("2011-03-16T16:59:59.999Z")
"""The end of 16/03/2011 in Vietnam: two working days after the quarter closed on 14/03/2011."""


def at(text: str) -> int:
    """Local time in Vietnam, `2011-03-11 09:00`, as epoch ms."""
    return from_iso(text.replace(" ", "T") + ":00+07:00")


def names(vi: str, en: str) -> dict[str, str]:
    return {"vi": vi, "en": en}


def plan(**changes: Any) -> Plan:
    """Quarterly reports of three units, a ladder of four rungs, all three signals, digests of two audiences."""
    document: dict[str, Any] = {
        "schema_version": 1,
        "code": "P",
        "version": "1",
        "names": names("Kế hoạch ứng dụng CNTT 2011-2015", "IT application plan 2011-2015"),
        "effective": {"first": "2011-01-01", "last": "2015-12-31"},
        "time_zone": ZONE,
        "standing_body": CENTER,
        "peer_groups": [{"code": "CUC", "names": names("Cục", "Authorities")}],
        "scoring": {
            "scale_max": 10.0,
            "bands": [
                {"code": "TOT", "names": names("Tốt", "Good"), "at_least": 0.85},
                {"code": "KHA", "names": names("Khá", "Fair"), "at_least": 0.7},
                {"code": "TB", "names": names("Trung bình", "Average"), "at_least": 0.5},
                {"code": "YEU", "names": names("Yếu", "Weak"), "at_least": 0.0},
            ],
        },
        "groups": [
            {
                "code": "INF",
                "names": names("Hạ tầng", "Infrastructure"),
                "weight": 10.0,
                "indicators": [
                    {
                        "code": "INF-01",
                        "names": names("Tỷ lệ máy tính", "Staff with a computer"),
                        "type": "ratio",
                        "measure": "%",
                        "numerator": names("Số người có máy", "With"),
                        "denominator": names("Tổng số", "All"),
                        "scale": 100.0,
                        "frequency": "quarterly",
                        "time": "stock",
                        "weight": 10.0,
                        "method": {"kind": "linear_to_target"},
                        "targets": {str(year): 85.0 for year in range(2011, 2016)},
                        "target_basis": "proposed",
                    }
                ],
            }
        ],
        "holidays": {},
        "regimes": [
            {
                "code": "ND09",
                "periods": {
                    "quarterly": {"first": {"month": -1, "day": 15}, "last": {"month": 0, "day": 14}},
                },
                "deadlines": {"unit": {"quarterly": {"kind": "working_days_after", "days": 2}}},
            }
        ],
        "forms": [
            {
                "code": "QUY",
                "names": names("Báo cáo quý", "Quarterly report"),
                "frequency": "quarterly",
                "regime": "ND09",
                "tier": "unit",
                "ladder": "L",
                "open_days_before_close": 10,
            }
        ],
        "ladders": [
            {
                "code": "L",
                "at": "09:00",
                "rungs": [
                    {"code": "BEFORE-3", "working_days": -3, "to": ["report_officer"]},
                    {"code": "BEFORE-1", "working_days": -1, "to": ["report_officer", "unit_approver"]},
                    {"code": "AFTER-1", "working_days": 1, "to": ["unit_approver"], "kind": "overdue"},
                    {"code": "AFTER-3", "working_days": 3, "to": ["standing_body_head"], "kind": "escalation"},
                ],
            }
        ],
        "validation": [
            {
                "code": "V10",
                "check": "copied_report",
                "severity": "warning",
                "names": names("Số liệu sao chép", "Copied report"),
                "explain": True,
            }
        ],
        "inspection": [
            {
                "code": "R1",
                "signal": "report_overdue",
                "names": names("Báo cáo quá hạn", "Report overdue"),
                "severity": "medium",
                "points": 1,
            },
            {
                "code": "R3",
                "signal": "copied_report",
                "names": names("Báo cáo sao chép", "Copied report"),
                "severity": "high",
                "points": 2,
            },
            {
                "code": "R7",
                "signal": "far_below_target",
                "names": names("Xa mục tiêu", "Far below target"),
                "severity": "high",
                "points": 2,
                "parameters": {"share": 0.5, "at_least": 2.0},
            },
        ],
        "digests": [
            {
                "audience": "leadership",
                "to": ["deputy_minister"],
                "schedules": [{"kind": "after_due", "form": "QUY", "working_days": 2}],
            },
            {
                "audience": "standing_body",
                "to": ["standing_body_head"],
                "schedules": [{"kind": "weekly", "weekday": 1}],
                "send_when_empty": False,
            },
        ],
    }
    return plan_from_document(document | changes)


def plan_state(made: Plan, published_at_ms: int = 0) -> PlanState:
    return PlanState(
        revision=1,
        plan=made.code,
        version=made.version,
        names=made.names,
        effective_from=made.effective.first.isoformat(),
        effective_to=None,
        sha256=plan_sha256(made),
        published_at_ms=published_at_ms,
        document=plan_document(made),
    )


def unit(code: str, *contacts: Contact, parent: str | None = None, revision: int = 1, **more: Any) -> UnitState:
    given = {
        "names": Names(vi=f"Đơn vị {code}", en=f"Unit {code}"),
        "kind": "CUC",
        "peer_group": "CUC",
        "valid_from": "2007-12-25",
    }
    return UnitState(revision=revision, unit=code, parent=parent, contacts=contacts, **(given | more))


def contact(role: str, email: str, language: str = "vi") -> Contact:
    return Contact(role=role, email=email, language=language, name=None)


def center(**more: Any) -> UnitState:
    """The standing body, with the people that digests, escalations and alerts go to."""
    return unit(
        CENTER,
        contact("standing_body_head", "giamdoc@tttt.example"),
        contact("deputy_minister", "thutruong@bo.example"),
        contact("deputy_minister", "adviser@bo.example", "en"),
        names=Names(vi="Trung tâm Thông tin", en="Information Center"),
        **more,
    )


def obligation(
    unit_code: str = "CVT",
    *,
    period: str = "2011-Q1",
    revision: int = 1,
    outcome: str = "PENDING",
    changed_at_ms: int | None = None,
    made: Plan | None = None,
    **more: Any,
) -> ObligationState:
    """One quarterly obligation, with the instants that the plan gives."""
    made = made or plan()
    instants = obligation_instants(made, made.form("QUY"), Period.parse(period), ZONE)
    given: dict[str, Any] = {
        "revision": revision,
        "obligation": f"obligation-P-QUY-{unit_code}-{period}",
        "plan": made.code,
        "plan_version": made.version,
        "form": "QUY",
        "unit": unit_code,
        "peer_group": "CUC",
        "period": period,
        "year": int(period[:4]),
        "period_start": instants.first_day.isoformat(),
        "period_last": instants.last_day.isoformat(),
        "period_end_ms": instants.period_end_ms,
        "open_at_ms": instants.open_at_ms,
        "due_at_ms": instants.due_at_ms,
        "grace_end_ms": instants.grace_end_ms,
        "time_zone": ZONE,
        "outcome": outcome,
        "cause": "materialised" if revision == 1 else "report",
        "changed_at_ms": at("2011-01-03 08:00") if changed_at_ms is None else changed_at_ms,
    }
    return ObligationState.model_validate(given | more)


def received(state: ObligationState, at_ms: int, timeliness: str = "ON_TIME") -> ObligationState:
    """The obligation after its report arrived."""
    submission = Submission.model_validate(
        {
            "report": f"report-{state.obligation}",
            "version": 1,
            "state": "APPROVED",
            "received_at_ms": at_ms,
            "timeliness": timeliness,
        }
    )
    return state.model_copy(
        update={
            "revision": state.revision + 1,
            "outcome": "FULFILLED",
            "timeliness": timeliness,
            "first_valid_at_ms": at_ms,
            "submission": submission,
            "cause": "report",
            "changed_at_ms": at_ms,
        }
    )


def report(unit_code: str, *, revision: int = 1, copied: bool = False, period: str = "2011-Q1") -> ReportState:
    findings = (Finding(code="V10", severity="warning"),) if copied else ()
    return ReportState(
        revision=revision,
        report=f"report-{unit_code}-{period}",
        obligation=f"obligation-P-QUY-{unit_code}-{period}",
        plan="P",
        plan_version="1",
        form="QUY",
        unit=unit_code,
        period=period,
        year=2011,
        version=revision,
        phase="APPROVED",
        values=(),
        findings=findings,
        submitted_by="key",
        received_at_ms=at("2011-03-15 10:00"),
        timeliness="ON_TIME",
        sha256="0" * 64,
        changed_at_ms=at("2011-03-15 10:00"),
    )


def score(
    unit_code: str,
    *,
    index: float = 0.7,
    rank: int | None = 1,
    revision: int = 1,
    shares: dict[str, float] | None = None,
    peer_group: str = "CUC",
) -> ScoreState:
    indicators = tuple(
        IndicatorScore(code=code, group="INF", status="observed", share=share) for code, share in (shares or {}).items()
    )
    return ScoreState(
        revision=revision,
        evaluation="evaluation-P-2011",
        plan="P",
        plan_version="1",
        year=2011,
        unit=unit_code,
        peer_group=peer_group,
        index=index,
        band="KHA",
        rank=rank,
        ranked=3,
        coverage=1.0,
        groups=(),
        indicators=indicators,
        movement=Movement(index_before=None, rank_before=None, band_before=None),
        provisional=True,
        computed_at_ms=at("2011-03-15 10:00"),
    )


def evaluation(*peers: PeerSummary, mean: float = 0.724, revision: int = 1) -> EvaluationState:
    return EvaluationState(
        revision=revision,
        evaluation="evaluation-P-2011",
        plan="P",
        plan_version="1",
        year=2011,
        phase="SELF_SCORING",
        provisional=True,
        units=3,
        ranked=3,
        mean_index=mean,
        peers=peers or (PeerSummary(peer_group="CUC", units=3, ranked=3, mean_index=mean, bands={"TOT": 0, "KHA": 3}),),
        inputs_sha256="0" * 64,
        as_of_ms=at("2011-03-15 10:00"),
        computed_at_ms=at("2011-03-15 10:00"),
    )


def envelope(state: State) -> Envelope:
    """The event that announces a state, as a consumer gets it."""
    return Envelope.model_validate_json(compose(state, at=iso(at("2011-01-03 08:00")))["body"])
