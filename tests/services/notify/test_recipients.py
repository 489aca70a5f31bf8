"""What recipients decide: links without sign-in, one-click unsubscribe, preferences, quiet hours, the day's budget."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest

from services.notify.domain.budget import FoldedLetter
from services.notify.domain.contacts import Recipient
from services.notify.domain.deliveries import Delivery, Letter, created
from services.notify.domain.links import Claim, Links
from services.notify.domain.preferences import Preferences, faults, quiet_until_ms
from shared.clock import FixedClock
from tests.services.notify import samples
from tests.services.notify.conftest import SECRET, Running, Starter
from tests.services.notify.post import Post, text_of
from tests.services.notify.samples import at
from tests.services.notify.test_http import READ, WRITE, bearer

pytestmark = pytest.mark.anyio

NOW = at("2011-03-11 09:00")
MINUTE, DAY = 60_000, 86_400_000
AN = "an@cvt.example"


def notice(slot: str, *, kind: str = "alert", legal: bool = False, recipient: str = AN) -> Delivery:
    return created(
        kind=kind,  # type: ignore[arg-type]
        subject=f"alert-{slot}",
        slot=slot,
        plan="P",
        unit="CVT",
        recipient=Recipient(recipient, None, "vi", samples.ZONE),
        covers=(f"alert-{slot}@1",),
        letter=Letter(f"Thông báo {slot}", f"<p>{slot}</p>", f"nội dung {slot}\n", "alert/vi@0123"),
        reason="first",
        now_ms=NOW,
        legal=legal,
    )


async def add(running: Running, *made: Delivery) -> None:
    for one in made:
        assert await running.notify.books.deliveries.add(one, now_ms=NOW)


async def states(running: Running) -> dict[str, tuple[str, str]]:
    return {one.slot: (one.status, one.decision) for one in await running.deliveries()}


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=running.notify.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        yield client


async def mailed_link(running: Running, *, kind: str = "alert") -> tuple[str, str]:
    """(unsubscribe, preferences) as paths, from a message that really arrived."""
    await add(running, notice("one", kind=kind))
    await running.go(NOW)
    [message] = running.post.to(AN)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    off = str(message["List-Unsubscribe"]).strip("<>")
    mine = re.search(r"http\S+/v1/preferences/mine\?token=\S+", text_of(message))
    assert mine is not None
    assert off in text_of(message, "html").replace("&amp;", "&")
    return tuple(f"{urlsplit(url).path}?{urlsplit(url).query}" for url in (off, mine[0]))  # type: ignore[return-value]


async def test_one_click_unsubscribe_switches_the_kind_off_and_a_get_does_not(
    running: Running, http: httpx.AsyncClient
) -> None:
    off, _ = await mailed_link(running)
    asked = await http.get(off)
    assert (asked.status_code, asked.headers["cache-control"]) == (200, "no-store")
    assert "form-action 'self'" in asked.headers["content-security-policy"]
    assert 'lang="vi"' in asked.text
    assert "Ngừng nhận" in asked.text
    assert (await running.notify.books.preferences.of(AN)).off == ()
    done = await http.post(off, data={"List-Unsubscribe": "One-Click"}, headers={"accept-language": "en"})
    assert done.status_code == 200
    assert "sẽ không nhận nữa: Cảnh báo kiểm tra" in done.text, "the page speaks as the message did"
    assert (await http.post(off)).status_code == 200, "asked twice, done once"
    held = await running.notify.books.preferences.of(AN)
    assert (held.off, held.changed_by, held.revision) == (("alert",), "recipient", 1)
    await add(running, notice("two"), notice("three", kind="reminder"), notice("legal", legal=True))
    await running.go(NOW + MINUTE)
    seen = await states(running)
    assert seen["two"] == ("CANCELLED", "switched_off_by_recipient")
    assert [seen[slot][0] for slot in ("three", "legal")] == ["SENT", "SENT"]


async def test_a_legal_notice_offers_no_way_to_switch_it_off(running: Running) -> None:
    await add(running, notice("legal", kind="reminder", legal=True))
    await running.go(NOW)
    [message] = running.post.to(AN)
    assert message["List-Unsubscribe"] is None
    assert "không thể tắt" in text_of(message)


@pytest.mark.parametrize("path", ["/v1/unsubscribe", "/v1/preferences/mine"])
async def test_links_are_signed_bounded_in_time_and_of_one_purpose(
    running: Running, http: httpx.AsyncClient, path: str
) -> None:
    links = Links(public_url="http://notify", secret=SECRET, days=60)
    other = Links(public_url="http://notify", secret=SECRET + "!", days=60)
    running.clock.set(NOW)
    good = Claim("unsubscribe" if "unsub" in path else "preferences", AN, "alert", NOW + MINUTE)
    wrong = Claim("preferences" if "unsub" in path else "unsubscribe", AN, "alert", NOW + MINUTE)
    tokens = [
        other.token(good), links.token(wrong), links.token(replace(good, expires_at_ms=NOW)), "x", "a.b", "é.é",
        links.token(good)[:-2], bearer("notify:write")["authorization"].split()[1],
    ]  # fmt: skip
    for method in ("GET", "POST"):
        for token in tokens:
            answer = await http.request(method, path, params={"token": token})
            assert answer.status_code == 410, token
            assert "location" not in answer.headers
    assert (await http.get(path, params={"token": links.token(good)})).status_code == 200
    assert (await running.notify.books.preferences.of(AN)) == Preferences(AN)


async def test_recipients_manage_what_they_receive_without_signing_in(
    running: Running, http: httpx.AsyncClient
) -> None:
    await running.hear(samples.unit("CVT", samples.contact("report_officer", AN)))
    _, mine = await mailed_link(running)
    page = await http.get(mine)
    assert page.text.count("<label") >= 6
    assert 'name="on" value="alert" checked' in page.text
    assert "<script" not in page.text
    form = {"on": ["reminder", "digest"], "language": "en", "quiet_begin": "20:00", "quiet_end": "06:30"}
    saved = await http.post(mine, data=form)
    assert (saved.status_code, "Saved." in saved.text) == (200, True)
    held = await running.notify.books.preferences.of(AN)
    assert (held.off, held.language, held.quiet_begin, held.quiet_end) == (("alert",), "en", "20:00", "06:30")
    assert (await running.notify.books.units.all())["CVT"].contacts[0].language == "en"
    wrong = await http.post(mine, data=form | {"quiet_end": "19:00"})
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (422, True)
    wrong = await http.post(mine, data=form | {"language": "xx"})
    assert wrong.status_code == 422
    assert await running.notify.books.preferences.of(AN) == held


async def test_quiet_hours_delay_and_lose_nothing(running: Running) -> None:
    books = running.notify.books
    await books.preferences.save(Preferences(AN, quiet_begin="20:00", quiet_end="06:30", revision=1))
    await add(running, notice("one"), notice("legal", legal=True))
    await running.go("2011-03-11 22:00")
    assert running.post.recipients == []
    assert set((await states(running)).values()) == {("CREATED", "recipient_quiet_hours")}
    await running.go("2011-03-12 06:29")
    assert running.post.recipients == []
    await running.go("2011-03-12 06:30")
    assert running.post.recipients == [AN, AN]


@pytest.mark.parametrize(
    ("moment", "until"),
    [("2011-03-11 19:59", None), ("2011-03-11 20:00", "2011-03-12 06:00"), ("2011-03-12 05:59", "2011-03-12 06:00"),
     ("2011-03-12 06:00", None)],
)  # fmt: skip
def test_quiet_hours_may_span_midnight(moment: str, until: str | None) -> None:
    held = Preferences(AN, quiet_begin="20:00", quiet_end="06:00")
    assert quiet_until_ms(held, at(moment), samples.ZONE) == (at(until) if until else None)


@pytest.mark.parametrize(
    ("begin", "end", "fault"),
    [("20:00", "", "quiet_hours_not_valid"), ("20:00", "20:00", "quiet_hours_not_valid"),
     ("25:00", "06:00", "quiet_hours_not_valid"), ("06:00", "20:01", "quiet_hours_too_long")],
)  # fmt: skip
def test_quiet_hours_that_cannot_be_kept(begin: str, end: str, fault: str) -> None:
    assert faults(Preferences(AN, quiet_begin=begin, quiet_end=end)) == [fault]


async def test_what_exceeds_the_budget_comes_next_morning_in_one_message(running: Running) -> None:
    made = [notice(f"n{number}") for number in range(8)]
    await add(running, *made)
    await running.go(NOW)
    await add(running, notice("legal", legal=True), notice("digest", kind="digest"))
    await running.go(NOW + MINUTE)
    seen = await states(running)
    held = sorted(slot for slot, state in seen.items() if state == ("CREATED", "over_budget"))
    assert len(held) == 3
    assert seen["legal"][0] == seen["digest"][0] == "SENT"
    assert not set(held) & {"legal", "digest"}
    await running.go("2011-03-12 08:59")
    before = len(running.post.messages)
    await running.go("2011-03-12 09:00")
    assert len(running.post.messages) == before + 1
    carrier = running.post.messages[-1][1]
    assert carrier["Subject"] == "3 thông báo được gửi dồn sáng nay"
    for slot in held:
        assert f"nội dung {slot}" in text_of(carrier)
        assert f"nội dung {slot}" in text_of(carrier, "html")
    assert f"/alerts?plan={made[0].plan}" in text_of(carrier), "its button leads to the alerts"
    after = await states(running)
    [folded] = [one for one in await running.deliveries() if one.slot.startswith("folded@")]
    assert {after[slot] for slot in held} == {("SUPERSEDED", f"folded_into: {folded.id}")}
    assert set(folded.covers) >= {f"alert-{slot}@1" for slot in held}


def test_what_is_folded_is_told_without_saying_anything_twice() -> None:
    def alert(number: int) -> tuple[str, str]:
        foot = "Mở danh sách cảnh báo: http://d.example/alerts?plan=P\n\n--\nThư được gửi khi có cảnh báo mới.\n"
        lines = f"- Đơn vị {number}: Báo cáo quá hạn\n  trung bình, mới"
        return "1 cảnh báo mới", f"1 cảnh báo mới\n\nTại 1 đơn vị, theo Kế hoạch.\n\n{lines}\n\n{foot}"

    letter = FoldedLetter((alert(1), ("Nhắc việc", "Nhắc việc\n\nQuý I\n"), alert(2)), "vi")
    assert letter.parts == (
        (
            "1 cảnh báo mới",
            2,
            (
                "Tại 1 đơn vị, theo Kế hoạch.",
                "- Đơn vị 1: Báo cáo quá hạn\n  trung bình, mới",
                "- Đơn vị 2: Báo cáo quá hạn\n  trung bình, mới",
            ),
        ),
        ("Nhắc việc", 1, ("Quý I",)),
    )


async def test_one_message_over_the_budget_comes_as_it_is(running: Running) -> None:
    await add(running, *[notice(f"n{number}") for number in range(6)])
    await running.go(NOW)
    assert len(running.post.messages) == 5
    await running.go("2011-03-12 09:00")
    assert {status for status, _ in (await states(running)).values()} == {"SENT"}
    assert len(running.post.messages) == 6


async def test_a_crash_while_folding_tells_nothing_twice(running: Running) -> None:
    await add(running, *[notice(f"n{number}") for number in range(8)])
    await running.go(NOW)
    running.clock.set(at("2011-03-12 09:00"))
    fold, books = running.notify.work.deliveries.fold, running.notify.books
    held = await books.deliveries.held_due("over_budget", running.clock.now_ms(), 10)
    carrier = fold._carrier(held, "folded@2011-03-12@0", running.clock.now_ms())
    await books.deliveries.add(carrier, now_ms=running.clock.now_ms())  # ... and here the process died
    await running.go("2011-03-13 00:10")
    assert len(running.post.messages) == 6
    assert len([one for one in await running.deliveries() if one.slot.startswith("folded@")]) == 1


async def test_two_instances_share_one_budget(start: Starter, post: Post, clock: FixedClock) -> None:
    async with start(post, clock) as one, start(post, clock) as two:
        await add(one, *[notice(f"n{number}") for number in range(12)])
        clock.set(NOW)
        await one.notify.schedule.run_once()
        await two.notify.schedule.run_once()
        assert len(post.messages) == 5


async def test_a_held_reminder_of_what_is_done_is_not_sent(running: Running) -> None:
    plan, unit = samples.plan(), samples.unit("CVT", samples.contact("report_officer", AN))
    owed = samples.obligation()
    await running.hear(samples.plan_state(plan), samples.center(), unit, owed)
    await running.notify.books.preferences.save(Preferences(AN, quiet_begin="08:00", quiet_end="14:00", revision=1))
    await running.go("2011-03-11 09:00")
    assert [one.decision for one in await running.deliveries()] == ["recipient_quiet_hours"]
    await running.hear(samples.received(owed, at("2011-03-11 10:00")))
    await running.go("2011-03-11 14:00")
    assert [(one.status, one.decision) for one in await running.deliveries()] == [("SUPERSEDED", "report_received")]
    assert running.post.messages == []


async def test_operators_set_channels_and_see_no_secret_again(start: Starter, post: Post, clock: FixedClock) -> None:
    async with start(post, clock, chat_schemes="json") as running:
        transport = httpx.ASGITransport(app=running.notify.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://notify") as http:
            asked = {"recipient": AN}
            url = "https://hooks.example/in?key=geheim"
            wanted: dict[str, object] = {
                "channels": [{"channel": "webhook", "url": url}, {"channel": "email"}],
                "off": ["digest"],
            }
            assert (await http.put("/v1/preferences", json=wanted, headers=READ, params=asked)).status_code == 403
            answer = await http.put("/v1/preferences", json=wanted, headers=WRITE, params=asked)
            assert answer.status_code == 200, answer.text
            assert answer.json()["webhook_secret"].startswith("whsec_")
            shown = await http.get("/v1/preferences", headers=READ, params=asked)
            assert "geheim" not in shown.text + answer.text
            assert shown.json()["webhook_secret"] is None
            assert [one["address"] for one in shown.json()["channels"]] == ["https://hooks.example/…", "a…@cvt.example"]
            kept = {"channels": [{"channel": "email"}, {"channel": "webhook"}]}
            again = await http.put("/v1/preferences", json=kept, headers=WRITE, params=asked)
            assert again.json()["webhook_secret"] is None
            held = await running.notify.books.preferences.of(AN)
            assert [one.address for one in held.channels] == [AN, url]
            for wrong in ({"channels": [{"channel": "chat", "url": "syslog://"}]}, {"off": ["overdue"]},
                          {"channels": [{"channel": "email"}, {"channel": "email"}]}):  # fmt: skip
                assert (await http.put("/v1/preferences", json=wrong, headers=WRITE, params=asked)).status_code == 422
            audit = await http.get("/v1/audit", params={"chain": "notify"}, headers=bearer("audit:read"))
            assert [(line["what"], line["by"]) for line in audit.json()["items"]] == [
                ("preferences.changed", "someone")
            ] * 2
            assert "geheim" not in audit.text
