"""Deliveries: every state, every kind of refusal, and a crash between every two steps."""

from __future__ import annotations

import pytest

from services.notify.channels.email import Email
from services.notify.domain.contacts import Recipient
from services.notify.domain.deliveries import Delivery, Letter, Outcome, claimed, created
from services.notify.main import smtp_server
from services.notify.settings import NotifySettings
from shared.clock import FixedClock
from shared.events.notice import DeliveryState
from shared.store.pending import envelope_of
from tests.services.notify import samples
from tests.services.notify.conftest import SECRET, Running, Starter
from tests.services.notify.post import Post, text_of
from tests.services.notify.samples import at

pytestmark = pytest.mark.anyio

NOW = at("2011-03-11 09:00")
MINUTE = 60_000


def delivery(address: str = "an@cvt.example", slot: str = "2011-03-11") -> Delivery:
    return created(
        kind="reminder",
        subject="reminder-1",
        slot=slot,
        plan="P",
        unit="CVT",
        recipient=Recipient(address, None, "vi", samples.ZONE),
        covers=("reminder-1",),
        letter=Letter("Một báo cáo sắp đến hạn", "<p>Quý I/2011</p>", "Quý I/2011\n"),
        reason="due",
        now_ms=NOW,
    )


async def held(running: Running) -> DeliveryState:
    [one] = await running.deliveries()
    return one.state()


async def test_a_sent_message_carries_what_mail_systems_need(running: Running) -> None:
    made = delivery()
    await running.notify.books.deliveries.add(made, now_ms=NOW)
    await running.go(NOW)
    [message] = running.post.to("an@cvt.example")
    assert message["Message-ID"] == f"<{made.id}@tiendo.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Id"] == "Tiendo reminder <reminder.tiendo.tiendo.example>"
    assert message["Date"] == "Fri, 11 Mar 2011 02:00:00 +0000"
    assert message["Subject"] == "Một báo cáo sắp đến hạn"
    assert text_of(message).startswith("Quý I/2011")
    assert "<p>Quý I/2011</p>" in text_of(message, "html")
    state = await held(running)
    assert (state.status, state.attempts, state.recipient) == ("SENT", 1, "a…@cvt.example")


async def test_others_hear_how_an_attempt_ended_and_not_that_it_began(running: Running) -> None:
    running.post.rcpt_answers = ["452 full", "250 OK"]
    made = delivery()
    await running.notify.books.deliveries.add(made, now_ms=NOW)
    await running.go(NOW)
    document = await running.notify.store.get("deliveries", made.id)
    assert document is not None
    told = [envelope_of(event)["data"] for event in document["pending"]]
    assert [state["status"] for state in told] == ["CREATED", "TEMPORARY_FAILURE", "SENT"]
    assert [state["attempts"] for state in told] == [0, 1, 2]


async def test_a_full_mailbox_is_tried_at_once_then_after_a_growing_delay(running: Running) -> None:
    running.post.rcpt_answers = ["452 full", "452 full", "250 OK"]
    await running.notify.books.deliveries.add(delivery(), now_ms=NOW)
    await running.go(NOW)
    assert running.post.attempts == 2
    assert (await held(running)).status == "TEMPORARY_FAILURE"
    [waiting] = await running.deliveries()
    assert NOW + 2 * MINUTE <= waiting.next_at_ms < NOW + 2.2 * MINUTE, "two minutes and a little, kept in the store"
    await running.go(waiting.next_at_ms - 1)
    assert running.post.attempts == 2
    await running.go(waiting.next_at_ms)
    assert (await held(running)).status == "SENT"
    assert len(running.post.messages) == 1


async def test_after_four_hours_it_is_given_up(running: Running) -> None:
    running.post.rcpt_answers = ["451 later"] * 100
    await running.notify.books.deliveries.add(delivery(), now_ms=NOW)
    for step in range(0, 4 * 60 + 6, 5):
        await running.go(NOW + step * MINUTE)
    state = await held(running)
    assert state.status == "TECHNICAL_FAILURE"
    assert state.decision.startswith("gave_up: try_later: 451")
    assert running.post.attempts == state.attempts == 10


async def test_an_unknown_mailbox_is_final_at_once(running: Running) -> None:
    running.post.rcpt_answers = ["550 no such user"]
    await running.notify.books.deliveries.add(delivery(), now_ms=NOW)
    await running.go(NOW)
    await running.go(NOW + 60 * MINUTE)
    state = await held(running)
    assert (state.status, state.decision, state.attempts) == ("PERMANENT_FAILURE", "refused: 550 no such user", 1)
    [address], _ = await running.notify.books.addresses.page(status="DISABLED", limit=10, cursor=None)
    assert (address.shown, address.reason) == ("a…@cvt.example", "refused: 550 no such user")


async def test_a_refusal_of_the_data_is_final_and_a_busy_server_is_not(running: Running) -> None:
    running.post.data_answers = ["421 busy", "554 spam"]
    await running.notify.books.deliveries.add(delivery(), now_ms=NOW)
    await running.go(NOW)
    state = await held(running)
    assert (state.status, state.attempts) == ("PERMANENT_FAILURE", 2)


@pytest.mark.parametrize("fault", ["drop", "keep and drop", "hang"])
async def test_no_answer_to_the_data_is_tried_again_under_the_same_message_id(running: Running, fault: str) -> None:
    running.post.data_answers = [fault]
    await running.notify.books.deliveries.add(delivery(), now_ms=NOW)
    await running.go(NOW)
    assert (await held(running)).status == "SENT"
    messages = running.post.to("an@cvt.example")
    assert len(messages) == (2 if fault == "keep and drop" else 1)
    assert len({message["Message-ID"] for message in messages}) == 1


async def test_a_server_that_is_away_loses_nothing(start: Starter, clock: FixedClock) -> None:
    async with start(Post(port=1), clock) as running:
        await running.notify.books.deliveries.add(delivery(), now_ms=NOW)
        await running.go(NOW)
        state = await held(running)
        assert (state.status, state.decision) == ("TEMPORARY_FAILURE", "server_away")


async def test_the_same_notice_is_created_once(running: Running) -> None:
    books = running.notify.books
    assert await books.deliveries.add(delivery(), now_ms=NOW)
    assert not await books.deliveries.add(delivery(), now_ms=NOW + 1)
    assert await books.deliveries.add(delivery(slot="2011-03-12"), now_ms=NOW)
    assert await books.deliveries.add(delivery("binh@cvt.example"), now_ms=NOW)


async def test_a_crash_after_the_claim_delays_and_does_not_lose(running: Running) -> None:
    books = running.notify.books
    await books.deliveries.add(delivery(), now_ms=NOW)
    [one] = await books.deliveries.due(NOW, 10)
    assert await books.deliveries.replace(claimed(one, now_ms=NOW), now_ms=NOW)
    await running.go(NOW + MINUTE)
    assert running.post.messages == [], "the lease is still held"
    await running.go(NOW + 2 * MINUTE)
    assert len(running.post.messages) == 1
    assert (await held(running)).attempts == 2


async def test_a_crash_after_the_send_repeats_under_the_same_message_id(running: Running) -> None:
    books = running.notify.books
    await books.deliveries.add(delivery(), now_ms=NOW)
    [one] = await books.deliveries.due(NOW, 10)
    mine = claimed(one, now_ms=NOW)
    assert await books.deliveries.replace(mine, now_ms=NOW)
    settings = NotifySettings(token_secret=SECRET, store_url="sqlite:///unused", smtp_port=running.post.port)
    mail = Email(smtp_server(settings), running.clock)
    outcome = await mail.send(mine)
    await mail.aclose()
    assert outcome.result == "sent"
    await running.go(NOW + 2 * MINUTE)  # nothing was recorded: the next one repeats
    first, second = running.post.to("an@cvt.example")
    assert first["Message-ID"] == second["Message-ID"]
    assert (await held(running)).status == "SENT"


async def test_a_restarted_instance_takes_up_its_own_work_at_once(running: Running) -> None:
    books, deliver = running.notify.books, running.notify.work.deliver
    for slot, owner in (("mine", deliver._instance), ("another's", "another")):
        await books.deliveries.add(delivery(f"{owner[:3].lower()}@cvt.example", slot), now_ms=NOW)
        [one] = await books.deliveries.due(NOW, 10)
        assert await books.deliveries.replace(claimed(one, now_ms=NOW, by=owner), now_ms=NOW)
    assert await deliver.resume() == 1
    await running.go(NOW + 1)
    assert running.post.recipients == [f"{deliver._instance[:3].lower()}@cvt.example"]


async def test_who_lost_the_lease_does_not_overwrite_the_record_of_who_took_over(running: Running) -> None:
    books, work = running.notify.books, running.notify.work
    await books.deliveries.add(delivery(), now_ms=NOW)
    [one] = await books.deliveries.due(NOW, 10)
    slow = claimed(one, now_ms=NOW)
    assert await books.deliveries.replace(slow, now_ms=NOW)
    await running.go(NOW + 2 * MINUTE)
    await work.deliver._record(slow, Outcome("permanent", "refused: too late"))
    assert (await held(running)).status == "SENT"


async def test_a_claim_is_won_once(start: Starter, post: Post, clock: FixedClock) -> None:
    async with start(post, clock) as one, start(post, clock) as two:
        await one.notify.books.deliveries.add(delivery(), now_ms=NOW)
        [first] = await one.notify.books.deliveries.due(NOW, 10)
        [second] = await two.notify.books.deliveries.due(NOW, 10)
        assert await one.notify.books.deliveries.replace(claimed(first, now_ms=NOW), now_ms=NOW)
        assert not await two.notify.books.deliveries.replace(claimed(second, now_ms=NOW), now_ms=NOW)


async def test_a_crash_between_the_message_and_its_rows_tells_nothing_twice(running: Running) -> None:
    plan, unit = samples.plan(), samples.unit("CVT", samples.contact("report_officer", "an@cvt.example"))
    await running.hear(samples.plan_state(plan), samples.center(), unit, samples.obligation())
    await running.go("2011-03-11 08:00")
    rows = await running.notify.books.reminders.of_obligation(samples.obligation().obligation)
    [due] = [row for row in rows if row.rung == "BEFORE-3"]
    letter = Letter("pinned", "<p>pinned</p>", "pinned\n")
    before = created(
        kind="reminder", subject=due.id, slot="2011-03-11", plan="P", unit="CVT", covers=(due.id,), letter=letter,
        recipient=Recipient("an@cvt.example", None, "vi", samples.ZONE), reason="due", now_ms=NOW,
    )  # fmt: skip
    await running.notify.books.deliveries.add(before, now_ms=NOW)  # ... and here the process died
    await running.go("2011-03-11 10:00")
    assert [message["Subject"] for message in running.post.to("an@cvt.example")] == ["pinned"]
    assert (await running.decisions(due.obligation))["BEFORE-3"] == ("SENT", "due")
