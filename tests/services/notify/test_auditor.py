"""The auditor: quiet while the record is right, an alert for operations once it is not, and never a hand in it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.domain import auditor
from services.notify.domain.alerts import Alert
from services.notify.domain.auditor_digests import expected_digests
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.rungs import Reminder
from services.notify.handlers.auditor import Auditor
from shared.plan.digests import digest_moments
from shared.plan.working_days import working_days_of
from tests.services.notify.conftest import Running
from tests.services.notify.samples import at, center, contact, obligation, plan, plan_state, received, unit

pytestmark = pytest.mark.anyio

OFFICER = "an@cvt.example"
DAY = 86_400_000


async def begun(running: Running) -> None:
    """The quarter's first reminder was sent on Friday 11/03/2011 at nine."""
    await running.hear(plan_state(plan()), center(), unit("CVT", contact("report_officer", OFFICER)), obligation())
    await running.go("2011-03-10 09:00")
    await running.go("2011-03-11 09:00")


async def audited(running: Running) -> dict[str, Alert]:
    """Look again as a process that just started; open alerts by what differs."""
    books = running.notify.books
    auditors = Auditor(
        plans=books.plans,
        ledger=books.ledger,
        reminders=books.reminders,
        nudges=books.inspection_nudges,
        deliveries=books.deliveries,
        digests=books.digests,
        alerts=books.alerts,
        raise_alert=running.notify.work.auditor._raise,
    )
    await auditors.run(running.clock.now_ms())
    return {alert.subject: alert for alert in await books.alerts.open_of("P") if alert.rule == auditor.AUDITOR}


async def row(running: Running, rung: str) -> Reminder:
    rows = await running.notify.books.reminders.of_obligation(obligation().obligation)
    return next(one for one in rows if one.rung == rung)


async def test_it_finds_nothing_while_all_is_well(running: Running) -> None:
    await begun(running)
    for moment in ("2011-03-11 12:00", "2011-03-15 09:00", "2011-03-15 12:00", "2011-03-18 08:00", "2011-03-18 12:00"):
        await running.go(moment)
        assert await audited(running) == {}


async def test_a_rung_that_vanished_is_missed_and_nothing_is_mended(running: Running) -> None:
    await begun(running)
    gone = await row(running, "BEFORE-3")
    await running.notify.store.delete("reminders", gone.id)
    running.clock.set(at("2011-03-11 12:00"))
    found = await audited(running)
    assert set(found) == {auditor.RUNG_MISSING}
    alert = found[auditor.RUNG_MISSING]
    assert alert.detail["examples"] == [f"{obligation().obligation} BEFORE-3"]
    assert (alert.unit, alert.kind, alert.points) == ("TTTT", "operations", 0)
    assert await running.notify.store.get("reminders", gone.id) is None


async def test_an_alert_ends_when_no_difference_is_left(running: Running) -> None:
    await begun(running)
    gone = await row(running, "BEFORE-3")
    await running.notify.store.delete("reminders", gone.id)
    running.clock.set(at("2011-03-11 12:00"))
    [alert] = (await audited(running)).values()
    await running.notify.books.reminders.add([gone], now_ms=running.clock.now_ms())
    running.clock.set(at("2011-03-11 13:00"))
    assert await audited(running) == {}
    resolved = await running.notify.books.alerts.get(alert.id)
    assert resolved is not None
    assert resolved.reason == "no_difference_left"


async def test_sent_without_a_message_is_not_believed(running: Running) -> None:
    await begun(running)
    [delivery] = await running.deliveries()
    await running.notify.store.delete("deliveries", delivery.id)
    running.clock.set(at("2011-03-11 12:00"))
    assert set(await audited(running)) == {auditor.SENT_UNPROVED}


async def test_a_worker_that_stands_still_is_noticed(running: Running) -> None:
    await running.hear(plan_state(plan()), center(), unit("CVT", contact("report_officer", OFFICER)), obligation())
    await running.go("2011-03-10 09:00")
    running.clock.set(at("2011-03-11 11:00"))
    assert set(await audited(running)) == {auditor.RUNG_STUCK}


async def test_a_reminder_of_an_inspection_that_stands_still_is_noticed(running: Running) -> None:
    await begun(running)
    await running.go("2011-03-15 15:00")
    fired_ms = at("2011-03-15 09:00")
    row = Nudge(
        id="nudge-1", inspection="inspection-P-CVT-1", plan="P", unit="CVT", kind="finding", about="finding-P-CVT-1-1",
        rung="NEW", roles=("report_officer",), due_at_ms=fired_ms, fire_at_ms=fired_ms, next_at_ms=fired_ms,
        status="PENDING", decision="planned", decided_at_ms=fired_ms,
    )  # fmt: skip
    assert await running.notify.books.inspection_nudges.add([row]) == 1
    assert set(await audited(running)) == {auditor.RUNG_STUCK}


async def test_a_missing_digest_is_noticed(running: Running) -> None:
    await begun(running)
    await running.go("2011-03-18 08:00")
    page = await running.notify.store.find("digests", order_by="window_to_ms")
    assert page.documents
    for document in page.documents:
        await running.notify.store.delete("digests", document["_id"])
    running.clock.set(at("2011-03-18 12:00"))
    found = await audited(running)
    assert found[auditor.DIGEST_MISSING].detail["examples"] == [
        f"digest-P-leadership-{at('2011-03-18 08:00')}",
        f"digest-P-standing_body-{at('2011-03-14 08:00')}",
    ]


async def test_it_looks_once_an_hour(running: Running) -> None:
    await begun(running)
    gone = await row(running, "BEFORE-3")
    await running.notify.store.delete("reminders", gone.id)
    running.clock.set(at("2011-03-11 09:59"))
    assert await running.notify.work.auditor.run(running.clock.now_ms()) == 0
    running.clock.set(at("2011-03-11 10:00"))
    assert await running.notify.work.auditor.run(running.clock.now_ms()) == 1


async def test_a_reminder_that_reached_nobody_has_failed(running: Running) -> None:
    running.post.refused = {OFFICER: "550 no such mailbox"}
    await begun(running)
    assert (await row(running, "BEFORE-3")).status == "FAILED"
    assert (await row(running, "BEFORE-3")).decision == "not_delivered"


async def test_a_reminder_that_reached_one_of_two_is_sent(running: Running) -> None:
    people = (contact("report_officer", OFFICER), contact("unit_approver", "binh@cvt.example"))
    await running.hear(plan_state(plan()), center(), unit("CVT", *people), obligation())
    await running.go("2011-03-14 09:00")
    running.post.refused = {OFFICER: "550 no such mailbox"}
    await running.go("2011-03-15 09:00")
    assert (await row(running, "BEFORE-1")).status == "SENT"
    assert len((await row(running, "BEFORE-1")).unreached) == 1


@settings(max_examples=30, deadline=None)
@given(day=st.dates(date(2011, 1, 5), date(2015, 11, 30)), hours=st.integers(1, 140))
def test_its_digest_moments_are_those_of_the_plan(day: date, hours: int) -> None:
    schedules = [
        {"kind": "monthly", "day": 31},
        {"kind": "weekly", "weekday": 6},
        {"kind": "after_due", "form": "QUY", "working_days": 0},
    ]
    for schedule in (*schedules, {"kind": "after_due", "form": "QUY", "working_days": 3}, {"kind": "each_working_day"}):
        made = plan(digests=[{"audience": "operations", "to": ["operations"], "schedules": [schedule]}])
        states = [obligation(period=f"{year}-Q{q}") for year in range(2011, 2016) for q in (1, 2, 3, 4)]
        begin = at(f"{day} 00:00")
        window = auditor.Window(begin, begin + hours * 3_600_000, begin + 7 * DAY)
        ours = expected_digests(made, 0, states, working_days_of(made.holidays).is_working, window)
        theirs = digest_moments(made, made.digests[0], window.from_ms, window.to_ms)
        assert [moment for _, moment in ours] == list(theirs)


async def test_a_report_in_time_is_no_difference(running: Running) -> None:
    await begun(running)
    await running.hear(received(obligation(), at("2011-03-14 10:00")))
    await running.go("2011-03-15 09:00")
    await running.go("2011-03-15 15:00")
    assert await audited(running) == {}
