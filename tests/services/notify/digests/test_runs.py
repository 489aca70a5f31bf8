"""Runs of digests in the service: pinned once with what goes with them, sent with it, made up, made once by two."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage

import orjson
import pytest

from services.notify.domain.digests.run import DigestRun
from services.notify.repository.enclosures import ENCLOSURES
from shared.clock import FixedClock
from shared.store.documents import Documents, scan
from tests.services.notify.conftest import Running, Starter
from tests.services.notify.post import Post, text_of
from tests.services.notify.samples import (
    at,
    center,
    contact,
    evaluation,
    obligation,
    plan,
    plan_state,
    received,
    score,
    unit,
)

pytestmark = pytest.mark.anyio

VI, EN, OPS = "thutruong@bo.example", "adviser@bo.example", "ops@tttt.example"
MOMENT = "2011-03-18 08:00"
LEADERSHIP = {"kind": "after_due", "form": "QUY", "working_days": 2}


def daily(*, send_when_empty: bool) -> list[dict[str, object]]:
    """Digests of the leadership after the quarter, of operations every working day."""
    every_day = {"audience": "operations", "to": ["operations"], "schedules": [{"kind": "each_working_day"}]}
    return [
        {"audience": "leadership", "to": ["deputy_minister"], "schedules": [LEADERSHIP]},
        {**every_day, "send_when_empty": send_when_empty},
    ]


async def runs(running: Running, audience: str = "leadership") -> list[DigestRun]:
    """Oldest first."""
    found, _ = await running.notify.books.digests.page(limit=100, cursor=None)
    return [run for run in reversed(found) if run.audience == audience]


async def enclosures(store: Documents) -> list[str]:
    return [held["_id"] async for held in scan(store, ENCLOSURES.name)]


async def hear_quarter(running: Running, **changes: object) -> None:
    states = [obligation(code) for code in ("CVT", "CBC", "CXB")]
    standing_body = center()
    ops = contact("operations", OPS)
    people = standing_body.model_copy(update={"contacts": (*standing_body.contacts, ops)})
    await running.hear(plan_state(plan(**changes)), people, *(unit(state.unit) for state in states), *states)
    await running.hear(received(states[0], at("2011-03-15 10:00")), received(states[1], at("2011-03-17 09:30"), "LATE"))
    await running.hear(evaluation(), score("CVT", index=0.9, rank=1), score("CBC", index=0.7, rank=2))


def parts_of(message: EmailMessage) -> dict[str, EmailMessage]:
    """Content id or file name -> the part."""
    found = {}
    for part in message.walk():
        name = part.get("Content-ID") or part.get_filename()
        if name and isinstance(part, EmailMessage):
            found[str(name)] = part
    return found


async def test_the_mail_has_its_charts_inline_and_the_document_attached(running: Running) -> None:
    await hear_quarter(running)
    await running.go(MOMENT)
    [message] = running.post.to(VI)
    parts = parts_of(message)
    pictures = [name for name in parts if name.startswith("<")]
    assert sorted(pictures) == ["<bands@tiendo>", "<reports@tiendo>"]
    for name in pictures:
        assert f'src="cid:{name.strip("<>")}"' in text_of(message, "html")
        assert parts[name].get_content_disposition() == "inline"
        assert parts[name].get_content().startswith(b"\x89PNG")
    [document] = [part for name, part in parts.items() if name.endswith(".pdf")]
    assert document.get_content_disposition() == "attachment"
    assert document.get_content().startswith(b"%PDF")
    assert "Quý I/2011: 2/3" not in text_of(message)
    assert "Quý I/2011 (Báo cáo quý): 2/3" in text_of(message)


async def test_enclosures_are_kept_once_whoever_the_digest_goes_to(running: Running) -> None:
    await hear_quarter(running)
    await running.go(MOMENT)
    [run] = await runs(running)
    pinned = orjson.loads(run.letters_json)
    wanted = {id for language in pinned.values() for id in language["files"]}
    leadership = wanted & set(await enclosures(running.notify.store))
    assert leadership == wanted
    assert len(wanted) == 2 * 3, "two charts and a document a language"
    held = [delivery for delivery in await running.deliveries() if delivery.kind == "digest"]
    assert {delivery.recipient for delivery in held} >= {VI, EN}
    assert all("base64" not in delivery.html and len(delivery.html) < 102_000 for delivery in held)


async def test_two_instances_make_one_run_and_one_message_each(start: Starter, post: Post, clock: FixedClock) -> None:
    async with start(post, clock) as one, start(post, clock) as two:
        await hear_quarter(one)
        clock.set(at(MOMENT))
        await asyncio.gather(one.notify.schedule.run_once(), two.notify.schedule.run_once())
        await one.notify.schedule.run_once()
        [run] = await runs(one)
        refs = {id for language in orjson.loads(run.letters_json).values() for id in language["files"]}
        assert refs <= set(await enclosures(one.notify.store))
    assert (len(post.to(VI)), len(post.to(EN))) == (1, 1)


async def test_a_crash_between_the_run_and_its_deliveries_is_finished_with_what_was_pinned(
    start: Starter, post: Post, clock: FixedClock
) -> None:
    async with start(post, clock) as first:
        await hear_quarter(first)
        clock.set(at(MOMENT))
        make = first.notify.work.digests.make
        newest = await first.notify.books.plans.newest("P")
        assert newest is not None
        await make._make_due(newest[0], newest[1], clock.now_ms())  # killed before anybody was written to
        [run] = await runs(first)
        assert (run.status, run.recipients) == ("CREATED", 0)
    async with start(post, clock) as second:
        await second.hear(received(obligation("CXB"), at("2011-03-18 08:20"), "LATE"))
        await second.go("2011-03-18 09:00")
        [done] = await runs(second)
        assert (done.status, done.recipients) == ("COMPLETED", 2)
        assert done.letters_json == run.letters_json
    assert len(post.to(VI)) == 1
    assert "2/3" in str(post.to(VI)[0]["Subject"])
    assert any(name.endswith(".pdf") for name in parts_of(post.to(VI)[0]))


async def test_runs_that_were_missed_tell_of_their_own_moments(running: Running) -> None:
    """Down from Thursday to Tuesday: each missed day is made up, and none knows of what came after its moment."""
    await hear_quarter(running, digests=daily(send_when_empty=True))
    await running.go("2011-03-17 08:00")
    await running.hear(received(obligation("CXB"), at("2011-03-20 10:00"), "LATE"))
    await running.go("2011-03-22 09:00")
    made = [run for run in await runs(running, "operations") if run.window_to_ms > at("2011-03-17 08:00")]
    assert [(run.window_from_ms, run.window_to_ms) for run in made] == [
        (at("2011-03-17 08:00"), at("2011-03-18 08:00")),
        (at("2011-03-18 08:00"), at("2011-03-21 08:00")),
        (at("2011-03-21 08:00"), at("2011-03-22 08:00")),
    ]
    assert [run.headline_en[:15] for run in made] == ["Q1 2011: 2 of 3", "Q1 2011: 3 of 3", "Q1 2011: 3 of 3"]
    assert [run.decision for run in made][:2] == ["made_up_after_downtime", "made_up_after_downtime"]


async def test_a_run_that_nobody_read_is_not_what_the_next_compares_with(running: Running) -> None:
    """Two empty days for operations, then something: silence is not what it moved since."""
    done = [received(obligation(code), at("2011-03-15 10:00")) for code in ("CVT", "CBC")]
    ops = center().model_copy(update={"contacts": (*center().contacts, contact("operations", OPS))})
    await running.hear(plan_state(plan(digests=daily(send_when_empty=False))), ops, unit("CVT"), unit("CBC"), *done)
    await running.go("2011-03-17 08:00")
    await running.go("2011-03-18 08:00")
    silent = await runs(running, "operations")
    assert {run.decision for run in silent} == {"nothing_to_tell"}
    assert orjson.loads(silent[-1].standing_json)["received"] == {}
    assert running.post.to(OPS) == []
    await running.hear(obligation("CXB"))
    await running.go("2011-03-21 08:00")
    [message] = running.post.to(OPS)
    assert "- CXB (Báo cáo quý, Quý I/2011): quá hạn 5 ngày" in text_of(message)
    assert "so với bản tin trước" not in text_of(message).split("ĐÁNH GIÁ")[0]


async def test_all_clear_goes_to_leadership_with_proof(running: Running) -> None:
    await running.hear(plan_state(plan()), center(), unit("CVT"), received(obligation(), at("2011-03-10 10:00")))
    await running.go(MOMENT)
    [message] = running.post.to(EN)
    assert "all clear" in str(message["Subject"])
    assert "Ledger (SHA-256): " in text_of(message)
    [run] = await runs(running)
    assert run.all_clear
