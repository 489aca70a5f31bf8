"""Connections to the mail server that are kept: used again, ended in time, and never a reason to lose or repeat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest

from services.notify.channels.connections import MESSAGES_MAX
from services.notify.channels.email import Email, Server
from services.notify.domain.deliveries import Delivery, Outcome
from shared.clock import FixedClock
from tests.services.notify.conftest import Running
from tests.services.notify.post import Post, post_office, text_of
from tests.services.notify.test_deliveries import MINUTE, NOW, delivery
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

SENT = Outcome("sent", "accepted: kept")
Mailing = Callable[..., AbstractAsyncContextManager[Email]]


@pytest.fixture
def mailing(post: Post) -> Mailing:
    @asynccontextmanager
    async def made(*, kept_max: int = 4, idle_seconds: float = 60.0) -> AsyncIterator[Email]:
        server = Server(
            "127.0.0.1", post.port, "tiendo@tiendo.example", "T", timeout_seconds=2.0,
            kept_max=kept_max, idle_seconds=idle_seconds,
        )  # fmt: skip
        email = Email(server, FixedClock(NOW))
        try:
            yield email
        finally:
            await email.aclose()

    return made


def to(number: int) -> Delivery:
    return delivery(f"p{number}@cvt.example")


async def test_messages_one_after_the_other_share_a_connection_and_it_is_ended_with_the_service(
    post: Post, mailing: Mailing
) -> None:
    async with mailing() as email:
        assert [await email.send(to(number)) for number in range(5)] == [SENT] * 5
        assert len(post.sessions) == 1
    await until(lambda: not post.open)
    assert len(post.messages) == 5


async def test_a_connection_that_the_server_closed_meanwhile_costs_the_message_nothing(
    post: Post, mailing: Mailing
) -> None:
    async with mailing() as email:
        await email.send(to(1))
        post.cut()  # we hear of it only when we write
        assert await email.send(to(2)) == SENT
        post.cut()
        await until(lambda: not post.open)
        assert await email.send(to(3)) == SENT
        assert (len(post.messages), len(post.sessions)) == (3, 3)


@pytest.mark.parametrize("answer", ["421 too long idle", "hang"])
async def test_a_kept_connection_that_says_goodbye_or_nothing_is_replaced(
    post: Post, mailing: Mailing, answer: str
) -> None:
    async with mailing() as email:
        await asyncio.gather(*(email.send(to(number)) for number in range(3)))
        post.mail_answers = [answer]
        assert await email.send(to(9)) == SENT
        assert (len(post.to("p9@cvt.example")), len(post.sessions)) == (1, 4)
        await until(lambda: len(post.open) == 1)


async def test_a_new_connection_that_says_goodbye_is_a_failure_and_not_asked_for_again(
    post: Post, mailing: Mailing
) -> None:
    async with mailing() as email:
        post.mail_answers = ["421 go away"] * 2
        assert (await email.send(to(1))).result == "temporary"
        assert (await email.send(to(1))).reason == "sender_refused: 421 go away"
        assert len(post.sessions) == 2


@pytest.mark.parametrize(("fault", "arrived"), [("drop", 0), ("keep and drop", 1), ("hang", 0)])
async def test_from_the_data_on_nothing_is_repeated_on_another_connection(
    post: Post, mailing: Mailing, fault: str, arrived: int
) -> None:
    async with mailing() as email:
        await email.send(to(1))
        post.data_answers = [fault]
        assert (await email.send(to(2))).result == "temporary"
        assert (len(post.to("p2@cvt.example")), len(post.sessions)) == (arrived, 1)


@pytest.mark.parametrize("step", ["mail_answers", "rcpt_answers", "data_answers"])
async def test_after_a_refusal_the_connection_serves_the_next_message(post: Post, mailing: Mailing, step: str) -> None:
    async with mailing() as email:
        for code in ("451", "550"):
            setattr(post, step, [f"{code} no"])
            assert (await email.send(to(1))).result != "sent"
        assert await email.send(to(2)) == SENT
        assert (post.recipients, len(post.sessions)) == (["p2@cvt.example"], 1)


async def test_a_connection_that_nobody_needs_is_ended(post: Post, mailing: Mailing) -> None:
    async with mailing(idle_seconds=0.05) as email:
        await email.send(to(1))
        await until(lambda: not post.open)
        assert await email.send(to(2)) == SENT
        assert len(post.sessions) == 2


async def test_only_so_many_wait_and_each_for_so_many_messages(post: Post, mailing: Mailing) -> None:
    async with mailing(kept_max=1) as email:
        assert await asyncio.gather(*(email.send(to(number)) for number in range(4))) == [SENT] * 4
        assert len(post.sessions) == 4
        await until(lambda: len(post.open) == 1)
        for number in range(MESSAGES_MAX):
            await email.send(to(number))
        assert len(post.sessions) == 5


async def test_who_is_interrupted_leaves_no_half_message_behind(post: Post, mailing: Mailing) -> None:
    async with mailing() as email:
        await email.send(to(1))
        post.data_answers = ["hang"]
        sending = asyncio.create_task(email.send(to(2)))
        await until(lambda: not post.data_answers)
        sending.cancel()
        await asyncio.wait([sending])
        assert await email.send(to(3)) == SENT
        assert post.recipients == ["p1@cvt.example", "p3@cvt.example"]


async def test_a_server_that_ends_its_connections_between_two_passes_loses_and_repeats_nothing(
    running: Running,
) -> None:
    made = [delivery(f"p{number}@cvt.example", slot) for slot in ("one", "two") for number in range(20)]
    for half, moment in ((made[:20], NOW), (made[20:], NOW + MINUTE)):
        for one in half:
            await running.notify.books.deliveries.add(one, now_ms=NOW)
        await running.go(moment)
        running.post.cut()
    assert running.post.recipients == sorted(one.recipient for one in made)
    assert {one.attempts for one in await running.deliveries()} == {1}


async def test_a_line_that_begins_with_a_dot_arrives_as_it_is(post: Post, mailing: Mailing) -> None:
    lines = ".\n..\n.hidden\nend\n"
    async with mailing() as email:
        assert await email.send(replace(to(1), text=lines, html=f"<pre>{lines}</pre>")) == SENT
    [message] = post.to("p1@cvt.example")
    assert text_of(message).replace("\r\n", "\n") == lines
    assert lines in text_of(message, "html").replace("\r\n", "\n")


async def test_a_message_larger_than_the_server_takes_is_given_up_and_nobody_is_to_blame() -> None:
    async with post_office(data_size_limit=20_000) as post:
        email = Email(Server("127.0.0.1", post.port, "tiendo@tiendo.example", "T"), FixedClock(NOW))
        large = await email.send(replace(to(1), text="x" * 30_000))
        assert (large.result, large.address_at_fault, post.attempts) == ("permanent", False, 0)
        assert large.reason.startswith("refused: 552")
        assert await email.send(to(2)) == SENT
        await email.aclose()
        assert (post.recipients, len(post.sessions)) == (["p2@cvt.example"], 1)
