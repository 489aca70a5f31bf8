"""Notices about alerts, end to end: groups, silences, outages, promises, escalation; crashes and two instances."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from services.notify.domain.alerts import Alert
from services.notify.domain.deliveries import Delivery
from services.notify.domain.grouping import begun, decide
from services.notify.domain.instants import DAY_MS, HOUR_MS, MINUTE_MS
from services.notify.handlers.silences import Span, WindowOver, WindowRefused
from services.notify.wiring.edge import why
from shared.clock import FixedClock
from shared.events.obligation import Relief
from shared.plan.model import Plan
from tests.services.notify import samples
from tests.services.notify.conftest import Running, Starter
from tests.services.notify.post import Post, text_of
from tests.services.notify.samples import at, center, obligation, plan, plan_state, received, report, unit

pytestmark = pytest.mark.anyio

HEAD = "giamdoc@tttt.example"
MINISTER = "thutruong@bo.example"
NEVER = {"kind": "monthly", "day": 28}
START = "2011-03-15 10:00"


def quiet_plan(**changes: Any) -> Plan:
    """The sample without reminders, and with digests that no test reaches: only alerts write."""
    digests = [
        {"audience": "standing_body", "to": ["standing_body_head"], "schedules": [NEVER]},
        {"audience": "leadership", "to": ["deputy_minister"], "schedules": [NEVER]},
    ]
    made = plan(digests=digests, **changes)
    return made.model_copy(update={"forms": (made.forms[0].model_copy(update={"ladder": None}),)})


async def hear_all(running: Running, **changes: Any) -> None:
    await running.hear(plan_state(quiet_plan(**changes), at("2011-01-03 08:00")), center(), unit("CVT"))


async def alerts(running: Running) -> list[Alert]:
    found, _ = await running.notify.books.alerts.page(unit=None, phase=None, limit=100, cursor=None)
    return [alert for alert in found if alert.rule != "MISSING_CONTACT"]


async def told(running: Running) -> list[Delivery]:
    return sorted(await running.deliveries(), key=lambda delivery: (delivery.created_at_ms, delivery.recipient))


async def causes(running: Running) -> list[str]:
    return [delivery.cause for delivery in await told(running)]


def span(start: str, end: str) -> Span:
    return Span("Lan", "di chuyển trụ sở", "lan", at(start), at(end))


async def test_an_open_alert_is_told_again_after_a_day_and_its_end_once(running: Running) -> None:
    await hear_all(running)
    await running.hear(report("CVT", copied=True))
    await running.go(START)
    await running.go("2011-03-15 10:01")
    await running.go("2011-03-16 10:01")
    assert await causes(running) == ["first"], "a day is not more than a day"
    await running.go("2011-03-16 10:16")
    assert await causes(running) == ["first", "repeat"]
    assert running.post.to(HEAD)[-1]["Subject"] == "1 cảnh báo kiểm tra chưa khắc phục"
    await running.hear(report("CVT", revision=2))
    await running.go("2011-03-16 10:17")
    assert len(await told(running)) == 2
    await running.go("2011-03-16 10:31")
    assert await causes(running) == ["first", "repeat", "all_resolved"]
    assert "sau 24 giờ" in text_of(running.post.to(HEAD)[-1]), "who is told of the end is told how long it lasted"
    await running.go("2011-03-20 10:00")
    assert len(await told(running)) == 3


async def test_a_silence_mutes_until_its_end_and_then_the_alert_is_told_at_once(running: Running) -> None:
    await hear_all(running)
    desk = running.notify.work.silences
    running.clock.set(at(START))
    made = await desk.silence("P", span(START, "2011-03-17 08:00"), unit="CVT", now_ms=at(START))
    again = await desk.silence("P", span(START, "2011-03-17 08:00"), unit="CVT", now_ms=at(START))
    assert again.id == made.id, "the same request is one silence"
    await running.hear(report("CVT", copied=True))
    await running.go(START)
    [alert] = await alerts(running)
    assert (alert.phase, alert.silence, alert.notice) == ("SILENCED", made.id, "silenced")
    await running.go("2011-03-15 10:01")
    await running.go("2011-03-17 07:59")
    assert await told(running) == []
    [group] = await running.notify.books.groups.of_unit("CVT", 10)
    assert group.decision == "all_muted"
    await running.go("2011-03-17 08:00")
    [alert] = await alerts(running)
    assert (alert.phase, alert.history[-1]["reason"]) == ("OPEN", "unsilenced")
    assert await causes(running) == ["first"]
    assert "đã hết thời gian tạm ngừng báo" in text_of(running.post.to(HEAD)[0])
    with pytest.raises(WindowOver):
        await desk.end_silence(made.id, by="lan", reason="xong rồi", named=None, now_ms=at("2011-03-17 09:00"))


async def test_a_silence_by_alert_begins_later_and_is_ended_early(running: Running) -> None:
    await hear_all(running)
    desk = running.notify.work.silences
    await running.hear(report("CVT", copied=True), report("CVT", copied=True, period="2011-Q2"))
    await running.go(START)
    await running.go("2011-03-15 10:01")
    first = next(alert for alert in await alerts(running) if "Q1" in alert.subject)
    made = await desk.silence("", span("2011-03-15 12:00", "2011-03-30 12:00"), alert=first.id, now_ms=at(START))
    await running.go("2011-03-15 11:59")
    assert {alert.phase for alert in await alerts(running)} == {"OPEN"}
    await running.go("2011-03-15 12:00")
    assert {alert.id for alert in await alerts(running) if alert.phase == "SILENCED"} == {first.id}
    await desk.end_silence(made.id, by="lan", reason="không cần nữa", named=None, now_ms=at("2011-03-15 13:00"))
    await running.go("2011-03-15 13:00")
    assert {alert.phase for alert in await alerts(running)} == {"OPEN"}
    assert await causes(running) == ["first", "new_alerts"]
    assert [held.standing(at("2011-03-15 13:00")) for held in (await desk.silences("P", limit=9, cursor=None))[0]] == [
        "expired"
    ]


@pytest.mark.parametrize(
    ("begins", "ends", "given", "fault"),
    [
        (START, "2011-03-15 09:00", {"unit": "CVT"}, "ends_too_early"),
        (START, START, {"unit": "CVT"}, "ends_too_early"),
        (START, "2011-06-14 10:00", {"unit": "CVT"}, "too_long"),
        ("2013-01-01 00:00", "2013-01-02 00:00", {"unit": "CVT"}, "begins_too_late"),
        (START, "2011-03-16 09:00", {"alert": "alert-none"}, "unknown_alert"),
    ],
)
async def test_windows_have_an_end_and_a_length(
    running: Running, begins: str, ends: str, given: dict[str, str], fault: str
) -> None:
    await hear_all(running)
    with pytest.raises(WindowRefused) as caught:
        await running.notify.work.silences.silence("P", span(begins, ends), **given, now_ms=at(START))
    assert caught.value.fault == fault
    with pytest.raises(WindowRefused):
        await running.notify.work.silences.outage("NONE", span(START, "2011-03-16 09:00"), now_ms=at(START))


async def test_an_outage_mutes_what_it_explains_and_nothing_else(running: Running) -> None:
    await hear_all(running)
    state = obligation()
    overdue_ms = state.grace_end_ms + 1
    end_ms = overdue_ms + 5 * DAY_MS
    window = Span("Lan", "mất điện toàn trụ sở", "lan", overdue_ms - HOUR_MS, end_ms)
    await running.notify.work.silences.outage("P", window, unit="CVT", now_ms=overdue_ms - HOUR_MS)
    await running.hear(state, obligation("CBC"), report("CVT", copied=True, period="2011-Q2"))
    await running.go(overdue_ms)
    await running.go(overdue_ms + MINUTE_MS)
    assert sorted((one.unit, one.cause) for one in await told(running)) == [("CBC", "first"), ("CVT", "first")]
    [muted] = [alert for alert in await alerts(running) if alert.muted_by]
    assert (muted.unit, muted.rule, muted.phase, muted.notice) == ("CVT", "R1", "OPEN", "inhibited")
    assert muted.state().muted_by == muted.muted_by
    desk = running.notify.work.alerts.desk
    points = {one.unit: one.points for one in await desk.inspection_list("P")}
    assert points == {"CBC": 1, "CVT": 2}, "what is explained is not held against the unit"
    await running.go(end_ms)
    [alert] = [alert for alert in await alerts(running) if alert.unit == "CVT" and alert.rule == "R1"]
    assert (alert.muted_by, alert.phase) == ("", "OPEN")
    await running.go(end_ms + 15 * MINUTE_MS)
    assert ("CVT", "first") in {(one.unit, one.cause) for one in await told(running) if alert.id in one.covers[0]}


async def test_an_extension_mutes_the_row_of_overdue_periods_until_its_limit(running: Running) -> None:
    rule = {
        "code": "R2",
        "signal": "two_in_a_row",
        "names": samples.names("Hai kỳ liên tiếp", "Two in a row"),
        "severity": "high",
        "points": 3,
    }
    await hear_all(running, inspection=[rule])
    states = [obligation(period=f"2011-Q{number}") for number in (1, 2, 3)]
    await running.hear(*states)
    q2_ms = states[1].grace_end_ms + 1
    await running.go(q2_ms)
    [alert] = await alerts(running)
    assert (alert.subject, alert.detail["owed"]) == ("QUY", ["2011-Q1", "2011-Q2"])
    q3 = states[2]
    limit = q3.grace_end_ms + 10 * DAY_MS
    relief = Relief(kind="extended", by="b", at_ms=q2_ms, reason="bão lụt", due_at_ms=limit)
    more: dict[str, Any] = {"due_at_ms": limit, "grace_end_ms": limit, "reliefs": (relief,)}
    await running.hear(obligation(period="2011-Q3", revision=2, cause="extended", **more))
    await running.go(q2_ms + 30_000)
    [alert] = await alerts(running)
    assert (alert.muted_by, alert.muted_until_ms) == ("extension QUY 2011-Q3", limit + 1)
    await running.go(q2_ms + 2 * DAY_MS)
    assert await told(running) == []
    await running.go(limit + 1)
    [alert] = await alerts(running)
    assert (alert.muted_by, alert.detail["owed"]) == ("", ["2011-Q1", "2011-Q2", "2011-Q3"])
    await running.go(limit + 1 + 15 * MINUTE_MS)
    assert set(await causes(running)) == {"first"}


async def test_nobody_answers_and_the_next_level_is_told(running: Running) -> None:
    chain = [{"severity": "high", "steps": [{"after_hours": 24, "to": ["deputy_minister"]}]}]
    await hear_all(running, escalation=chain)
    await running.hear(report("CVT", copied=True))
    await running.go(START)
    await running.go("2011-03-15 10:01")
    assert {one.recipient for one in await told(running)} == {HEAD}
    await running.go("2011-03-16 10:00")
    await running.go("2011-03-16 10:01")
    [mail] = running.post.to(MINISTER)
    assert mail["Subject"] == "1 cảnh báo kiểm tra mới"
    assert "chưa có người nhận xử lý" in text_of(mail)
    await running.hear(report("CVT", revision=2))
    await running.go("2011-03-16 11:00")
    await running.go("2011-03-16 11:16")
    assert running.post.to(MINISTER)[-1]["Subject"] == "1 cảnh báo kiểm tra đã khắc phục"
    assert running.post.to(HEAD)[-1]["Subject"] == "1 cảnh báo kiểm tra đã khắc phục"


async def test_a_missed_promise_is_told_to_those_who_knew_and_to_the_next_level(running: Running) -> None:
    await hear_all(running)
    desk = running.notify.work.alerts.desk
    await running.hear(report("CVT", copied=True))
    await running.go(START)
    await running.go("2011-03-15 10:01")
    [alert] = await alerts(running)
    await desk.acknowledge(
        alert.id, owner="Vụ trưởng", promise=date(2011, 3, 20), now_ms=at("2011-03-15 11:00"), by="lan"
    )
    await running.go("2011-03-20 23:59")
    assert await causes(running) == ["first"], "an acknowledged alert is neither repeated nor escalated"
    assert (await alerts(running))[0].notice == "acknowledged"
    await running.go("2011-03-21 00:00")
    [alert] = await alerts(running)
    assert (alert.phase, alert.level, alert.promises_missed) == ("OPEN", 1, 1)
    await running.go("2011-03-21 00:15")
    assert {(one.recipient, one.cause) for one in await told(running)} >= {(HEAD, "new_alerts"), (MINISTER, "first")}
    for last in (running.post.to(HEAD)[-1], running.post.to(MINISTER)[-1]):
        assert last["Subject"] == "1 cảnh báo kiểm tra đã quá ngày cam kết"
        assert ", đã quá ngày cam kết" in text_of(last)
        assert "/alerts?plan=P" in text_of(last), "the link leads to the alerts, not to the front page"
    answer, _ = await why(running.notify.books).about(subject=alert.id)
    assert ("alert", "promise_missed") in {(one.kind, one.reason) for one in answer}
    assert [line["by"] for line in alert.history if line["reason"] == "acknowledged"] == ["lan"]


async def test_within_the_cooldown_an_alert_comes_back_quietly(running: Running) -> None:
    rules = [rule.model_dump(mode="json") for rule in plan().inspection]
    await hear_all(running, inspection=[rules[1] | {"cooldown_hours": 24}])
    await running.hear(report("CVT", copied=True))
    await running.go(START)
    await running.go("2011-03-15 10:01")
    await running.hear(report("CVT", revision=2))
    await running.go("2011-03-15 10:20")
    await running.go("2011-03-15 10:31")
    await running.hear(report("CVT", revision=3, copied=True))
    await running.go("2011-03-15 12:00")
    await running.go("2011-03-16 10:00")
    assert await causes(running) == ["first", "all_resolved"]
    [alert] = await alerts(running)
    assert (alert.phase, alert.notice, alert.occurrences) == ("OPEN", "cooldown", 2)
    await running.go("2011-03-16 10:31")
    assert await causes(running) == ["first", "all_resolved", "first"], "it still lasts when the cooldown is over"


async def test_a_crash_after_the_decision_is_finished_with_what_was_decided(running: Running) -> None:
    await hear_all(running)
    books = running.notify.books
    await running.hear(report("CVT", copied=True))
    await running.go(START)
    [group] = await books.groups.of_unit("CVT", 10)
    [alert] = await alerts(running)
    decision = decide(None, [alert.member(group.next_at_ms)], now_ms=group.next_at_ms)
    await books.groups.save(begun(group, decision, now_ms=group.next_at_ms))
    # Here the process died. Before the next one comes, another alert of the group opens.
    await running.hear(report("CVT", copied=True, period="2011-Q2"))
    await running.go("2011-03-15 10:05")
    [made] = await told(running)
    assert (made.cause, len(made.covers), made.created_at_ms) == ("first", 1, at("2011-03-15 10:01"))
    await running.go("2011-03-15 10:16")
    assert [len(one.covers) for one in await told(running)] == [1, 2]


async def test_two_instances_race_and_everything_is_told_once(start: Starter, post: Post, clock: FixedClock) -> None:
    async with start(post, clock) as one, start(post, clock) as two:
        await hear_all(one)
        await one.hear(*(report(f"U{number}", copied=True) for number in range(12)))
        await one.hear(*(obligation(f"U{number}") for number in range(12)))
        await two.notify.books.plans.newest("P")
        desk = one.notify.work.silences
        for moment in (START, "2011-03-17 00:00", "2011-03-17 00:01", "2011-03-17 00:02", "2011-03-18 00:20"):
            clock.set(at(moment))
            await asyncio.gather(*(running.notify.work.watch.run(clock.now_ms()) for running in (one, two)))
            await asyncio.gather(*(running.notify.work.tell_alerts.run(clock.now_ms()) for running in (one, two)))
            if moment == START:
                await desk.silence("P", span(START, "2011-03-20 00:00"), unit="U3", now_ms=clock.now_ms())
        made = await one.deliveries()
        assert len({delivery.slot for delivery in made}) == len(made), "one message per group and number"
        covered = [key.partition("@")[0] for delivery in made if delivery.cause == "first" for key in delivery.covers]
        assert len(covered) == len(set(covered)) == 22, "each alert once, those of the silenced unit never"
        assert await one.notify.books.groups.count_due(clock.now_ms()) == 0
        assert await one.notify.books.alerts.count_work_due(clock.now_ms()) == 0


async def test_downtime_delays_and_loses_nothing(running: Running) -> None:
    await hear_all(running)
    state = obligation()
    await running.hear(state)
    await running.go(state.grace_end_ms + 4 * DAY_MS)
    await running.go(state.grace_end_ms + 4 * DAY_MS + MINUTE_MS)
    assert await causes(running) == ["first"]
    await running.hear(received(state, state.grace_end_ms + 5 * DAY_MS, "LATE"))
    await running.go(state.grace_end_ms + 9 * DAY_MS)
    await running.go(state.grace_end_ms + 9 * DAY_MS + 15 * MINUTE_MS)
    assert (await causes(running))[-1] == "all_resolved"
