"""Inspection alerts: opened once, updated, resolved by their source or by a person, told for a named reason."""

from __future__ import annotations

from typing import Any

import pytest

from services.notify.domain.alerts import Alert
from shared.plan.model import Plan
from tests.services.notify import samples
from tests.services.notify.conftest import Running
from tests.services.notify.post import text_of
from tests.services.notify.samples import at, center, obligation, plan, plan_state, received, report, score, unit

pytestmark = pytest.mark.anyio

HEAD = "giamdoc@tttt.example"
NEVER = {"kind": "monthly", "day": 28}


async def alerts(running: Running) -> list[Alert]:
    found, _ = await running.notify.books.alerts.page(unit=None, phase=None, limit=100, cursor=None)
    return [alert for alert in found if alert.rule != "MISSING_CONTACT"]


def quiet_plan() -> Plan:
    """The sample without reminders, and with digests that no test reaches: only alerts write to the head."""
    made = plan(digests=[{"audience": "standing_body", "to": ["standing_body_head"], "schedules": [NEVER]}])
    return made.model_copy(update={"forms": (made.forms[0].model_copy(update={"ladder": None}),)})


async def hear_all(running: Running) -> None:
    await running.hear(plan_state(quiet_plan(), at("2011-01-03 08:00")), center(), unit("CVT"))


async def test_an_overdue_report_opens_one_alert_and_its_arrival_resolves_it(running: Running) -> None:
    await hear_all(running)
    state = obligation()
    await running.hear(state)
    await running.go(state.grace_end_ms)
    assert await alerts(running) == [], "an instant equal to the limit is on time"
    await running.go(state.grace_end_ms + 1)
    [alert] = await alerts(running)
    assert (alert.rule, alert.phase, alert.severity, alert.points) == ("R1", "OPEN", "medium", 1)
    await running.go(state.grace_end_ms + 60_001)
    [notice] = running.post.to(HEAD)
    assert "Báo cáo quá hạn" in text_of(notice)
    await running.hear(received(state, at("2011-03-18 10:00"), "LATE"))
    await running.go("2011-03-18 10:00")
    [alert] = await alerts(running)
    assert (alert.phase, alert.reason, alert.occurrences) == ("RESOLVED", "report_received", 1)
    await running.go("2011-03-18 10:01")
    assert [message["Subject"] for message in running.post.to(HEAD)][-1] == "1 cảnh báo kiểm tra đã khắc phục"


async def test_what_ends_within_the_wait_is_not_told(running: Running) -> None:
    await hear_all(running)
    state = obligation()
    await running.hear(state)
    await running.go(state.grace_end_ms + 1)
    await running.hear(received(state, state.grace_end_ms + 2, "LATE"))
    await running.go(state.grace_end_ms + 3)
    await running.go(state.grace_end_ms + 600_000)
    assert running.post.to(HEAD) == []
    [alert] = await alerts(running)
    assert (alert.phase, alert.notice) == ("RESOLVED", "resolved_before_notice")


async def test_an_extension_ends_the_alert_and_the_new_limit_opens_it_again(running: Running) -> None:
    await hear_all(running)
    state = obligation()
    await running.hear(state)
    await running.go(state.grace_end_ms + 1)
    limit = state.grace_end_ms + 86_400_000
    more: dict[str, Any] = {"due_at_ms": limit, "grace_end_ms": limit, "changed_at_ms": state.grace_end_ms + 5}
    await running.hear(obligation(revision=2, cause="extended", **more))
    await running.go(state.grace_end_ms + 10)
    [alert] = await alerts(running)
    assert (alert.phase, alert.reason) == ("RESOLVED", "not_overdue")
    await running.go(limit + 1)
    [alert] = await alerts(running)
    assert (alert.phase, alert.occurrences) == ("OPEN", 2)


async def test_a_copied_report_is_told_until_it_is_amended(running: Running) -> None:
    await hear_all(running)
    await running.hear(report("CVT", copied=True))
    await running.go("2011-03-15 10:00")
    [alert] = await alerts(running)
    assert (alert.rule, alert.phase) == ("R3", "OPEN")
    await running.hear(report("CVT", revision=2))
    await running.go("2011-03-15 11:00")
    [alert] = await alerts(running)
    assert (alert.phase, alert.reason) == ("RESOLVED", "amended")


async def test_far_below_target_needs_the_declared_number_of_indicators(running: Running) -> None:
    await hear_all(running)
    await running.hear(score("CVT", shares={"A": 0.2, "B": 0.5, "C": 0.9}))
    await running.go("2011-03-15 10:00")
    assert await alerts(running) == []
    await running.hear(score("CVT", revision=2, shares={"A": 0.2, "B": 0.49}))
    await running.go("2011-03-15 10:05")
    [alert] = await alerts(running)
    assert alert.detail["indicators"] == ["A", "B"]
    await running.hear(score("CVT", revision=3, shares={"A": 0.1, "B": 0.4}))
    await running.go("2011-03-15 10:06")
    assert (await alerts(running))[0].occurrences == 1, "the same indicators say nothing new"
    await running.hear(score("CVT", revision=4, shares={"A": 0.1, "B": 0.4, "C": 0.3}))
    await running.go("2011-03-15 10:07")
    [alert] = await alerts(running)
    assert (alert.occurrences, alert.detail["indicators"]) == (2, ["A", "B", "C"])


async def test_repeats_and_disorder_of_events_make_no_second_alert(running: Running) -> None:
    await running.hear(score("CVT", revision=2, shares={"A": 0.1, "B": 0.1}), report("CVT", copied=True))
    await running.notify.schedule.run_once()
    assert await alerts(running) == [], "waits for its plan"
    await hear_all(running)
    await running.hear(score("CVT", shares={}), report("CVT", copied=True))
    await running.go("2011-03-15 10:00")
    await running.go("2011-03-15 10:00")
    assert sorted(alert.rule for alert in await alerts(running)) == ["R3", "R7"]


async def test_alerts_of_one_unit_and_kind_are_one_mail_per_interval(running: Running) -> None:
    await hear_all(running)
    quarters = ("2011-Q1", "2011-Q2", "2011-Q3")
    await running.hear(*(report("CVT", copied=True, period=period) for period in quarters), report("U9", copied=True))
    await running.go("2011-03-15 10:00")
    await running.go("2011-03-15 10:01")
    subjects = [message["Subject"] for message in running.post.to(HEAD)]
    assert sorted(subjects) == ["1 cảnh báo kiểm tra mới", "3 cảnh báo kiểm tra mới"]
    await running.hear(report("CVT", copied=True, period="2011-Q4"))
    await running.go("2011-03-15 10:02")
    await running.go("2011-03-15 10:15")
    assert len(running.post.to(HEAD)) == 2
    await running.go("2011-03-15 10:16")
    made = sorted(await running.deliveries(), key=lambda delivery: delivery.created_at_ms)
    assert [(one.cause, len(one.covers)) for one in made if one.unit == "CVT"] == [("first", 3), ("new_alerts", 4)]
    assert running.post.to(HEAD)[-1]["Subject"] == "1 cảnh báo kiểm tra mới"


async def test_a_persons_decision_stands_until_the_source_says_something_new(running: Running) -> None:
    desk = running.notify.work.alerts.desk
    await hear_all(running)
    await running.hear(score("CVT", shares={"A": 0.1, "B": 0.1}))
    await running.go("2011-03-15 10:00")
    [alert] = await alerts(running)
    assert await desk.resolve(alert.id, reason="đã giải trình", now_ms=at("2011-03-15 10:00")) is not None
    await running.go("2011-03-15 11:00")
    assert (await alerts(running))[0].phase == "RESOLVED"
    await running.hear(score("CVT", revision=2, shares={"A": 0.1, "B": 0.1, "C": 0.1}))
    await running.go("2011-03-15 12:00")
    [alert] = await alerts(running)
    assert (alert.phase, alert.notice, alert.promise) == ("OPEN", "reopened", None)


async def test_the_inspection_list_adds_risk_points_per_unit(running: Running) -> None:
    await hear_all(running)
    await running.hear(
        report("CVT", copied=True), score("CVT", shares={"A": 0.1, "B": 0.1}), report("CBC", copied=True)
    )
    await running.hear(*(obligation("CVT", period=f"2011-Q{quarter}") for quarter in (1, 2)))
    await running.go("2011-07-01 10:00")
    candidates = await running.notify.work.alerts.desk.inspection_list("P")
    assert [(one.unit, one.points, one.proposal) for one in candidates] == [
        ("CVT", 6, "inspection"),
        ("CBC", 2, "none"),
    ]
    assert samples.CENTER not in {one.unit for one in candidates}
