"""A made-up year 2011 of the default plan, as the events that services would have published. The same every time.

For pages and screenshots: 90 units, their obligations, reports, scores over the weeks, alerts and notices.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shared.clock import iso
from shared.events.base import Names, State
from shared.events.catalog import compose
from shared.events.edition import EditionState
from shared.events.envelope import Envelope
from shared.events.inspection import InspectionState
from shared.events.notice import AlertState, DeliveryState, DigestState, ReminderState
from shared.events.obligation import ObligationState, Submission, Timeliness
from shared.events.plan import PlanState
from shared.events.report import Evidence, Finding, ReportedValue, ReportState
from shared.events.score import EvaluationState, GroupScore, IndicatorScore, Movement, PeerSummary, ScoreState
from shared.events.unit import UnitState
from shared.plan.calendar import obligation_instants, periods_in_force
from shared.plan.load import load_plan, plan_document, plan_sha256
from shared.plan.model import Indicator, LevelMap, Plan
from shared.plan.units import read_units

PLANS = Path(__file__).parents[2] / "deploy" / "plans"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
YEAR = 2011
DAY_MS = 86_400_000
STARTED = "2011-01-04T08:00"


def at(text: str) -> int:
    """Epoch milliseconds of a local time such as `2011-12-15T10:00`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


NOW_MS = at("2011-12-15T10:00")


def envelope(state: State, at_ms: int) -> Envelope:
    """The event that announces a state."""
    return Envelope.model_validate_json(compose(state, at=iso(at_ms))["body"])


@dataclass(frozen=True)
class Sample:
    """The parts of the year, each in an order in which it could have happened."""

    plan: Plan
    units: tuple[UnitState, ...]
    obligations: tuple[ObligationState, ...]
    reports: tuple[ReportState, ...]
    scores: tuple[ScoreState, ...]
    evaluations: tuple[EvaluationState, ...]
    alerts: tuple[AlertState, ...]
    reminders: tuple[ReminderState, ...]
    digests: tuple[DigestState, ...]
    deliveries: tuple[DeliveryState, ...]

    def envelopes(self) -> Iterator[Envelope]:
        """Every event of the year."""
        yield envelope(plan_state(self.plan), at(STARTED))
        yield from (envelope(unit, at(STARTED)) for unit in self.units)
        yield from (envelope(one, one.changed_at_ms) for one in self.obligations)
        yield from (envelope(report, report.changed_at_ms) for report in self.reports)
        yield from (envelope(score, score.computed_at_ms) for score in self.scores)
        yield from (envelope(one, one.computed_at_ms) for one in self.evaluations)
        yield from (envelope(alert, alert.changed_at_ms) for alert in self.alerts)
        yield from (envelope(reminder, reminder.decided_at_ms) for reminder in self.reminders)
        yield from (envelope(digest, digest.made_at_ms) for digest in self.digests)
        yield from (envelope(delivery, delivery.changed_at_ms) for delivery in self.deliveries)


def sample(*, now_ms: int = NOW_MS, rounds: int = 3, step_days: int = 21, seed: int = 2011) -> Sample:
    """The year as it stands at `now_ms`; every unit was scored `rounds` times, `step_days` apart."""
    luck = random.Random(seed)
    plan = load_plan((PLANS / "mic-2011-2015.yaml").read_text(encoding="utf-8"))
    units = tuple(_units())
    merit = {unit.unit: min(0.97, max(0.25, luck.gauss(0.76, 0.13))) for unit in units}
    obligations = tuple(_obligations(plan, units, merit, now_ms, luck))
    scores, evaluations = _scores(plan, units, merit, now_ms=now_ms, rounds=rounds, step_days=step_days, luck=luck)
    alerts = tuple(_alerts(plan, obligations, scores, now_ms, luck))
    reminders, deliveries = _notices(obligations, alerts, now_ms)
    return Sample(
        plan=plan,
        units=units,
        obligations=obligations,
        reports=tuple(_reports(plan, obligations, luck)),
        scores=scores,
        evaluations=evaluations,
        alerts=alerts,
        reminders=reminders,
        digests=tuple(_digests(plan, now_ms)),
        deliveries=deliveries,
    )


def plan_state(plan: Plan) -> PlanState:
    """The event's state of a published plan."""
    return PlanState(
        revision=1,
        plan=plan.code,
        version=plan.version,
        names=plan.names,
        effective_from=plan.effective.first.isoformat(),
        effective_to=plan.effective.last.isoformat() if plan.effective.last else None,
        sha256=plan_sha256(plan),
        published_at_ms=at(STARTED),
        document=plan_document(plan),
    )


def edition_state(plan: str, *, year: int = YEAR, number: int = 1, revision: int = 1, **fields: Any) -> EditionState:
    """The event's state of an edition that was sealed (`revision` 1) or published; not part of the sample year."""
    sealed_ms = at(f"{year + 1}-03-20T09:00")
    held = {
        "revision": revision,
        "edition": f"edition-{plan}-{year}-{number}",
        "evaluation": f"evaluation-{plan}-{year}",
        "plan": plan,
        "plan_version": "1",
        "year": year,
        "number": number,
        "status": "SEALED" if revision == 1 else "PUBLISHED",
        "sha256": sha256(f"{plan} {year} {number}".encode()).hexdigest(),
        "previous_sha256": "" if number == 1 else sha256(f"{plan} {year} {number - 1}".encode()).hexdigest(),
        "digest": sha256(b"digest").hexdigest(),
        "inputs_sha256": sha256(b"inputs").hexdigest(),
        "as_of_ms": sealed_ms - DAY_MS,
        "code_version": "0123456789abcdef",
        "units": 90,
        "ranked": 88,
        "mean_index": 0.7312,
        "proposed_by": "nguyen.van.an",
        "confirmed_by": "tran.thi.binh",
        "sealed_at_ms": sealed_ms,
        "published_by": None if revision == 1 else "le.van.chau",
        "published_at_ms": None if revision == 1 else sealed_ms + DAY_MS,
        "changed_at_ms": sealed_ms if revision == 1 else sealed_ms + DAY_MS,
    }
    return EditionState.model_validate({**held, **fields})


def inspection_state(plan: str, *, unit: str = "CVT", revision: int = 5, **fields: Any) -> InspectionState:
    """The event's state of an inspection that was concluded with one finding; not part of the sample year."""
    concluded_ms = at(f"{YEAR}-05-20T10:00")
    paper = {"kind": "document_number", "reference": "Kết luận 31/KL-TTTT"}
    days = (("proposal", "05-04"), ("decision", "05-05"), ("visit", "05-12"), ("conclusion", "05-20"))
    steps = [
        {"step": step, "on": f"{YEAR}-{day}", "by": "tran.thi.binh", "at_ms": at(f"{YEAR}-{day}T10:00")}
        for step, day in days
    ]
    held = {
        "revision": revision,
        "inspection": f"inspection-{plan}-{unit}-1",
        "plan": plan,
        "unit": unit,
        "number": 1,
        "phase": "CONCLUDED",
        "causes": ["risk_points"],
        "points": 7,
        "steps": [steps[0], *({**step, "document": paper} for step in steps[1:])],
        "findings": [
            {
                "finding": f"finding-{plan}-{unit}-1-1",
                "code": "KN-01",
                "severity": "high",
                "text": "Chưa sao lưu dữ liệu của hệ thống thư điện tử",
                "due_day": f"{YEAR}-05-27",
                "due_at_ms": at(f"{YEAR}-05-28T00:00") - 1,
                "changed_at_ms": concluded_ms,
                "revision": 2,
            }
        ],
        "visited_on": f"{YEAR}-05-12",
        "next_step": "closure",
        "next_due_day": f"{YEAR}-06-10",
        "next_due_at_ms": at(f"{YEAR}-06-11T00:00") - 1,
        "opened_at_ms": at(f"{YEAR}-05-04T10:00"),
        "changed_at_ms": concluded_ms,
        "changed_by": "tran.thi.binh",
    }
    return InspectionState.model_validate({**held, **fields})


def _units() -> Iterator[UnitState]:
    for unit in read_units((PLANS / "units.csv").read_text(encoding="utf-8")):
        held = unit.model_dump(mode="json", exclude={"code", "contacts"})
        yield UnitState(revision=1, unit=unit.code, contacts=(), **held)


def _obligations(
    plan: Plan, units: Iterable[UnitState], merit: dict[str, float], now_ms: int, luck: random.Random
) -> Iterator[ObligationState]:
    for unit in units:
        for form in plan.forms:
            for period in periods_in_force(plan, form, YEAR):
                when = obligation_instants(plan, form, period, unit.time_zone)
                closed = unit.valid_to is not None and unit.valid_to < when.first_day.isoformat()
                due = ObligationState(
                    revision=1,
                    obligation=f"obligation-{form.code}-{unit.unit}-{period.code}",
                    plan=plan.code,
                    plan_version=plan.version,
                    form=form.code,
                    unit=unit.unit,
                    peer_group=unit.peer_group,
                    period=period.code,
                    year=YEAR,
                    period_start=when.first_day.isoformat(),
                    period_last=when.last_day.isoformat(),
                    period_end_ms=when.period_end_ms,
                    open_at_ms=when.open_at_ms,
                    due_at_ms=when.due_at_ms,
                    grace_end_ms=when.due_at_ms + 3 * DAY_MS,
                    time_zone=unit.time_zone,
                    outcome="CANCELLED" if closed else "PENDING",
                    cause="materialised",
                    changed_at_ms=at(STARTED),
                )
                yield due if closed else _answered(due, merit[unit.unit], now_ms, luck)


def _answered(due: ObligationState, merit: float, now_ms: int, luck: random.Random) -> ObligationState:
    """What became of an obligation by now: better units answer earlier."""
    lateness_days = luck.gauss(-3.2 + 4.5 * (0.72 - merit), 2.4)
    if luck.random() < 0.06 * (1.3 - merit) or (luck.random() < 0.012):
        lateness_days += 60
    received_ms = int(due.due_at_ms + lateness_days * DAY_MS)
    if luck.random() < 0.006:
        return due.model_copy(update={"outcome": "WAIVED", "reason": "Thiên tai", "revision": 2})
    if received_ms > now_ms or received_ms < due.open_at_ms:
        return due
    timeliness: Timeliness = "ON_TIME"
    if received_ms > due.due_at_ms:
        timeliness = "IN_GRACE" if received_ms <= due.grace_end_ms else "LATE"
    version = 1 + (luck.random() < 0.15)
    nil = luck.random() < 0.02
    review = "APPROVED" if now_ms - received_ms > 2 * DAY_MS else "SUBMITTED"
    returned = not nil and luck.random() < 0.012
    submission = Submission(
        report=f"report-{due.obligation}",
        version=version,
        state="RETURNED" if returned else review,
        received_at_ms=received_ms,
        timeliness=timeliness,
    )
    return due.model_copy(
        update={
            "revision": 3,
            "outcome": "PENDING" if returned else "NIL" if nil else "FULFILLED",
            "submission": submission,
            "first_valid_at_ms": received_ms,
            "timeliness": timeliness,
            "cause": "returned" if returned else "report",
            "changed_at_ms": received_ms,
        }
    )


def _reports(plan: Plan, obligations: Iterable[ObligationState], luck: random.Random) -> Iterator[ReportState]:
    for due in obligations:
        if due.submission is None:
            continue
        values = tuple(
            ReportedValue(
                indicator=indicator.code,
                value=float(luck.randint(1, 5)),
                evidence=Evidence(kind="document_number", reference=f"{luck.randint(10, 900)}/BC"),
            )
            for indicator in plan.form_indicators(plan.form(due.form), due.peer_group)[:5]
        )
        findings = (Finding(code="V09", severity="warning", explanation="Tái cơ cấu"),) if luck.random() < 0.1 else ()
        yield ReportState(
            revision=due.submission.version,
            report=due.submission.report,
            obligation=due.obligation,
            plan=due.plan,
            plan_version=due.plan_version,
            form=due.form,
            unit=due.unit,
            period=due.period,
            year=due.year,
            version=due.submission.version,
            phase=due.submission.state,
            nil=due.outcome == "NIL",
            values=() if due.outcome == "NIL" else values,
            findings=findings,
            submitted_by=f"system:{due.unit}",
            received_at_ms=due.submission.received_at_ms,
            timeliness=due.submission.timeliness,
            sha256=sha256(due.obligation.encode()).hexdigest(),
            changed_at_ms=due.changed_at_ms,
        )


def _scores(
    plan: Plan,
    units: Iterable[UnitState],
    merit: dict[str, float],
    *,
    now_ms: int,
    rounds: int,
    step_days: int,
    luck: random.Random,
) -> tuple[tuple[ScoreState, ...], tuple[EvaluationState, ...]]:
    rated = [unit for unit in units if unit.valid_to is None or unit.valid_to > f"{YEAR}-01-01"]
    skill = {
        (unit.unit, indicator.code): min(1.0, max(0.0, luck.gauss(merit[unit.unit], 0.17)))
        for unit in rated
        for indicator in plan.indicators()
    }
    scores: list[ScoreState] = []
    evaluations: list[EvaluationState] = []
    before: dict[str, ScoreState] = {}
    for number in range(1, rounds + 1):
        computed_ms = now_ms - 120_000 - (rounds - number) * step_days * DAY_MS
        ripe = 1.0 - 0.22 * (rounds - number) / max(rounds - 1, 1)
        made = []
        for unit in rated:
            shaken = ripe * (1 + luck.gauss(0, 0.012))
            earlier = before.get(unit.unit)
            made.append(
                _score(plan, unit, skill, ripe=shaken, revision=number, computed_ms=computed_ms, before=earlier)
            )
        made = _ranked(made)
        before = {score.unit: score for score in made}
        scores += made
        evaluations.append(_evaluation(plan, made, number, computed_ms))
    return tuple(scores), tuple(evaluations)


def _score(
    plan: Plan,
    unit: UnitState,
    skill: dict[tuple[str, str], float],
    *,
    ripe: float,
    revision: int,
    computed_ms: int,
    before: ScoreState | None,
) -> ScoreState:
    groups: list[GroupScore] = []
    indicators: list[IndicatorScore] = []
    for group in plan.groups:
        made = [_indicator(i, group.code, unit, min(1.0, skill[(unit.unit, i.code)] * ripe)) for i in group.indicators]
        most = sum(i.points_max or 0.0 for i in made)
        points = sum(i.points or 0.0 for i in made)
        share = points / most if most else None
        groups.append(
            GroupScore(code=group.code, parent=None, score=share, points=points, points_max=most, coverage=0.9)
        )
        indicators += made
    most = sum(i.points_max or 0.0 for i in indicators)
    index = round(sum(i.points or 0.0 for i in indicators) / most, 4)
    there = sum(i.points_max or 0.0 for i in indicators if i.status == "observed")
    return ScoreState(
        revision=revision,
        evaluation=f"evaluation-{plan.code}-{YEAR}",
        plan=plan.code,
        plan_version=plan.version,
        year=YEAR,
        unit=unit.unit,
        peer_group=unit.peer_group,
        index=index,
        band=next(band.code for band in plan.scoring.bands if index >= band.at_least),
        rank=None,
        ranked=0,
        coverage=round(there / most, 4),
        groups=tuple(groups),
        indicators=tuple(indicators),
        movement=Movement(
            index_before=before.index if before else None,
            rank_before=before.rank if before else None,
            band_before=before.band if before else None,
        ),
        provisional=True,
        computed_at_ms=computed_ms,
    )


def _indicator(indicator: Indicator, group: str, unit: UnitState, share: float) -> IndicatorScore:
    if not indicator.applies(unit.peer_group):
        return IndicatorScore(code=indicator.code, group=group, status="not_applicable")
    if share < 0.42:
        return IndicatorScore(
            code=indicator.code, group=group, status="not_reported", share=0.0, points=0.0, points_max=indicator.weight
        )
    target = indicator.target(YEAR, unit.unit)
    value = round(share * (target if target else 4.0), 1)
    if indicator.type == "boolean":
        value, share = (1.0, 1.0) if share > 0.6 else (0.0, 0.0)
    elif isinstance(indicator.method, LevelMap):
        level = min(indicator.method.levels, key=lambda one: abs(one.share - share))
        value, share = float(level.level), level.share
    elif indicator.direction == "lower" and target is not None:
        value = round(target + (1 - share) * 3, 1)
    if indicator.integer:
        value = float(round(value))
    return IndicatorScore(
        code=indicator.code,
        group=group,
        status="observed" if indicator.weight else "informational",
        value=value,
        target=target,
        share=share if indicator.weight else None,
        points=round(share * indicator.weight, 2),
        points_max=indicator.weight,
    )


def _ranked(scores: list[ScoreState]) -> list[ScoreState]:
    found = []
    for score in scores:
        peers = [other for other in scores if other.peer_group == score.peer_group]
        rank = 1 + sum((other.index or 0) > (score.index or 0) for other in peers)
        found.append(score.model_copy(update={"rank": rank, "ranked": len(peers)}))
    return found


def _evaluation(plan: Plan, scores: list[ScoreState], revision: int, computed_ms: int) -> EvaluationState:
    def mean(held: list[ScoreState]) -> float:
        return round(sum(score.index or 0.0 for score in held) / len(held), 4)

    peers = []
    for group in plan.peer_groups:
        held = [score for score in scores if score.peer_group == group.code]
        bands = {band.code: sum(score.band == band.code for score in held) for band in plan.scoring.bands}
        peers.append(
            PeerSummary(peer_group=group.code, units=len(held), ranked=len(held), mean_index=mean(held), bands=bands)
        )
    return EvaluationState(
        revision=revision,
        evaluation=f"evaluation-{plan.code}-{YEAR}",
        plan=plan.code,
        plan_version=plan.version,
        year=YEAR,
        phase="SELF_SCORING",
        provisional=True,
        units=len(scores),
        ranked=len(scores),
        mean_index=mean(scores),
        peers=tuple(peers),
        inputs_sha256=sha256(str(revision).encode()).hexdigest(),
        as_of_ms=computed_ms - 5000,
        computed_at_ms=computed_ms,
    )


def _alerts(
    plan: Plan,
    obligations: Iterable[ObligationState],
    scores: Iterable[ScoreState],
    now_ms: int,
    luck: random.Random,
) -> Iterator[AlertState]:
    rules = {rule.code: rule for rule in plan.inspection}
    found: list[tuple[str, str, str, int]] = [
        ("R-OVERDUE", due.unit, due.period, due.due_at_ms + 1)
        for due in obligations
        if due.outcome == "PENDING" and due.grace_end_ms < now_ms
    ]
    last = {score.unit: score for score in scores}
    found += [
        ("R-FAR-BELOW", score.unit, str(YEAR), score.computed_at_ms - luck.randint(0, 40 * DAY_MS))
        for score in last.values()
        if sum((i.share or 0) < 0.5 for i in score.indicators if i.status in ("observed", "not_reported")) >= 8
    ]
    found += [
        ("R-COPIED", unit, f"{YEAR}-Q3", at("2011-09-15T09:00") + luck.randint(0, DAY_MS))
        for unit in sorted(last)[3::29]
    ]
    for number, (code, unit, subject, opened_ms) in enumerate(found):
        phase = ("OPEN", "OPEN", "ACKNOWLEDGED", "OPEN", "RESOLVED", "SILENCED")[number % 6]
        yield AlertState(
            revision=1,
            alert=f"alert-{code}-{unit}-{subject}",
            plan=plan.code,
            unit=unit,
            rule=code,
            subject=subject,
            names=rules[code].names,
            severity=rules[code].severity,
            points=rules[code].points,
            phase=phase,
            opened_at_ms=opened_ms,
            changed_at_ms=min(now_ms, opened_ms + DAY_MS),
            occurrences=1 + number % 3,
            promise="2011-12-22" if phase == "ACKNOWLEDGED" else None,
            reason="Đang chuyển trụ sở" if phase == "SILENCED" else None,
        )


def _notices(
    obligations: Iterable[ObligationState], alerts: Iterable[AlertState], now_ms: int
) -> tuple[tuple[ReminderState, ...], tuple[DeliveryState, ...]]:
    reminders: list[ReminderState] = []
    deliveries: list[DeliveryState] = []
    for due in obligations:
        if due.period != f"{YEAR}-Q4" or due.outcome == "CANCELLED":
            continue
        fire_ms = due.due_at_ms - 2 * DAY_MS - 14 * 3_600_000
        late = due.outcome == "PENDING" and due.submission is None
        status = "SENT" if late else "SUPERSEDED"
        reminders.append(
            ReminderState(
                revision=2,
                reminder=f"reminder-{due.obligation}-R-1",
                obligation=due.obligation,
                plan=due.plan,
                form=due.form,
                unit=due.unit,
                period=due.period,
                rung="R-1",
                kind="reminder",
                roles=("report_officer", "unit_approver"),
                fire_at_ms=fire_ms,
                status=status,
                decision="due" if late else "report_received",
                decided_at_ms=min(now_ms, fire_ms + 4000),
            )
        )
        if late:
            deliveries.append(_delivery("reminder", reminders[-1].reminder, due.unit, min(now_ms, fire_ms + 6000)))
    deliveries += [_delivery("alert", alert.alert, alert.unit, alert.changed_at_ms) for alert in alerts]
    return tuple(reminders), tuple(deliveries)


def _delivery(kind: str, subject: str, unit: str, at_ms: int) -> DeliveryState:
    failed = int(sha256(subject.encode()).hexdigest(), 16) % 11 == 0
    titles = {"reminder": "Nhắc nộp báo cáo Quý IV/2011", "alert": "Cảnh báo kiểm tra"}
    return DeliveryState(
        revision=3,
        delivery=f"delivery-{subject}-email",
        kind=kind,
        subject=subject,
        unit=unit,
        channel="email",
        recipient=f"r…@{unit.lower()}.units.example",
        status="TEMPORARY_FAILURE" if failed else "DELIVERED",
        decision="mailbox_full" if failed else "accepted_by_server",
        attempts=3 if failed else 1,
        title=titles[kind],
        created_at_ms=at_ms - 4000,
        changed_at_ms=at_ms,
    )


def _digests(plan: Plan, now_ms: int) -> Iterator[DigestState]:
    for days in range(3):
        made_ms = at("2011-12-15T08:00") - days * DAY_MS
        yield DigestState(
            revision=2,
            digest=f"digest-operations-{days}",
            plan=plan.code,
            audience="operations",
            window_from_ms=made_ms - DAY_MS,
            window_to_ms=made_ms,
            status="COMPLETED",
            recipients=3,
            all_clear=False,
            headline=Names(
                vi="Còn báo cáo quá hạn, có cảnh báo mức cao", en="Reports overdue, alerts of high severity"
            ),
            made_at_ms=min(now_ms, made_ms),
        )
