"""Digests: made once per moment, made up after downtime, all clear said out loud, in the recipient's language."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from services.notify.domain.digests.run import DigestRun
from shared.clock import FixedClock
from tests.services.notify.conftest import Running, Starter
from tests.services.notify.post import Post, text_of
from tests.services.notify.samples import (
    at,
    center,
    evaluation,
    obligation,
    plan,
    plan_state,
    received,
    report,
    score,
    unit,
)

pytestmark = pytest.mark.anyio

VI, EN, HEAD = "thutruong@bo.example", "adviser@bo.example", "giamdoc@tttt.example"
MOMENT = "2011-03-18 08:00"
"""Two working days after the due day of the first quarter."""


async def runs(running: Running, audience: str = "leadership") -> list[DigestRun]:
    found, _ = await running.notify.books.digests.page(limit=100, cursor=None)
    return [run for run in found if run.audience == audience]


async def hear_quarter(running: Running) -> None:
    states = [obligation(code) for code in ("CVT", "CBC", "CXB")]
    await running.hear(plan_state(plan()), center(), *(unit(state.unit) for state in states), *states)
    late = received(states[1], at("2011-03-17 09:30"), "LATE")
    await running.hear(received(states[0], at("2011-03-15 10:00")), late)
    await running.hear(evaluation(), score("CVT", index=0.9, rank=1), score("CBC", index=0.7, rank=2))


async def test_a_digest_tells_where_the_plan_stands(running: Running) -> None:
    await hear_quarter(running)
    await running.go("2011-03-18 07:59")
    assert await runs(running) == []
    await running.go(MOMENT)
    [run] = await runs(running)
    assert (run.status, run.recipients, run.decision, run.all_clear) == ("COMPLETED", 2, "scheduled", False)
    [vi], [en] = running.post.to(VI), running.post.to(EN)
    assert vi["Subject"] == "Bản tin ngày 18/03/2011 · Quý I/2011: đã nhận 2/3 báo cáo, 33% đúng hạn"
    assert en["Subject"] == "Digest of 18 March 2011 · Q1 2011: 2 of 3 reports received, 33% on time"
    for text in (text_of(vi), text_of(vi, "html")):
        assert "72,4" in text
        assert "Đơn vị CXB" in text
        assert "90,0" in text
    assert "72.4" in text_of(en)
    assert "Unit CXB (Quarterly report, Q1 2011): 2 days overdue" in text_of(en)


async def test_the_windows_of_one_audience_follow_each_other(running: Running) -> None:
    await hear_quarter(running)
    await running.go(MOMENT)
    await running.go("2011-06-20 08:00")
    second, first = await runs(running)
    assert second.window_from_ms == first.window_to_ms == at(MOMENT)


async def test_movement_is_against_the_last_digest_of_the_audience(running: Running) -> None:
    await hear_quarter(running)
    await running.go(MOMENT)
    await running.hear(score("CBC", index=0.95, rank=1, revision=2), score("CVT", index=0.9, rank=2, revision=2))
    await running.go("2011-06-20 08:00")
    text = text_of(running.post.to(EN)[1])
    assert "1  Unit CBC" in text
    assert [line.split()[-2:] for line in text.splitlines() if "Unit CBC" in line and "95.0" in line] == [["▲", "1"]]


async def test_a_digest_is_made_once_whatever_happens(start: Starter, post: Post, clock: FixedClock) -> None:
    async with start(post, clock) as one, start(post, clock) as two:
        await hear_quarter(one)
        clock.set(at(MOMENT))
        for _ in range(3):
            await asyncio.gather(one.notify.schedule.run_once(), two.notify.schedule.run_once())
        assert len(await runs(one)) == 1
    async with start(post, clock) as restarted:
        await restarted.go("2011-03-18 09:00")
        assert len(await runs(restarted)) == 1
    assert (len(post.to(VI)), len(post.to(EN))) == (1, 1)


async def test_missing_runs_of_seven_days_are_made_up_and_older_ones_are_not(running: Running) -> None:
    await hear_quarter(running)
    await running.go("2011-03-01 08:00")
    await running.go("2011-03-24 08:00")
    [run] = await runs(running)
    assert (run.window_to_ms, run.decision) == (at(MOMENT), "made_up_after_downtime")
    mondays = [moment.window_to_ms for moment in await runs(running, "standing_body")]
    assert mondays == [at("2011-03-21 08:00"), at("2011-02-28 08:00")], "07/03 and 14/03 are history"


async def test_a_crash_before_all_recipients_are_written_is_finished(running: Running) -> None:
    await hear_quarter(running)
    running.clock.set(at(MOMENT))
    work = running.notify.work
    finish = work.make_digests._hand_over

    async def dies(run: DigestRun, now_ms: int) -> None:
        raise RuntimeError("killed")

    work.make_digests._hand_over = dies  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await work.make_digests.run(at(MOMENT))
    assert (await runs(running))[0].status == "CREATED"
    work.make_digests._hand_over = finish  # type: ignore[method-assign]
    await running.go("2011-03-18 08:01")
    assert ((await runs(running))[0].status, len(running.post.to(VI))) == ("COMPLETED", 1)


async def test_all_clear_is_said_to_leadership_and_spares_the_standing_body(running: Running) -> None:
    state = obligation()
    await running.hear(plan_state(plan()), center(), unit("CVT"), received(state, at("2011-03-10 10:00")))
    await running.go("2011-03-14 08:00")
    await running.go(MOMENT)
    [run] = await runs(running)
    assert run.all_clear
    text = text_of(running.post.to(VI)[0])
    assert "Không có việc tồn đọng." in text
    assert "Sổ nghĩa vụ (SHA-256): " in text
    [monday] = await runs(running, "standing_body")
    assert (monday.decision, monday.recipients) == ("nothing_to_tell", 0)
    assert running.post.to(HEAD) == []


async def test_alerts_promises_and_what_was_not_delivered_are_in_it(running: Running) -> None:
    await hear_quarter(running)
    running.post.refused = {"giamdoc@tttt.example": "550 no such user"}
    await running.hear(report("CVT", copied=True))
    await running.go("2011-03-15 10:00")
    await running.go("2011-03-15 10:01")
    books = running.notify.books
    [alert] = [alert for alert in await books.alerts.open_of("P") if alert.rule == "R3"]
    promised = date(2011, 3, 30)
    await running.notify.work.alerts.desk.acknowledge(
        alert.id, owner="TTTT", promise=promised, now_ms=at("2011-03-15 11:00")
    )
    await running.go(MOMENT)
    text = text_of(running.post.to(EN)[0])
    assert "promised for 30 March 2011" in text
    assert "refused: 550 no such user" in text
    assert "g…@tttt.example" in text
