"""Reminders: due rungs become one mail per recipient and day, and every decision has a reason."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.clock import FixedClock
from shared.events.unit import UnitState
from tests.services.notify import samples
from tests.services.notify.conftest import Running, Starter
from tests.services.notify.post import Post, text_of
from tests.services.notify.samples import at, center, contact, obligation, plan, plan_state, received, unit

pytestmark = pytest.mark.anyio

OFFICER, APPROVER = "an@cvt.example", "binh@cvt.example"


def cvt(**more: Any) -> UnitState:
    return unit("CVT", contact("report_officer", OFFICER), contact("unit_approver", APPROVER), **more)


async def test_each_rung_goes_to_its_roles_at_nine_on_its_working_day(running: Running) -> None:
    await running.hear(plan_state(plan()), center(), cvt(), obligation())
    await running.go("2011-03-11 08:59")
    assert running.post.recipients == []
    await running.go("2011-03-11 09:00")  # three working days before Wednesday 16/03
    assert running.post.recipients == [OFFICER]
    await running.go("2011-03-15 09:00")
    assert running.post.recipients == [OFFICER, OFFICER, APPROVER]
    await running.go("2011-03-17 09:00")
    assert running.post.recipients == [OFFICER, OFFICER, APPROVER, APPROVER]
    await running.go("2011-03-21 09:00")
    assert "giamdoc@tttt.example" in running.post.recipients
    assert set((await running.decisions(obligation().obligation)).values()) == {("SENT", "due")}


async def test_what_is_settled_is_not_reminded_of(running: Running) -> None:
    state = obligation()
    await running.hear(plan_state(plan()), center(), cvt(), state)
    await running.go("2011-03-10 09:00")
    await running.hear(received(state, at("2011-03-10 10:00")))
    await running.go("2011-03-11 09:00")
    assert running.post.messages == []
    assert (await running.decisions(state.obligation))["BEFORE-3"] == ("SUPERSEDED", "report_received")


@pytest.mark.parametrize(
    ("outcome", "reason"), [("NIL", "nil_reported"), ("WAIVED", "waived"), ("CANCELLED", "cancelled")]
)
async def test_the_reason_of_silence_is_named(running: Running, outcome: str, reason: str) -> None:
    state = obligation()
    settled = obligation(revision=2, outcome=outcome, changed_at_ms=at("2011-03-01 08:00"))
    await running.hear(plan_state(plan()), cvt(), state)
    await running.go("2011-03-01 07:00")
    await running.hear(settled)
    await running.go("2011-03-11 09:00")
    assert running.post.messages == []
    assert (await running.decisions(state.obligation))["BEFORE-3"] == ("SUPERSEDED", reason)


async def test_downtime_delays_and_sends_the_latest_rung_only(running: Running) -> None:
    await running.hear(plan_state(plan()), center(), cvt(), obligation())
    await running.go("2011-03-01 09:00")
    await running.go("2011-03-15 19:59")
    decisions = await running.decisions(obligation().obligation)
    assert decisions["BEFORE-3"] == ("SKIPPED_LATE", "newer_rung_due")
    assert decisions["BEFORE-1"] == ("SENT", "due")
    assert len(running.post.to(OFFICER)) == 1


async def test_an_extension_replans_what_is_ahead(running: Running) -> None:
    await running.hear(plan_state(plan()), center(), cvt(), obligation())
    await running.go("2011-03-11 09:00")
    later: dict[str, Any] = {
        "due_at_ms": samples.DUE_Q1 + 7 * 86_400_000,
        "grace_end_ms": samples.DUE_Q1 + 7 * 86_400_000,
    }
    extended = obligation(revision=2, cause="extended", changed_at_ms=at("2011-03-14 10:00"), **later)
    await running.hear(extended)
    await running.go("2011-03-15 09:00")
    assert len(running.post.to(OFFICER)) == 1, "the rung of the old due day is not sent any more"
    await running.go("2011-03-18 09:00")
    assert len(running.post.to(OFFICER)) == 2
    rows = await running.notify.books.reminders.of_obligation(extended.obligation)
    told = {(row.rung, row.due_at_ms == extended.due_at_ms): (row.status, row.decision) for row in rows}
    assert told[("BEFORE-3", False)] == ("SENT", "due")
    assert told[("BEFORE-1", False)] == ("SUPERSEDED", "extended")
    assert told[("BEFORE-3", True)] == ("SENT", "due")


async def test_publishing_a_plan_for_past_years_does_not_flood(running: Running) -> None:
    running.clock.set(at("2013-06-03 08:00"))
    published = at("2013-06-03 08:00")
    old = [obligation(period=f"2011-Q{quarter}", changed_at_ms=published) for quarter in (1, 2, 3, 4)]
    await running.hear(plan_state(plan(), published), center(), cvt(), *old)
    await running.go("2013-06-03 09:00")
    assert [kind for kind in await running.deliveries() if kind.kind == "reminder"] == []
    assert set((await running.decisions(old[0].obligation)).values()) == {("SKIPPED_LATE", "obligation_known_late")}


async def test_one_mail_a_day_over_all_units_and_forms(running: Running) -> None:
    shared = contact("report_officer", "Shared@Bo.example")
    units = [unit(code, shared) for code in ("CVT", "CBC", "CXB")]
    await running.hear(plan_state(plan()), center(), *units, *(obligation(one.unit) for one in units))
    await running.go("2011-03-11 09:00")
    [message] = running.post.to("shared@bo.example")
    text = text_of(message)
    assert all(f"Đơn vị {code}" in text for code in ("CVT", "CBC", "CXB"))
    [delivery] = await running.deliveries()
    assert len(delivery.covers) == 3
    assert delivery.state().recipient == "s…@bo.example"


async def test_what_becomes_due_after_the_mail_waits_for_the_next_working_day(running: Running) -> None:
    await running.hear(plan_state(plan()), center(), cvt(), unit("CBC", contact("report_officer", OFFICER)))
    await running.hear(obligation())
    await running.go("2011-03-11 09:00")
    await running.hear(obligation("CBC", changed_at_ms=at("2011-03-11 10:00")))
    await running.go("2011-03-11 10:00")
    assert len(running.post.to(OFFICER)) == 1
    cbc = obligation("CBC").obligation
    assert (await running.decisions(cbc))["BEFORE-3"] == ("PENDING", "waits_for_next_mail")
    await running.go("2011-03-12 09:00")
    assert len(running.post.to(OFFICER)) == 1, "a Saturday"
    await running.go("2011-03-14 09:00")
    assert len(running.post.to(OFFICER)) == 2
    assert "Đơn vị CBC" in text_of(running.post.to(OFFICER)[1])
    assert (await running.decisions(cbc))["BEFORE-3"] == ("SENT", "due")


async def test_a_missing_contact_is_an_operations_alert_that_ends_with_the_contact(running: Running) -> None:
    await running.hear(plan_state(plan()), center(), unit("CVT"), obligation())
    await running.go("2011-03-11 09:00")
    assert (await running.decisions(obligation().obligation))["BEFORE-3"] == ("FAILED", "missing_contact")
    [alert] = await running.notify.books.alerts.open_of("P")
    assert (alert.rule, alert.subject, alert.points) == ("MISSING_CONTACT", "report_officer", 0)
    await running.hear(cvt(revision=2))
    await running.go("2011-03-11 10:00")
    resolved = await running.notify.books.alerts.get(alert.id)
    assert resolved is not None
    assert (resolved.phase, resolved.reason) == ("RESOLVED", "contact_given")


async def test_a_missing_contact_is_told_as_what_it_is_and_not_as_an_inspection(running: Running) -> None:
    digests = [{"audience": "operations", "to": ["operations"], "schedules": [{"kind": "monthly", "day": 28}]}]
    desk = center().model_copy(update={"contacts": (contact("operations", "ops@tttt.example"),)})
    await running.hear(plan_state(plan(digests=digests)), desk, unit("CVT"), obligation())
    await running.go("2011-03-11 09:00")
    await running.go("2011-03-11 09:02")
    [mail] = running.post.to("ops@tttt.example")
    assert mail["Subject"] == "1 cảnh báo vận hành mới"
    assert "Cảnh báo vận hành" in text_of(mail, "html")
    assert "\n  thấp, mới" in text_of(mail), "what belongs to a line is indented under it"


async def test_duplicates_and_disorder_make_no_extra_rows(running: Running) -> None:
    first = obligation()
    second = obligation(revision=2, cause="recalculated", changed_at_ms=at("2011-01-04 08:00"))
    await running.hear(second, first, cvt(), second, plan_state(plan()), first, plan_state(plan()), cvt(), center())
    await running.go("2011-03-11 09:00")
    await running.hear(first, second, cvt())
    await running.go("2011-03-11 09:00")
    assert len(await running.notify.books.reminders.of_obligation(first.obligation)) == 4
    assert len(running.post.messages) == 1


async def test_two_instances_on_one_store_send_once(start: Starter, post: Post, clock: FixedClock) -> None:
    async with start(post, clock) as one, start(post, clock) as two:
        codes = [f"U{number}" for number in range(20)]
        units = [unit(code, contact("report_officer", f"{code}@u.example")) for code in codes]
        await one.hear(plan_state(plan()), center(), *units, *(obligation(code) for code in codes))
        clock.set(at("2011-03-11 09:00"))
        for _ in range(3):
            await asyncio.gather(one.notify.schedule.run_once(), two.notify.schedule.run_once())
        assert one.notify.schedule.faults == two.notify.schedule.faults == {}
        assert post.recipients == sorted(f"{code.lower()}@u.example" for code in codes)
