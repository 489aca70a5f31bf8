"""Deadlines of inspections reach people: one message a day each, late rather than never, and alerts for the overdue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest

from services.notify.domain.inspections.machine import Found
from services.notify.handlers.inspections import StepGiven, Who
from shared.clock import FixedClock
from shared.events.inspection import InspectionState
from shared.plan.model import Plan
from tests.services.notify.inspections.cases import PAPER, PROOF
from tests.services.notify.inspections.conftest import Bench, Starter
from tests.services.notify.samples import at, center, contact, names, plan, plan_state, unit

pytestmark = pytest.mark.anyio

OFFICER, APPROVER, HEAD = "an@cvt.example", "binh@cvt.example", "giamdoc@tttt.example"
INSPECTOR, SECOND = Who("inspector", "TTTT"), Who("second", "TTTT")
RULE = {"code": "R9", "signal": "finding_overdue", "names": names("Kiến nghị quá hạn", "Finding overdue"),
        "severity": "high", "points": 3}  # fmt: skip


def quiet_plan(**changes: Any) -> Plan:
    """Only what inspections say: no ladder, and a digest that no test reaches."""
    never = [{"audience": "standing_body", "to": ["standing_body_head"], "schedules": [{"kind": "monthly", "day": 28}]}]
    made = plan(digests=never, inspection=[RULE], **changes)
    return made.model_copy(update={"forms": (made.forms[0].model_copy(update={"ladder": None}),)})


async def registered(bench: Bench, **changes: Any) -> None:
    people = (contact("report_officer", OFFICER), contact("unit_approver", APPROVER), contact("head_of_unit", APPROVER))
    await bench.hear(plan_state(quiet_plan(**changes)), center(), unit("CVT", *people), unit("BC", *people))


async def step(bench: Bench, state: InspectionState, name: Any, day: str) -> InspectionState:
    bench.clock.set(at(f"{day} 10:00"))
    given = StepGiven(name, day, PAPER, None)
    return await bench.work.desk.step(state.inspection, given, named=None, who=INSPECTOR)


async def concluded(bench: Bench, code: str = "CVT") -> InspectionState:
    """Concluded on Friday 20/05/2011 with a serious finding, due on 27/05. Nothing was sent yet."""
    desk = bench.work.desk
    bench.clock.set(at("2011-05-18 10:00"))
    state = await desk.propose("P", code, reason="asked for", who=INSPECTOR)
    state = await step(bench, state, "decision", "2011-05-18")
    state = await step(bench, state, "visit", "2011-05-19")
    state = await desk.find(state.inspection, Found("KN-01", "high", "no backup"), named=None, who=INSPECTOR)
    return await step(bench, state, "conclusion", "2011-05-20")


async def test_the_unit_is_told_of_its_findings_and_reminded_until_it_remedies_them(bench: Bench) -> None:
    await registered(bench)
    state = await concluded(bench)
    await bench.go("2011-05-20 10:00")
    assert await bench.to(OFFICER) == []
    await bench.go("2011-05-23 09:00")
    [first] = await bench.to(OFFICER)
    assert first.title == "1 thời hạn kiểm tra sắp đến"
    assert "Kiến nghị KN-01 (kiến nghị mới cần khắc phục)" in first.text
    assert "no backup" in first.text
    await bench.go("2011-05-24 09:00")
    assert len(await bench.to(OFFICER)) == 2
    desk = bench.work.desk
    await desk.remedy(
        state.inspection, state.findings[0].finding, PROOF, named=None, speaks_for_unit=True, who=Who("o", "CVT")
    )
    await bench.go("2011-05-30 09:00")
    assert len(await bench.to(OFFICER)) == 2, "what is remedied is not asked for again"
    rows = await bench.books.inspection_nudges.of_inspection(state.inspection)
    decided = {row.rung: (row.status, row.decision) for row in rows if row.kind == "finding"}
    assert decided["BEFORE-1"] == ("SUPERSEDED", "remedied")
    await desk.give_back(state.inspection, state.findings[0].finding, "blank page", named=None, who=INSPECTOR)
    await bench.go("2011-05-31 09:00")
    assert "kết quả khắc phục bị trả lại: blank page" in (await bench.to(OFFICER))[-1].text


async def test_two_inspections_make_one_message_a_day(bench: Bench) -> None:
    await registered(bench)
    await concluded(bench)
    await concluded(bench, "BC")
    await bench.go("2011-05-23 09:00")
    await bench.go("2011-05-23 15:00")
    [one] = await bench.to(OFFICER)
    assert one.title == "2 thời hạn kiểm tra sắp đến"
    assert len(await bench.to(APPROVER)) == 1


async def test_downtime_delays_and_never_loses_and_only_the_latest_rung_is_told(bench: Bench) -> None:
    await registered(bench)
    state = await concluded(bench)
    await bench.go("2011-06-04 03:00")
    assert await bench.to(APPROVER) == [], "a Saturday is no day for mail"
    await bench.go("2011-06-06 09:00")
    [late] = await bench.to(APPROVER)
    assert "đã quá" in late.title
    rows = await bench.books.inspection_nudges.of_inspection(state.inspection)
    decided = {row.rung: (row.status, row.decision) for row in rows if row.kind == "finding"}
    assert decided.pop("AFTER-5") == ("SENT", "due")
    assert set(decided.values()) == {("SKIPPED_LATE", "newer_rung_due")}


async def test_a_missed_step_is_told_to_the_standing_body(bench: Bench) -> None:
    await registered(bench)
    bench.clock.set(at("2011-05-04 10:00"))
    await bench.work.desk.propose("P", "CVT", reason="asked for", who=INSPECTOR)
    await bench.go("2011-05-09 09:00")
    [ahead] = await bench.to(HEAD)
    assert "Quyết định kiểm tra" in ahead.text
    await bench.go("2011-05-12 09:00")
    assert (await bench.to(HEAD))[-1].title == "1 thời hạn kiểm tra đã quá"


async def test_an_overdue_finding_opens_an_alert_and_its_remedy_resolves_it(bench: Bench) -> None:
    await registered(bench)
    state = await concluded(bench)
    [finding] = state.findings
    due_ms = finding.due_at_ms or 0
    await bench.go(due_ms)
    assert await bench.books.alerts.of_unit("CVT", 10) == []
    await bench.go(due_ms + 1)
    [alert] = await bench.books.alerts.of_unit("CVT", 10)
    assert (alert.rule, alert.phase, alert.points, alert.subject) == ("R9", "OPEN", 3, finding.finding)
    await bench.work.desk.remedy(
        state.inspection, finding.finding, PROOF, named=None, speaks_for_unit=False, who=SECOND
    )
    await bench.go(due_ms + 2)
    [alert] = await bench.books.alerts.of_unit("CVT", 10)
    assert (alert.phase, alert.reason) == ("RESOLVED", "remedied")


async def test_two_instances_send_one_message(bench: Bench, bench_of: Starter, clock: FixedClock) -> None:
    await registered(bench)
    await concluded(bench)
    async with bench_of(clock) as other:
        clock.set(at("2011-05-23 09:00"))
        async with anyio.create_task_group() as group:
            for one in (bench, other) * 2:
                group.start_soon(one.work.watch.run, clock.now_ms())
        async with anyio.create_task_group() as group:
            for one in (bench, other) * 2:
                group.start_soon(one.remind.run, clock.now_ms())
    assert len(await bench.to(OFFICER)) == 1
    assert await bench.books.inspection_nudges.count_due(clock.now_ms()) == 0


async def test_a_crash_between_message_and_row_sends_nothing_twice(bench: Bench, clock: FixedClock) -> None:
    """The message is there, its row is still due: the next pass finds that it is told."""
    await registered(bench)
    await concluded(bench)
    await bench.go("2011-05-23 09:00")
    [row] = [row for row in await bench.books.inspection_nudges.due(at("2011-05-24 09:00")) if row.rung == "BEFORE-3"]
    state = await bench.work.desk.get(row.inspection)
    [told] = [one for one in await bench.books.inspection_nudges.of_inspection(row.inspection) if one.rung == "NEW"]
    assert told.status == "SENT"
    await bench.books.inspection_nudges.replace(replace(told, status="PENDING", next_at_ms=told.fire_at_ms))
    await bench.go("2011-05-23 10:00")
    assert len(await bench.to(OFFICER)) == 1
    [again] = [one for one in await bench.books.inspection_nudges.of_inspection(row.inspection) if one.rung == "NEW"]
    assert (again.status, state.phase) == ("SENT", "CONCLUDED")


async def test_english_people_get_english_words(bench: Bench) -> None:
    await bench.hear(plan_state(quiet_plan()), center(), unit("CVT", contact("report_officer", OFFICER, "en")))
    await concluded(bench)
    await bench.go("2011-05-23 09:00")
    [one] = await bench.to(OFFICER)
    assert one.title == "1 inspection deadline ahead"
    assert "Finding KN-01 (new finding to be remedied)" in one.text
