"""Digests on the pages, against a real notify: the runs, to whom they went, and any digest for any moment."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.services.dashboard.conftest import Running
from tests.services.dashboard.desk import Desk, begun, desks
from tests.services.notify import samples

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """With one run for the leadership, made and sent; the tests only read."""
    async with desks(tmp_path_factory.mktemp("digests")) as found:
        await begun(found)
        await found.hear(samples.obligation(), samples.obligation("CBC"))
        await found.go("2011-03-18 09:05")
        await found.relay()
        yield found


async def run_of(desk: Desk) -> str:
    (path,) = set(re.findall(r'href="(/digests/digest-[^"?]+)"', await desk.text("/digests?of=leadership")))
    return str(path)


async def test_runs_are_listed_by_audience(desk: Desk) -> None:
    text = await desk.text("/digests")
    assert "Các bản tin đã lập" in text
    assert await run_of(desk) in text
    assert await run_of(desk) not in await desk.text("/digests?of=operations")


async def test_a_run_shows_its_window_its_recipients_and_what_it_said(desk: Desk) -> None:
    path = await run_of(desk)
    text = await desk.text(path)
    for said in ("lãnh đạo", "t…@bo.example", "a…@bo.example", "2 đã gửi", "/deliveries/delivery-"):
        assert said in text
    assert f'src="{path}/content?language=vi&amp;format=html"' in text
    for language, spoken in (("vi", "Trung tâm Thông tin"), ("en", "Information")):
        shown = await desk.operator.get(f"{path}/content?language={language}")
        assert shown.status_code == httpx.codes.OK
        assert f'<html lang="{language}"' in shown.text or spoken in shown.text
        assert shown.text.count('<base target="_blank">') == 1


async def test_what_a_digest_says_can_run_and_fetch_nothing(desk: Desk) -> None:
    text = await desk.text(await run_of(desk))
    (frame,) = re.findall(r"<iframe[^>]*>", text)
    assert "allow-scripts" not in frame
    assert "allow-same-origin" not in frame
    shown = await desk.operator.get("/digests/preview?audience=leadership")
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "script" not in shown.text
    assert not re.search(r'src="(?!data:)', shown.text)


async def test_any_digest_is_previewed_for_any_moment(desk: Desk) -> None:
    text = await desk.text("/digests?audience=leadership&at=2011-03-17T08:00&language=vi")
    (address,) = re.findall(r'<iframe src="([^"]+)"', text)
    assert "at=2011-03-17T08%3A00" in address
    shown = await desk.operator.get(address.replace("&amp;", "&"))
    assert "17/03/2011" in shown.text
    assert "Bản xem trước." in shown.text
    later = await desk.operator.get("/digests/preview?audience=leadership&at=2011-03-18T08:00&language=vi")
    assert "18/03/2011" in later.text
    assert 'value="2011-03-17T08:00"' in text, "the form keeps the moment"
    runs, _ = await desk.notify.books.digests.page(limit=10, cursor=None)
    assert [run.audience for run in runs].count("leadership") == 1, "a preview is not kept"


async def test_a_digest_is_also_a_document_and_plain_text(desk: Desk) -> None:
    document = await desk.operator.get("/digests/preview?audience=leadership&format=pdf")
    assert document.headers["content-type"] == "application/pdf"
    assert document.content.startswith(b"%PDF-")
    assert re.fullmatch(r'inline; filename="[\w.-]+\.pdf"', document.headers["content-disposition"])
    text = await desk.operator.get(f"{await run_of(desk)}/content?format=text")
    assert text.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("audience=nobody", 404),
        ("audience=leadership&at=tomorrow", 422),
        ("audience=leadership&at=99999-01-01T00:00", 422),
        ("audience=operations", 404),
    ],
)
async def test_what_cannot_be_previewed_is_said_within_the_frame(desk: Desk, query: str, status: int) -> None:
    answer = await desk.operator.get(f"/digests/preview?{query}")
    assert answer.status_code == status
    assert 'class="away"' in answer.text
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]


async def test_a_page_is_framed_by_nobody_and_frames_only_our_own(desk: Desk) -> None:
    policy = (await desk.operator.get("/digests")).headers["content-security-policy"]
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


async def test_without_notify_the_frame_says_so(planned: Running) -> None:
    answer = await planned.client.get("/digests/preview?audience=leadership")
    assert answer.status_code == httpx.codes.GATEWAY_TIMEOUT
    assert "Dịch vụ thông báo hiện không trả lời." in answer.text
    assert (await planned.client.get("/digests/digest-none")).status_code == httpx.codes.NOT_FOUND
