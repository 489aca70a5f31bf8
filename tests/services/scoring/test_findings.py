"""Findings of inspections make an indicator: in their year, once due, remedied when accepted, at any past moment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.scoring import consumer
from shared.events.envelope import Envelope
from shared.events.inspection import FindingStatus, InspectionFinding, InspectionState
from shared.http.answers import json_bytes
from shared.plan.model import Plan
from tests.services.scoring.conftest import Service, serve
from tests.services.scoring.plans import group, plan, quotient
from tests.services.scoring.world import (
    BANDS,
    DAY_MS,
    END_MS,
    START_MS,
    YEAR,
    envelope,
    mail,
    obligation,
    plan_event,
    report,
    unit_event,
)

pytestmark = pytest.mark.anyio

DUE_MS = START_MS + 150 * DAY_MS


def inspected_plan() -> Plan:
    leaves = [
        quotient(
            "MAIL", {"kind": "official_ratio"}, type="ratio", scale=100, frequency="quarterly", time="flow", weight=50
        ),
        quotient(
            "REMEDIED",
            {"kind": "official_ratio"},
            type="ratio",
            scale=100,
            frequency="annual",
            time="flow",
            weight=50,
            computed_by="findings_remedied",
            empty_denominator="not_applicable",
        ),
    ]
    pillar = group("PILLAR", aggregate="points", weight=100, indicators=leaves)
    return plan(pillar, peer_groups=("A",), scoring={"aggregate": "points", "bands": BANDS})


def finding(
    number: int = 1,
    *,
    unit: str = "A1",
    status: FindingStatus = "OPEN",
    due_at_ms: int | None = DUE_MS,
    remedied_at_ms: int | None = None,
    changed_at_ms: int = START_MS + 100 * DAY_MS,
    revision: int = 2,
    year: int = YEAR,
) -> InspectionFinding:
    due_day = None
    if due_at_ms is not None:
        due_day = (date(year, 1, 1) + timedelta(milliseconds=due_at_ms - START_MS)).isoformat()
    return InspectionFinding(
        finding=f"finding-TEST-{unit}-1-{number}",
        code=f"KN-{number}",
        severity="high",
        text="no backup",
        status=status,
        due_day=due_day,
        due_at_ms=due_at_ms,
        remedied_at_ms=remedied_at_ms,
        changed_at_ms=changed_at_ms,
        revision=revision,
    )


def inspection(*findings: InspectionFinding, unit: str = "A1", revision: int = 5, **fields: Any) -> Envelope:
    state = {
        "revision": revision,
        "inspection": f"inspection-TEST-{unit}-1",
        "plan": "TEST",
        "unit": unit,
        "number": 1,
        "phase": "CONCLUDED",
        "causes": ("drawn",),
        "points": 0,
        "steps": (),
        "opened_at_ms": START_MS,
        "changed_at_ms": START_MS + 100 * DAY_MS,
        "changed_by": "inspector",
        **fields,
    }
    return envelope(InspectionState.model_validate({**state, "findings": [one.model_dump() for one in findings]}))


def accepted(number: int = 1, *, day: int = 140, revision: int = 4, unit: str = "A1") -> InspectionFinding:
    at_ms = START_MS + day * DAY_MS
    return finding(
        number, unit=unit, status="ACCEPTED", remedied_at_ms=at_ms, changed_at_ms=at_ms + DAY_MS, revision=revision
    )


def world() -> list[Envelope]:
    events = [plan_event(inspected_plan())]
    for unit in ("A1", "A2"):
        events.append(unit_event(unit))
        for quarter in range(4):
            done = {"outcome": "FULFILLED", "timeliness": "ON_TIME", "cause": "report"}
            events.append(envelope(obligation(unit, quarter, revision=2, **done)))
            events.append(envelope(report(unit, quarter, mail(5, 10))))
    return events


async def cell(service: Service, unit: str = "A1") -> dict[str, Any]:
    await service.settle()
    told = await service.handlers.explanations.explanation("TEST", YEAR, unit)
    assert told is not None
    assert told["is_published"] is True
    [row] = [row for row in told["indicators"] if row["code"] == "REMEDIED"]
    return dict(row)


async def index_of(service: Service, unit: str = "A1") -> float:
    await service.settle()
    content = await service.handlers.past.evaluation(
        "TEST", YEAR, service.clock.now_ms(), peer_group=None, limit=10, cursor=None
    )
    assert content is not None
    [row] = [row for row in content["items"] if row["unit"] == unit]
    return float(row["index"])


async def test_a_remedied_finding_moves_the_score_and_the_explanation_shows_it(service: Service) -> None:
    await service.feed([*world(), inspection(finding(1), finding(2))])
    row = await cell(service)
    assert (row["status"], row["value"], row["numerator"], row["denominator"]) == ("observed", 0.0, 0.0, 2.0)
    assert await index_of(service) == 0.25
    await service.feed([inspection(accepted(1), finding(2), revision=8)])
    row = await cell(service)
    assert (row["value"], row["numerator"], row["denominator"]) == (50.0, 1.0, 2.0)
    assert await index_of(service) == 0.5
    assert row["value_formula"]["en"] == "findings remedied on time / findings due: 100 x 1 / 2 = 50"
    assert [(one["finding"], one["version"], one["counts"], one["on_time"]) for one in row["inputs"]] == [
        ("finding-TEST-A1-1-1", 4, True, True),
        ("finding-TEST-A1-1-2", 2, True, False),
    ]


async def test_who_was_not_inspected_is_not_judged_by_it(service: Service) -> None:
    await service.feed([*world(), inspection(finding())])
    assert (await cell(service, "A2"))["status"] == "not_applicable"
    assert await index_of(service, "A2") == 0.5


@pytest.mark.parametrize(
    ("one", "value"),
    [
        (accepted(day=150), 100.0),
        (accepted(day=151), 0.0),
        (finding(status="REMEDIED", remedied_at_ms=START_MS + 140 * DAY_MS, revision=3), 0.0),
        (finding(status="WITHDRAWN", revision=3), None),
        (finding(due_at_ms=END_MS), None),
        (finding(due_at_ms=None), None),
        (finding(year=YEAR + 1), None),
    ],
)
async def test_only_what_is_due_this_year_counts_and_only_what_was_accepted_is_remedied(
    service: Service, one: InspectionFinding, value: float | None
) -> None:
    """The instant of the deadline itself is on time; a remedy that nobody accepted yet is none."""
    await service.feed([*world(), inspection(one)])
    assert (await cell(service))["value"] == value


async def test_a_finding_counts_from_its_last_day_on_without_any_event(service: Service) -> None:
    service.clock.set(DUE_MS)
    await service.feed([*world(), inspection(finding())])
    assert (await cell(service))["value"] is None
    service.clock.set(DUE_MS + 1)
    assert await service.handlers.marks.mark_ticked(DUE_MS + 1) == 1
    assert (await cell(service))["value"] == 0.0


async def test_every_past_moment_keeps_the_findings_that_were_known_then(service: Service) -> None:
    events = [inspection(finding(1)), inspection(accepted(1), revision=8)]
    moments = [START_MS + day * DAY_MS for day in (120, 149, 160, 300)]

    async def asked() -> list[bytes]:
        ask = service.handlers.past.evaluation
        return [json_bytes(await ask("TEST", YEAR, at, peer_group=None, limit=9, cursor=None)) for at in moments]

    await service.feed([*world(), events[0]])
    await service.settle()
    before = await asked()
    await service.feed([events[1]])
    await service.settle()
    after = await asked()
    assert after[0] == before[0], "accepted on day 141: nothing changes before"
    assert after[2] != before[2]
    withdrawn = finding(1, status="WITHDRAWN", revision=5, changed_at_ms=END_MS)
    await service.feed([inspection(withdrawn, revision=9)])
    await service.settle()
    assert await asked() == after


async def test_order_duplicates_and_a_second_instance_change_nothing(service: Service) -> None:
    events = [
        inspection(finding(1), finding(2), revision=5),
        inspection(finding(1, status="REMEDIED", revision=3), finding(2), revision=7),
        inspection(accepted(1), finding(2), revision=8),
    ]
    other = serve(service.store, service.clock)
    await service.feed(world())
    for event in (events[2], events[0], events[1], events[2], events[0]):
        await other.feed([event])
    row = await cell(service)
    assert (row["numerator"], row["denominator"]) == (1.0, 2.0)


async def test_scoring_listens_to_inspections(service: Service) -> None:
    assert "tiendo.inspection.>" in consumer.subscriptions(service.handlers.keep)
