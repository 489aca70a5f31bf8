"""Deliveries on the pages, against a real notify and a real mail server: steps, reasons, sent again, cancelled."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.notify.domain.deliveries import Delivery
from tests.services.dashboard.desk import Desk, desks
from tests.services.notify import samples

pytestmark = pytest.mark.anyio
OFFICER = "an@cvt.example"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desks(tmp_path) as found:
        await found.hear(samples.plan_state(samples.plan(), samples.at("2011-01-03 08:00")), samples.center())
        await found.hear(samples.unit("CVT", samples.contact("report_officer", OFFICER)), samples.obligation())
        yield found


async def deliveries(desk: Desk) -> list[Delivery]:
    found, _ = await desk.notify.books.deliveries.page(kind=None, status=None, limit=20, cursor=None)
    return found


async def reminded(desk: Desk) -> Delivery:
    await desk.go("2011-03-11 09:05")
    await desk.relay()
    (sent,) = await deliveries(desk)
    return sent


async def test_a_delivery_shows_its_steps_and_the_decisions_behind_it(desk: Desk) -> None:
    sent = await reminded(desk)
    assert f'href="/deliveries/{sent.id}"' in await desk.text("/deliveries")
    text = await desk.text(f"/deliveries/{sent.id}")
    for said in ("a…@cvt.example", "máy chủ đã nhận", "đang gửi", "Các quyết định liên quan", "/units/CVT"):
        assert said in text
    assert OFFICER not in text, "addresses are shortened"
    assert 'value="resend"' in text
    assert 'value="cancel"' not in text, "what has left cannot be cancelled"


async def test_a_delivery_is_sent_again_with_a_reason(desk: Desk) -> None:
    sent = await reminded(desk)
    short = await desk.press(f"/deliveries/{sent.id}", "resend", reason=" a ")
    assert short.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    answer = await desk.press(f"/deliveries/{sent.id}", "resend", reason="người nhận báo chưa thấy")
    assert answer.status_code == httpx.codes.SEE_OTHER
    assert "Đã gửi lại: 1" in await desk.text(answer.headers["location"])
    again, first = await deliveries(desk)
    assert (again.origin, again.note, first.resends) == (sent.id, "người nhận báo chưa thấy", 1)
    assert again.id in await desk.text("/deliveries"), "the new one is there before its event"
    await desk.go("2011-03-11 09:06")
    assert len(desk.post.to(OFFICER)) == 2


async def test_what_waits_is_cancelled_and_what_left_is_not(desk: Desk) -> None:
    desk.post.data_answers = ["451 later"] * 9
    waiting = await reminded(desk)
    text = await desk.text(f"/deliveries/{waiting.id}")
    assert 'value="cancel"' in text
    assert 'value="resend"' not in text
    answer = await desk.press("/deliveries", "cancel", delivery=[waiting.id], reason="nhầm người nhận")
    assert "Đã hủy: 1" in await desk.text(answer.headers["location"])
    assert [one.status for one in await deliveries(desk)] == ["CANCELLED"]
    refused = await desk.press("/deliveries", "cancel", delivery=[waiting.id], reason="nhầm người nhận")
    assert refused.status_code == httpx.codes.CONFLICT
    assert "không hủy được" in refused.text
    assert 'value="nhầm người nhận"' in refused.text
    await desk.go("2011-03-11 12:00")
    assert desk.post.to(OFFICER) == []


async def test_who_may_not_write_is_refused(desk: Desk) -> None:
    sent = await reminded(desk)
    async with desk.person("auditor") as auditor:
        assert 'name="do"' not in (await auditor.get(f"/deliveries/{sent.id}")).text
        answer = await desk.press(f"/deliveries/{sent.id}", "resend", by=auditor, reason="thử xem")
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "Cần quyền notify:write" in answer.text
    assert len(await deliveries(desk)) == 1
    async with desk.person("operator", plan="P") as limited:
        assert (await limited.get("/deliveries")).status_code == httpx.codes.FORBIDDEN
        assert (await limited.get(f"/deliveries/{sent.id}")).status_code == httpx.codes.FORBIDDEN
        assert (await limited.get("/why?unit=CVT")).status_code == httpx.codes.FORBIDDEN


async def test_why_names_every_decision_sent_or_not(desk: Desk) -> None:
    await reminded(desk)
    assert "Nêu người nhận, đơn vị, đối tượng" in await desk.text("/why")
    text = await desk.text(f"/why?recipient={OFFICER}")
    assert "đã gửi" in text
    text = await desk.text("/why?unit=CVT")
    assert "đã lên lịch" in text, "what was not sent has its reason too"
    assert re.search(r'href="/deliveries/delivery-[^"]+">Tin gửi', text)
    assert "Chưa có quyết định nào về nội dung này." in await desk.text("/why?subject=alert-none")
    await desk.stop_notify()
    assert 'class="away"' in await desk.text("/why?unit=CVT")


async def test_a_delivery_is_shown_as_events_told_while_notify_is_away(desk: Desk) -> None:
    sent = await reminded(desk)
    await desk.stop_notify()
    text = await desk.text(f"/deliveries/{sent.id}")
    assert text.count('class="away"') == 2
    assert "a…@cvt.example" in text


async def test_the_pipeline_shows_the_auditors_last_pass(desk: Desk) -> None:
    assert "Chưa đối soát từ khi dịch vụ thông báo khởi động" in await desk.text("/pipeline")
    await reminded(desk)
    text = await desk.text("/pipeline")
    assert "Lần đối soát gần nhất 11/03/2011 09:05: mọi tin cần gửi đều đã gửi" in text
    assert "Nhắc việc đã đến hạn mà chưa quyết định: 0" in text
    assert "100% trong 1 nhắc việc đến hạn được gửi trong vòng 15 phút" in text
    await desk.stop_notify()
    assert 'class="away"' in await desk.text("/pipeline")


async def test_what_a_message_said_is_shown_in_a_frame_that_runs_nothing(desk: Desk) -> None:
    sent = await reminded(desk)
    (frame,) = re.findall(r"<iframe[^>]*>", await desk.text(f"/deliveries/{sent.id}"))
    assert f'src="/deliveries/{sent.id}/content?format=html"' in frame
    assert "allow-scripts" not in frame
    shown = await desk.operator.get(f"/deliveries/{sent.id}/content")
    assert "Báo cáo Quý I/2011" in shown.text
    assert "sandbox" in shown.headers["content-security-policy"]
    text = await desk.operator.get(f"/deliveries/{sent.id}/content?format=text")
    assert text.headers["content-type"].startswith("text/plain")
    assert "token=" not in shown.text + text.text, "nobody but the recipient has their links"
    assert (await desk.operator.get("/deliveries/delivery-none/content")).status_code == httpx.codes.NOT_FOUND


async def test_what_was_given_up_says_why_once(desk: Desk) -> None:
    desk.post.data_answers = ["451 greylisted"] * 30
    given_up = await reminded(desk)
    for hour in range(10, 15):
        await desk.go(f"2011-03-11 {hour}:10")
    text = await desk.text(f"/why?subject={given_up.id}")
    assert "đã hết thời gian thử lại: máy chủ yêu cầu thử lại sau: 451 greylisted" in text
    assert "try_later" not in text


async def test_why_says_until_when_a_reminder_waits(desk: Desk) -> None:
    await reminded(desk)
    text = await desk.text("/why?unit=CVT")
    assert "xem xét lại lúc 15/03/2011 09:00" in text
    assert "QUY Quý I/2011: nhắc trước hạn (BEFORE-1)" in text, "what it is about stands in words"
