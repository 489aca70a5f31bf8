"""Failures and what follows: addresses switched off, alerts, fallback, bounces, resend and cancel, two instances."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
import pytest

from services.notify.domain.contacts import Target
from services.notify.domain.deliveries import Delivery, claimed
from services.notify.domain.deliveries_ladder import EMAIL, WEBHOOK, expires_at_ms, next_try_ms
from services.notify.domain.links import Links
from services.notify.domain.preferences import Preferences
from shared.clock import FixedClock
from tests.services.notify import samples
from tests.services.notify.conftest import SECRET, Running, Starter
from tests.services.notify.post import Post
from tests.services.notify.receiver import Receiver, receiver
from tests.services.notify.samples import at
from tests.services.notify.test_channels import SECRET as HOOK_SECRET
from tests.services.notify.test_http import READ, WRITE, bearer
from tests.services.notify.test_recipients import AN, NOW, add, notice

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")]

MINUTE, HOUR = 60_000, 3_600_000
LOOPBACK = {"webhook_private_networks": "127.0.0.0/8", "chat_schemes": "json", "webhook_timeout_seconds": 2.0}


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with client(running) as one:
        yield one


def client(running: Running) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=running.notify.app), base_url="http://notify")


async def known(running: Running) -> None:
    """The plan, its standing body, and a unit with this recipient."""
    unit = samples.unit("CVT", samples.contact("report_officer", AN))
    await running.hear(samples.plan_state(samples.plan()), samples.center(), unit)


async def prefer(running: Running, *channels: Target) -> None:
    assert await running.notify.books.preferences.save(Preferences(AN, channels=channels, revision=1))


async def by_channel(running: Running) -> dict[str, Delivery]:
    return {one.channel: one for one in await running.deliveries() if one.recipient == AN}


def test_retries_grow_are_spread_and_end() -> None:
    for channel, ladder, hours in (("email", EMAIL, 4), ("webhook", WEBHOOK, 72)):
        now, tries = NOW, [NOW]
        while now < expires_at_ms(channel, NOW):
            now = next_try_ms(channel, key="delivery-1", attempts=len(tries), first_try_ms=NOW, now_ms=now)
            tries.append(now)
        gaps = [later - earlier for earlier, later in pairwise(tries)]
        assert gaps[0] == 0, "at once"
        assert gaps[: len(ladder.delays_ms)] == sorted(gaps[: len(ladder.delays_ms)])
        assert tries[-1] - NOW == hours * HOUR
    others = {next_try_ms("email", key=f"delivery-{n}", attempts=3, first_try_ms=NOW, now_ms=NOW) for n in range(50)}
    assert len(others) > 40
    assert all(5 * MINUTE <= one - NOW <= 5.5 * MINUTE for one in others)


def test_a_receivers_patience_is_respected_up_to_the_expiry() -> None:
    asked = next_try_ms("webhook", key="d", attempts=1, first_try_ms=NOW, now_ms=NOW, retry_after_ms=HOUR)
    assert asked == NOW + HOUR
    late = next_try_ms(
        "webhook", key="d", attempts=1, first_try_ms=NOW - 71 * HOUR, now_ms=NOW, retry_after_ms=9 * HOUR
    )
    assert late == NOW + HOUR


async def test_a_dead_mailbox_is_switched_off_told_and_the_next_channel_takes_over(
    start: Starter, post: Post, clock: FixedClock, hook: Receiver
) -> None:
    async with start(post, clock, **LOOPBACK) as running, client(running) as http:
        await known(running)
        chat = f"json://bot:geheim@127.0.0.1:{hook.port}/room?retry=0"
        await prefer(running, Target("email", AN), Target("chat", chat))
        post.rcpt_answers = ["550 5.1.1 no such user an@cvt.example"]
        await add(running, notice("one"))
        await running.go(NOW)
        seen = await by_channel(running)
        assert (seen["email"].status, seen["email"].decision) == (
            "PERMANENT_FAILURE", "refused: 550 5.1.1 no such user <address>",
        )  # fmt: skip
        assert (seen["chat"].status, seen["chat"].cause) == ("SENT", "fallback_from: email")
        assert seen["chat"].origin == seen["email"].id
        [off] = (await http.get("/v1/addresses?status=DISABLED", headers=READ)).json()["items"]
        assert (off["shown"], off["reason"]) == ("a…@cvt.example", seen["email"].decision)
        [alert] = await running.notify.books.alerts.open_of_rule("DELIVERY_PROBLEM")
        assert (alert.unit, alert.subject, alert.points) == ("CVT", off["address"], 0)
        await add(running, notice("two"))
        await running.go(NOW + MINUTE)
        assert len(hook.requests) == 2, "the address is not tried again"
        assert post.attempts == 1
        path = f"/v1/addresses/{off['address']}/enable"
        assert (await http.post(path, json={"reason": "hộp thư mới"}, headers=READ)).status_code == 403
        answer = await http.post(path, json={"reason": "hộp thư đã mở lại"}, headers=WRITE)
        assert (answer.status_code, answer.json()["status"]) == (200, "ACTIVE")
        assert await running.notify.books.alerts.open_of_rule("DELIVERY_PROBLEM") == []
        await add(running, notice("three"))
        await running.go(NOW + 2 * MINUTE)
        assert post.recipients == [AN]
        for text in (alert.detail, off, [one.state() for one in await running.deliveries()]):
            assert "geheim" not in str(text)
            assert AN not in str(text)


async def test_the_alert_ends_when_the_unit_names_another_contact(running: Running) -> None:
    await known(running)
    running.post.rcpt_answers = ["550 no such user"]
    await add(running, notice("one"))
    await running.go(NOW)
    assert len(await running.notify.books.alerts.open_of_rule("DELIVERY_PROBLEM")) == 1
    other = samples.unit("CVT", samples.contact("report_officer", "binh@cvt.example"), revision=2)
    old = samples.unit("CBC", samples.contact("report_officer", AN))
    await running.hear(other, old)
    await running.go(NOW + 11 * MINUTE)
    assert await running.notify.books.alerts.open_of_rule("DELIVERY_PROBLEM") == []


async def test_spam_is_final_without_a_word_against_the_address(running: Running) -> None:
    running.post.data_answers = ["554 5.7.1 spam"]
    await add(running, notice("one"))
    await running.go(NOW)
    await add(running, notice("two"))
    await running.go(NOW + 1)
    assert sorted(one.status for one in await running.deliveries()) == ["PERMANENT_FAILURE", "SENT"]


async def test_a_webhook_that_is_gone_is_switched_off_and_mail_takes_over(
    start: Starter, post: Post, clock: FixedClock, hook: Receiver
) -> None:
    async with start(post, clock, **LOOPBACK) as running:
        await known(running)
        await prefer(running, Target("webhook", hook.url, HOOK_SECRET))
        hook.answers = ["410 Gone"]
        await add(running, notice("one"))
        await running.go(NOW)
        await add(running, notice("two"))
        await running.go(NOW + MINUTE)
        assert len(hook.requests) == 1
        assert post.recipients == [AN, AN], "mail is the last resort though nobody named it"
        [address], _ = await running.notify.books.addresses.page(status="DISABLED", limit=9, cursor=None)
        assert (address.shown, address.reason) == ("http://127.0.0.1/…", "gone: 410")


async def test_a_busy_webhook_is_tried_when_it_asked_and_given_up_after_three_days(
    start: Starter, post: Post, clock: FixedClock, hook: Receiver
) -> None:
    async with start(post, clock, **LOOPBACK) as running:
        await prefer(running, Target("webhook", hook.url, HOOK_SECRET))
        hook.answers = ["429 Slow|retry-after: 600", "hang", "503 Away"]
        await add(running, notice("one"))
        await running.go(NOW)
        await running.go(NOW + 10 * MINUTE - 1)
        assert len(hook.requests) == 1
        await running.go(NOW + 10 * MINUTE)
        one = (await by_channel(running))["webhook"]
        assert (len(hook.requests), one.decision) == (2, "timeout")
        hook.answers = ["500 Oh"] * 100
        while (one := (await by_channel(running))["webhook"]).status == "TEMPORARY_FAILURE":
            await running.go(one.next_at_ms)
        assert (one.status, one.decision) == ("TECHNICAL_FAILURE", "gave_up: answered: 500")
        assert one.changed_at_ms == NOW + 72 * HOUR
        assert {got.headers["webhook-id"] for got in hook.requests} == {one.id}
        assert post.recipients == [AN]
        assert (await running.notify.books.addresses.page(status=None, limit=9, cursor=None))[0] == []


async def test_a_repeat_after_a_crash_has_the_same_id_and_is_counted(
    start: Starter, post: Post, clock: FixedClock, hook: Receiver
) -> None:
    async with start(post, clock, **LOOPBACK) as running:
        await prefer(running, Target("webhook", hook.url, HOOK_SECRET))
        await add(running, notice("one"))
        clock.set(NOW)
        books, work = running.notify.books, running.notify.work.deliveries
        [due] = await books.deliveries.due(NOW, 10)
        ready = await work.deliver._admit.decide(due, NOW)
        mine = claimed(ready, now_ms=NOW, by="one")
        assert await books.deliveries.replace(mine, now_ms=NOW)
        assert (await work.channels["webhook"].send(mine)).result == "delivered"
        await running.go(NOW + 2 * MINUTE)  # nothing was recorded: the lease ran out, another took it up
        first, second = hook.requests
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        one = (await by_channel(running))["webhook"]
        assert (one.status, one.repeats, one.attempts) == ("DELIVERED", 1, 2)


async def test_two_instances_send_each_message_once(start: Starter, post: Post, clock: FixedClock) -> None:
    async with start(post, clock) as one, start(post, clock) as two:
        made = [notice(f"n{number}", recipient=f"p{number}@cvt.example") for number in range(40)]
        await add(one, *made)
        clock.set(NOW)
        await asyncio.gather(one.notify.schedule.run_once(), two.notify.schedule.run_once())
        assert post.recipients == sorted(delivery.recipient for delivery in made)
        assert one.notify.schedule.faults == two.notify.schedule.faults == {}


async def test_what_was_left_behind_for_hours_is_taken_up(running: Running) -> None:
    await add(running, notice("one"))
    await running.go(NOW + 5 * HOUR)
    assert running.post.recipients == [AN]


def bounce(action: str, status: str, *, to: str = "bounces@tiendo.example", message_id: str = "<x@y.example>") -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; an@cvt.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--B\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {message_id}\r\nSubject: x\r\n\r\nhi\r\n--B--\r\n"
    ).encode()


RAW = {"content-type": "message/rfc822"}


async def test_a_bounce_is_matched_by_its_return_address_and_disables_the_address(
    start: Starter, post: Post, clock: FixedClock
) -> None:
    async with start(post, clock, bounce_address="bounces@tiendo.example") as running, client(running) as http:
        await known(running)
        await add(running, notice("one"))
        await running.go(NOW)
        [back] = post.senders
        [one] = await running.deliveries()
        tag = Links(public_url="", secret=SECRET, days=1).bounce_tag(one.id)
        assert back == f"bounces+{one.id.removeprefix('delivery-')}-{tag}@tiendo.example"
        forged = bounce("failed", "5.1.1", to=back.replace(tag, "0" * 12), message_id=f"<{one.id}@tiendo.example>")
        assert (await http.post("/v1/bounces", content=forged, headers=WRITE | RAW)).status_code == 404
        assert (await http.post("/v1/bounces", content=b"", headers=READ | RAW)).status_code == 403
        assert (
            await http.post("/v1/bounces", content=b"Subject: hi\r\n\r\nhi", headers=WRITE | RAW)
        ).status_code == 422
        assert (await http.post("/v1/bounces", json={}, headers=WRITE)).status_code == 415
        for _ in range(2):
            answer = await http.post("/v1/bounces", content=bounce("failed", "5.1.1", to=back), headers=WRITE | RAW)
            assert (answer.status_code, answer.json()["status"]) == (200, "PERMANENT_FAILURE")
            assert answer.json()["decision"] == "bounced: 5.1.1"
        await running.go(NOW + MINUTE)
        [address], _ = await running.notify.books.addresses.page(status="DISABLED", limit=9, cursor=None)
        assert address.reason == "bounced: 5.1.1"


@pytest.mark.parametrize(
    ("action", "code", "status", "decision"),
    [
        ("delayed", "4.4.1", "TEMPORARY_FAILURE", "delayed: 4.4.1"),
        ("failed", "4.4.7", "TECHNICAL_FAILURE", "bounced: 4.4.7"),
        ("failed", "5.7.1", "PERMANENT_FAILURE", "bounced: 5.7.1"),
        ("delivered", "2.0.0", "DELIVERED", "confirmed_by_mail_system"),
    ],
)
async def test_a_bounce_is_matched_by_the_message_id_where_no_return_address_is_used(
    running: Running, http: httpx.AsyncClient, *, action: str, code: str, status: str, decision: str
) -> None:
    await add(running, notice("one"))
    await running.go(NOW)
    [one] = await running.deliveries()
    raw = bounce(action, code, message_id=f"<{one.id}@tiendo.example>")
    answer = await http.post("/v1/bounces", content=raw, headers=WRITE | RAW)
    assert (answer.json()["status"], answer.json()["decision"]) == (status, decision)
    await running.go(NOW + 5 * HOUR)
    assert len(running.post.messages) == 1
    assert (await running.notify.books.addresses.page(status=None, limit=9, cursor=None))[0] == []


async def test_an_operator_sends_again_and_it_is_a_new_message(running: Running, http: httpx.AsyncClient) -> None:
    await add(running, notice("one"))
    path = f"/v1/deliveries/{notice('one').id}/resend"
    wish = {"reason": "người nhận báo chưa thấy"}
    running.clock.set(NOW)
    assert (await http.post(path, json=wish, headers=WRITE)).status_code == 409, "it still waits"
    await running.go(NOW)
    assert (await http.post(path, json=wish, headers=READ)).status_code == 403
    answer = await http.post(path, json=wish, headers=WRITE)
    assert (answer.status_code, answer.json()["note"]) == (201, wish["reason"])
    assert answer.json()["origin"] == notice("one").id
    await running.go(NOW + 1)
    first, second = running.post.to(AN)
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Subject"] == second["Subject"]
    audit = await http.get("/v1/audit", params={"chain": "P"}, headers=bearer("audit:read"))
    [line] = audit.json()["items"]
    assert (line["what"], line["by"], line["facts"]["reason"]) == ("delivery.resent", "someone", wish["reason"])
    assert (await http.post("/v1/deliveries/delivery-none/resend", json=wish, headers=WRITE)).status_code == 404


async def test_an_operator_cancels_what_waits_and_nothing_else(running: Running, http: httpx.AsyncClient) -> None:
    running.post.rcpt_answers = ["451 later", "451 later"]
    await add(running, notice("one"))
    await running.go(NOW)
    path = f"/v1/deliveries/{notice('one').id}/cancel"
    wish = {"reason": "gửi nhầm đơn vị"}
    answer = await http.post(path, json=wish, headers=WRITE)
    assert (answer.json()["status"], answer.json()["decision"]) == ("CANCELLED", "cancelled_by_operator")
    assert (await http.post(path, json=wish, headers=WRITE)).status_code == 409
    await running.go(NOW + 5 * HOUR)
    assert running.post.messages == []
    verdict = await http.get("/v1/audit/verify", params={"chain": "P"}, headers=bearer("audit:read"))
    assert verdict.json()["intact"] is True


async def test_why_tells_every_step_with_words_and_goes_on_by_cursor(running: Running, http: httpx.AsyncClient) -> None:
    await known(running)
    await running.notify.books.preferences.save(Preferences(AN, quiet_begin="08:00", quiet_end="10:00", revision=1))
    running.post.rcpt_answers = ["452 full", "452 full"]
    await add(running, notice("one"))
    await running.go(NOW)
    await running.go(NOW + HOUR)
    await running.go(NOW + 2 * HOUR)
    seen: list[dict[str, object]] = []
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = await http.get("/v1/why", params={"recipient": AN, "limit": "2"} | more, headers=READ)
        seen += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
    assert [(one["status"], one["reason"]) for one in seen] == [
        ("SENT", "accepted: kept"),
        ("TEMPORARY_FAILURE", "try_later: 452 full"),
        ("TEMPORARY_FAILURE", "try_later: 452 full"),
        ("CREATED", "recipient_quiet_hours"),
        ("CREATED", "first"),
    ]
    assert seen[3]["words"] == {
        "vi": "đang trong giờ yên tĩnh của người nhận", "en": "within the recipient's quiet hours",
    }  # fmt: skip
    assert AN not in str(seen)
    both = await http.get("/v1/why", params={"recipient": AN, "subject": "alert-one"}, headers=READ)
    assert both.status_code == 200
    of_unit = await http.get("/v1/why", params={"unit": "CVT", "recipient": AN}, headers=READ)
    assert len(of_unit.json()["items"]) == 5
    other = await http.get("/v1/why", params={"unit": "CBC", "recipient": AN}, headers=READ)
    assert other.json()["items"] == []
    assert at("2011-03-11 10:00") == NOW + HOUR
