"""The ladder's finer rules: zones, quiet hours, lateness, parts."""

from __future__ import annotations

import pytest

from services.notify.domain.quiet_hours import Hours, is_quiet, wait_of
from shared.plan.model import QuietHours
from shared.plan.working_days import WorkingDays
from tests.services.notify.conftest import Running
from tests.services.notify.samples import at, center, contact, obligation, plan, plan_state, received, unit

pytestmark = pytest.mark.anyio

OFFICER, APPROVER = "an@cvt.example", "binh@cvt.example"
TOKYO, PARIS = "Asia/Tokyo", "Europe/Paris"


@pytest.mark.parametrize(
    ("clock_time", "quiet"),
    [("19:59", False), ("20:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_quiet_hours_span_midnight(clock_time: str, quiet: bool) -> None:
    assert is_quiet(clock_time, QuietHours()) is quiet


def test_equal_bounds_are_no_quiet_hours_and_a_nap_is_one() -> None:
    assert not is_quiet("12:00", QuietHours(begin="12:00", end="12:00"))
    assert is_quiet("12:30", QuietHours(begin="12:00", end="13:00"))
    assert not is_quiet("13:00", QuietHours(begin="12:00", end="13:00"))


@pytest.mark.parametrize(
    ("now", "until", "reason"),
    [
        ("2011-03-18 20:00", "2011-03-21 09:00", "quiet_hours"),  # Friday evening
        ("2011-03-21 05:00", "2011-03-21 09:00", "quiet_hours"),  # Monday, early
        ("2011-03-19 10:00", "2011-03-21 09:00", "waits_for_working_day"),
        ("2011-03-19 03:00", "2011-03-21 09:00", "waits_for_working_day"),
    ],
)
def test_what_must_wait_goes_out_in_a_working_morning(now: str, until: str, reason: str) -> None:
    wait = wait_of(at(now), "Asia/Ho_Chi_Minh", Hours("09:00", QuietHours(), WorkingDays()))
    assert wait is not None
    assert (wait.until_ms, wait.reason) == (at(until), reason)


def test_mail_at_a_quiet_hour_goes_out_when_it_ends() -> None:
    hours = Hours("06:00", QuietHours(), WorkingDays())
    wait = wait_of(at("2011-03-21 06:00"), "Asia/Ho_Chi_Minh", hours)
    assert wait is not None
    assert wait.until_ms == at("2011-03-21 07:00")
    assert wait_of(wait.until_ms, "Asia/Ho_Chi_Minh", hours) is None


async def test_nothing_is_sent_in_quiet_hours_and_the_row_says_so(running: Running) -> None:
    state = obligation()
    await running.hear(plan_state(plan()), center(), unit("CVT", contact("report_officer", OFFICER)), state)
    await running.go("2011-03-10 09:00")
    await running.go("2011-03-11 20:00")
    assert running.post.messages == []
    assert (await running.decisions(state.obligation))["BEFORE-3"] == ("PENDING", "quiet_hours")
    await running.go("2011-03-14 08:59")
    assert running.post.messages == []
    await running.go("2011-03-14 09:00")
    assert running.post.recipients == [OFFICER]
    [delivery] = await running.deliveries()
    assert delivery.due_at_ms == at("2011-03-11 09:00"), "the wait came from our delay, and counts"
    assert delivery.sent_at_ms == at("2011-03-14 09:00")


async def test_quiet_hours_can_be_none(running: Running) -> None:
    await running.hear(plan_state(plan(quiet_hours=None)), center(), unit("CVT", contact("report_officer", OFFICER)))
    await running.hear(obligation())
    await running.go("2011-03-11 23:00")
    assert running.post.recipients == [OFFICER]


async def test_each_recipient_gets_it_at_nine_in_their_own_zone(running: Running) -> None:
    """The unit's officer sits in Vietnam, an approver above in Tokyo, two hours earlier; a head in Paris, later."""
    zones = plan(
        ladders=[
            {
                "code": "L",
                "rungs": [
                    {"code": "X", "working_days": -3, "to": ["report_officer", "unit_approver", "head_of_unit"]},
                ],
            }
        ]
    )
    head = unit("TOP", contact("head_of_unit", "c@top.example"), time_zone=PARIS)
    above = unit("MID", contact("unit_approver", APPROVER), parent="TOP", time_zone=TOKYO)
    await running.hear(plan_state(zones), center(), head, above)
    await running.hear(unit("CVT", contact("report_officer", OFFICER), parent="MID"), obligation())
    await running.go("2011-03-11 06:59")
    assert running.post.recipients == []
    await running.go("2011-03-11 07:00")
    assert running.post.recipients == [APPROVER]
    key = obligation().obligation
    assert (await running.decisions(key))["X"] == ("PENDING", "waits_for_recipient_morning")
    await running.go("2011-03-11 09:00")
    assert running.post.recipients == [OFFICER, APPROVER]
    await running.go("2011-03-11 14:59")
    assert len(running.post.recipients) == 2
    await running.go("2011-03-11 15:00")
    assert running.post.recipients == [OFFICER, APPROVER, "c@top.example"]
    assert (await running.decisions(key))["X"] == ("SENT", "due")
    assert {one.due_at_ms for one in await running.deliveries()} == {
        at("2011-03-11 07:00"),
        at("2011-03-11 09:00"),
        at("2011-03-11 15:00"),
    }


async def test_a_report_between_two_mornings_ends_the_rest(running: Running) -> None:
    above = unit("MID", contact("unit_approver", APPROVER), time_zone=TOKYO)
    state = obligation()
    await running.hear(plan_state(plan()), center(), above)
    await running.hear(unit("CVT", contact("report_officer", OFFICER), parent="MID"), state)
    await running.go("2011-03-14 09:00")
    await running.go("2011-03-15 07:00")
    await running.hear(received(state, at("2011-03-15 08:00")))
    await running.go("2011-03-15 09:00")
    assert running.post.recipients == [APPROVER], "BEFORE-3 was too late on the 14th, the rest of BEFORE-1 not needed"
    assert await running.decisions(state.obligation) == {
        "BEFORE-3": ("SKIPPED_LATE", "too_late_newer_rung_exists"),
        "BEFORE-1": ("SENT", "told_in_part"),
        "AFTER-1": ("PENDING", "planned"),
        "AFTER-3": ("PENDING", "planned"),
    }


async def test_the_last_rung_is_sent_however_late(running: Running) -> None:
    state = obligation()
    await running.hear(plan_state(plan()), center(), unit("CVT", contact("report_officer", OFFICER)), state)
    await running.go("2011-03-10 09:00")
    await running.go("2011-04-15 09:00")
    decisions = await running.decisions(state.obligation)
    assert decisions["AFTER-1"] == ("SKIPPED_LATE", "newer_rung_due")
    assert decisions["AFTER-3"] == ("SENT", "due")


async def test_a_day_late_is_still_sent_and_more_is_left_to_the_newer_rung(running: Running) -> None:
    state = obligation()
    units = (unit("CVT", contact("report_officer", OFFICER)), unit("CBC", contact("report_officer", APPROVER)))
    await running.hear(plan_state(plan()), center(), *units, state)
    await running.go("2011-03-07 09:00")
    await running.go("2011-03-14 08:00")  # 71 hours late, BEFORE-1 is to come
    assert (await running.decisions(state.obligation))["BEFORE-3"] == ("SKIPPED_LATE", "too_late_newer_rung_exists")
    quarter = obligation(period="2011-Q2")
    await running.hear(quarter)
    await running.go("2011-06-13 08:00")  # BEFORE-3 of the second quarter fires on Monday 13/06 at 09:00
    await running.go("2011-06-14 09:00")
    assert (await running.decisions(quarter.obligation))["BEFORE-3"] == ("SENT", "due")
