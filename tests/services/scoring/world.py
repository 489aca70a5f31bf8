"""A small plan-year as the events that intake would publish, for tests of the service without a broker."""

from __future__ import annotations

from typing import Any

from shared.clock import iso
from shared.events.catalog import compose
from shared.events.envelope import Envelope
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.events.report import ReportedValue, ReportState
from shared.events.unit import UnitState
from shared.plan.load import plan_document, plan_sha256
from shared.plan.model import Plan
from shared.store.pending import envelope_of
from tests.services.scoring.plans import NAMES, group, indicator, plan, quotient

DAY_MS = 86_400_000
YEAR = 2011
START_MS = 1_293_840_000_000  # 2011-01-01
QUARTERS = ("2011-Q1", "2011-Q2", "2011-Q3", "2011-Q4")
END_MS = START_MS + 400 * DAY_MS
BANDS = [{"code": code, "names": NAMES, "at_least": low} for code, low in (("GOOD", 0.7), ("FAIR", 0.4), ("POOR", 0))]


def small_plan(version: str = "1", **fields: Any) -> Plan:
    """Points; one quarterly ratio, one cohort-relative count, and the share of reports on time."""
    leaves = [
        quotient(
            "MAIL",
            {"kind": "linear_to_target"},
            type="ratio",
            scale=100,
            frequency="quarterly",
            time="flow",
            weight=50,
            targets={YEAR: 80},
        ),
        indicator(
            "SITES",
            {"kind": "share_of_peer_max"},
            type="count",
            frequency="quarterly",
            time="cumulative_ytd",
            weight=30,
        ),
        quotient(
            "ON-TIME",
            {"kind": "official_ratio"},
            scale=100,
            frequency="annual",
            time="flow",
            weight=20,
            computed_by="reports_on_time",
        ),
    ]
    pillar = group("PILLAR", aggregate="points", weight=100, indicators=leaves)
    scoring = {"aggregate": "points", "bands": BANDS}
    return plan(pillar, peer_groups=("A", "B"), scoring=scoring, version=version, **fields)


def envelope(state: Any) -> Envelope:
    return Envelope.model_validate(envelope_of(compose(state, at=iso(START_MS))))


def plan_event(of: Plan) -> Envelope:
    return envelope(
        PlanState(
            revision=1,
            plan=of.code,
            version=of.version,
            names=of.names,
            effective_from=of.effective.first.isoformat(),
            effective_to=None,
            sha256=plan_sha256(of),
            published_at_ms=START_MS,
            document=plan_document(of),
        )
    )


def unit_event(unit: str, peer_group: str = "A") -> Envelope:
    names = {"vi": f"Đơn vị {unit}", "en": f"Unit {unit}"}
    state = {"revision": 1, "unit": unit, "names": names, "kind": "x", "peer_group": peer_group}
    return envelope(UnitState.model_validate({**state, "valid_from": "2000-01-01"}))


def obligation(unit: str, quarter: int, *, revision: int = 1, peer_group: str = "A", **fields: Any) -> ObligationState:
    """The obligation of a quarter (0 to 3), due 10 days after its end."""
    end_ms = START_MS + (quarter + 1) * 91 * DAY_MS
    return ObligationState.model_validate(
        {
            "revision": revision,
            "obligation": f"obligation-{unit}-{quarter}",
            "plan": "TEST",
            "plan_version": "1",
            "form": "F-QUARTERLY",
            "unit": unit,
            "peer_group": peer_group,
            "period": QUARTERS[quarter],
            "year": YEAR,
            "period_start": "2011-01-01",
            "period_last": "2011-03-31",
            "period_end_ms": end_ms,
            "open_at_ms": end_ms - 20 * DAY_MS,
            "due_at_ms": end_ms + 10 * DAY_MS,
            "grace_end_ms": end_ms + 12 * DAY_MS,
            "time_zone": "Asia/Ho_Chi_Minh",
            "outcome": "PENDING",
            "cause": "materialised",
            "changed_at_ms": START_MS + revision,
            **fields,
        }
    )


def report(
    unit: str, quarter: int, *values: ReportedValue, revision: int = 1, phase: str = "APPROVED", **fields: Any
) -> ReportState:
    received_ms = START_MS + (quarter + 1) * 91 * DAY_MS + revision
    return ReportState.model_validate(
        {
            "revision": revision,
            "report": f"report-{unit}-{quarter}",
            "obligation": f"obligation-{unit}-{quarter}",
            "plan": "TEST",
            "plan_version": "1",
            "form": "F-QUARTERLY",
            "unit": unit,
            "period": QUARTERS[quarter],
            "year": YEAR,
            "version": revision,
            "phase": phase,
            "values": [value.model_dump() for value in values],
            "submitted_by": "test",
            "received_at_ms": received_ms,
            "timeliness": "ON_TIME",
            "sha256": "0" * 64,
            "changed_at_ms": received_ms,
            **fields,
        }
    )


def mail(numerator: float, denominator: float) -> ReportedValue:
    return ReportedValue(indicator="MAIL", numerator=numerator, denominator=denominator)


def sites(value: float) -> ReportedValue:
    return ReportedValue(indicator="SITES", value=value)


def year_of(unit: str, quality: int, *, peer_group: str = "A") -> list[Envelope]:
    """All four quarters of a unit, reported on time; `quality` 1 to 10 moves its numbers."""
    events = []
    for quarter in range(4):
        events.append(envelope(obligation(unit, quarter, peer_group=peer_group)))
        done = obligation(
            unit, quarter, revision=2, peer_group=peer_group, outcome="FULFILLED", timeliness="ON_TIME", cause="report"
        )
        events.append(envelope(done))
        events.append(envelope(report(unit, quarter, mail(quality, 10), sites(quality * (quarter + 1)))))
    return events
