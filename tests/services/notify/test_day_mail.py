"""One message a day for everything that a person owes: reports and deadlines of inspections together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.notify.domain.contacts import Target
from services.notify.domain.inspections.machine import Found
from services.notify.domain.inspections.nudges import Nudge
from services.notify.handlers.inspections import StepGiven, Who
from services.notify.wiring.edge import why as asker
from shared.events.inspection import InspectionState
from tests.services.notify.conftest import Running
from tests.services.notify.inspections.cases import PAPER, PROOF
from tests.services.notify.post import text_of
from tests.services.notify.samples import at, center, contact, obligation, plan, plan_state, received, unit

pytestmark = pytest.mark.anyio

OFFICER, APPROVER = "an@cvt.example", "binh@cvt.example"
INSPECTOR = Who("inspector", "TTTT")
MORNING = "2011-03-11 09:00"
"""Three working days before the report is due, and the first morning after the conclusion."""


async def registered(running: Running) -> None:
    people = (contact("report_officer", OFFICER), contact("unit_approver", APPROVER))
    await running.hear(plan_state(plan()), center(), unit("CVT", *people))


async def concluded(running: Running) -> InspectionState:
    """Concluded on Thursday 10/03/2011 with a serious finding."""
    desk = running.notify.work.inspections.desk
    running.clock.set(at("2011-03-08 10:00"))
    state = await desk.propose("P", "CVT", reason="asked for", who=INSPECTOR)
    for step, day in (("decision", "2011-03-08"), ("visit", "2011-03-09"), ("conclusion", "2011-03-10")):
        running.clock.set(at(f"{day} 10:00"))
        if step == "conclusion":
            state = await desk.find(state.inspection, Found("KN-01", "high", "no backup"), named=None, who=INSPECTOR)
        given = StepGiven(step, day, PAPER, None)  # type: ignore[arg-type]
        state = await desk.step(state.inspection, given, named=None, who=INSPECTOR)
    return state


async def remedy(running: Running, state: InspectionState) -> None:
    desk, finding = running.notify.work.inspections.desk, state.findings[0].finding
    by = Who("o", "CVT")
    await desk.remedy(state.inspection, finding, PROOF, named=None, speaks_for_unit=True, who=by)


async def first_word(running: Running, state: InspectionState) -> Nudge:
    rows = await running.notify.books.inspection_nudges.of_inspection(state.inspection)
    return next(row for row in rows if row.rung == "NEW")


async def why(running: Running, **asked: Any) -> list[tuple[str, str, str]]:
    found, _ = await asker(running.notify.books).about(**asked)
    return [(one.kind, one.status, one.reason) for one in found]


async def test_a_report_and_a_finding_are_told_in_one_message(running: Running) -> None:
    await registered(running)
    state = await concluded(running)
    await running.hear(obligation())
    await running.go(MORNING)
    await running.go("2011-03-11 15:00")
    [mail] = running.post.to(OFFICER)
    assert mail["Subject"] == "Báo cáo Quý I/2011 đến hạn ngày 16/03/2011, 1 thời hạn kiểm tra"
    for kind in ("plain", "html"):
        assert "Kiến nghị KN-01" in text_of(mail, kind)
        assert "Quarterly report" not in text_of(mail, kind)
        assert "Báo cáo quý" in text_of(mail, kind)
    [alone] = running.post.to(APPROVER)
    assert alone["Subject"] == "1 thời hạn kiểm tra sắp đến"
    made = {one.recipient: one for one in await running.deliveries()}
    assert (made[OFFICER].kind, made[OFFICER].legal, len(made[OFFICER].covers)) == ("reminder", True, 2)
    assert made[APPROVER].kind == "inspection"
    assert (await running.decisions(obligation().obligation))["BEFORE-3"] == ("SENT", "due")
    row = await first_word(running, state)
    assert (row.status, row.decision) == ("SENT", "due")
    assert set(row.deliveries) == {made[OFFICER].id, made[APPROVER].id}


async def test_what_becomes_due_after_the_days_message_waits_for_the_next(running: Running) -> None:
    await registered(running)
    await concluded(running)
    await running.go(MORNING)
    assert [mail["Subject"] for mail in running.post.to(OFFICER)] == ["1 thời hạn kiểm tra sắp đến"]
    await running.go("2011-03-11 09:30")
    await running.hear(obligation())
    await running.go("2011-03-11 10:00")
    assert len(running.post.to(OFFICER)) == 1
    assert (await running.decisions(obligation().obligation))["BEFORE-3"] == ("PENDING", "waits_for_next_mail")
    await running.go("2011-03-14 09:00")
    assert len(running.post.to(OFFICER)) == 2
    assert (await running.decisions(obligation().obligation))["BEFORE-3"] == ("SENT", "due")


async def test_a_crash_between_the_message_and_its_rows_sends_nothing_twice(running: Running) -> None:
    await registered(running)
    state = await concluded(running)
    await running.hear(obligation())
    await running.go(MORNING)
    books = running.notify.books
    row = await first_word(running, state)
    await books.inspection_nudges.replace(replace(row, status="PENDING", told=(), deliveries=()))
    for rung in await books.reminders.of_obligation(obligation().obligation):
        if rung.rung == "BEFORE-3":
            undone = replace(rung, status="PENDING", decision="planned", told=(), deliveries=(), revision=9)
            await books.reminders.replace(undone, now_ms=at(MORNING))
    await running.go("2011-03-11 10:00")
    assert len(running.post.to(OFFICER)) == len(running.post.to(APPROVER)) == 1
    assert (await first_word(running, state)).status == "SENT"


async def test_a_message_that_waited_goes_out_while_anything_in_it_is_owed(running: Running) -> None:
    await registered(running)
    state = await concluded(running)
    books = running.notify.books
    quiet = replace(await books.preferences.of(OFFICER), quiet_begin="08:00", quiet_end="12:00", revision=1)
    assert await books.preferences.save(quiet)
    await running.hear(obligation())
    await running.go(MORNING)
    assert running.post.to(OFFICER) == []
    await running.hear(received(obligation(), at("2011-03-11 10:00")))
    held = next(one for one in await running.deliveries() if one.recipient == OFFICER)
    still = running.notify.work.deliveries.fold._still_owed
    assert await still.settled(held, at("2011-03-11 12:00")) is None, "the finding is open"
    await remedy(running, state)
    await running.go("2011-03-11 12:00")
    assert running.post.to(OFFICER) == []
    [gone] = [one for one in await running.deliveries() if one.recipient == OFFICER]
    assert gone.status == "SUPERSEDED"


async def test_what_was_sent_again_by_a_person_turns_the_rows_to_the_truth(running: Running) -> None:
    await registered(running)
    state = await concluded(running)
    await running.hear(obligation())
    running.post.refused = dict.fromkeys((OFFICER, APPROVER), "550 no such user")
    await running.go(MORNING)
    assert (await running.decisions(obligation().obligation))["BEFORE-3"] == ("FAILED", "not_delivered")
    assert (await first_word(running, state)).status == "FAILED"
    running.post.refused = {}
    work = running.notify.work.deliveries
    await work.addresses.enable(Target("email", OFFICER).id, by="lan", reason="hộp thư đã mở", now_ms=at(MORNING))
    failed = next(one for one in await running.deliveries() if one.recipient == OFFICER)
    await work.desk.resend(failed.id, by="lan", reason="gửi lại", now_ms=at("2011-03-11 10:00"))
    await running.go("2011-03-11 10:00")
    assert len(running.post.to(OFFICER)) == 1
    assert (await running.decisions(obligation().obligation))["BEFORE-3"] == ("SENT", "delivered_after_all")
    row = await first_word(running, state)
    assert (row.status, row.decision) == ("SENT", "delivered_after_all")
    told = await why(running, subject=obligation().obligation)
    assert ("reminder", "SENT", "delivered_after_all") in told
    assert ("delivery", "CREATED", "resent_by_operator") in told


async def test_why_tells_the_reminders_of_inspections(running: Running) -> None:
    await registered(running)
    state = await concluded(running)
    await running.go(MORNING)
    await remedy(running, state)
    await running.go("2011-04-15 09:00")
    finding = state.findings[0].finding
    of_finding = await why(running, subject=finding)
    assert ("inspection", "SENT", "due") in of_finding
    assert ("inspection", "SUPERSEDED", "remedied") in of_finding
    assert "delivery" in {kind for kind, _, _ in of_finding}
    assert set(of_finding) <= set(await why(running, subject=state.inspection))
    for asked in ({"unit": "CVT"}, {"recipient": OFFICER}):
        assert ("inspection", "SUPERSEDED", "remedied") in await why(running, **asked)
    other = await why(running, recipient="ai@cbc.example")
    assert other == []


async def test_a_row_whose_message_was_not_wanted_says_so(running: Running) -> None:
    await registered(running)
    books = running.notify.books
    off = replace(await books.preferences.of(OFFICER), off=("reminder",), revision=1)
    assert await books.preferences.save(off)
    await running.hear(obligation())
    await running.go(MORNING)
    assert running.post.to(OFFICER) == []
    decided = await running.decisions(obligation().obligation)
    assert decided["BEFORE-3"] == ("SUPPRESSED", "switched_off_by_recipient")
    await running.go("2011-03-15 09:00")
    decided = await running.decisions(obligation().obligation)
    assert decided["BEFORE-1"] == ("SENT", "due"), "the approver was told"
    assert running.post.to(OFFICER) == []
    assert len(running.post.to(APPROVER)) == 1


async def test_a_legal_notice_and_a_deadline_cannot_be_switched_off(running: Running) -> None:
    await registered(running)
    books = running.notify.books
    for person in (OFFICER, APPROVER):
        off = replace(await books.preferences.of(person), off=("alert", "digest", "reminder"), revision=1)
        assert await books.preferences.save(off)
    await concluded(running)
    await running.hear(obligation())
    await running.go(MORNING)
    assert len(running.post.to(OFFICER)) == len(running.post.to(APPROVER)) == 1, "a finding is to be remedied"
    await running.go("2011-03-17 09:00")
    assert "1 báo cáo quá hạn" in running.post.to(APPROVER)[-1]["Subject"]


async def test_what_an_operator_cancelled_was_told_to_nobody(running: Running) -> None:
    await registered(running)
    running.post.rcpt_answers = ["450 later"] * 2
    await running.hear(obligation())
    await running.go(MORNING)
    [waits] = await running.deliveries()
    desk = running.notify.work.deliveries.desk
    await desk.cancel(waits.id, by="lan", reason="gửi nhầm", now_ms=at(MORNING))
    await running.go("2011-03-11 09:01")
    decided = await running.decisions(obligation().obligation)
    assert decided["BEFORE-3"] == ("SUPPRESSED", "cancelled_by_operator")
    await desk.resend(waits.id, by="lan", reason="cần gửi", now_ms=at("2011-03-11 09:02"))
    await running.go("2011-03-11 09:02")
    decided = await running.decisions(obligation().obligation)
    assert decided["BEFORE-3"] == ("SENT", "delivered_after_all")
