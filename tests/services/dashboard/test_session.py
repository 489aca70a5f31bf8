"""Getting in and out, language and theme, and the live channel."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from services.dashboard.handlers.live import Full
from shared.http.tokens import issue_token
from tests.services.dashboard.conftest import SECRET, Running, token
from tests.services.dashboard.samples import obligation
from tests.support.sample_events import NOW_MS
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_stranger_is_told_how_to_get_in(empty: Running) -> None:
    async with empty.stranger() as client:
        for path in ("/", "/alerts", "/deliveries", "/pipeline", "/units/VPC", "/export/ranking.csv", "/live"):
            answer = await client.get(path)
            assert answer.status_code == httpx.codes.UNAUTHORIZED, path
            assert "make run" in answer.text


async def test_the_link_signs_in_and_signing_out_ends_it(empty: Running) -> None:
    async with empty.stranger() as client:
        answer = await client.get("/sign-in", params={"token": token()})
        assert answer.status_code == httpx.codes.SEE_OTHER
        assert answer.headers["location"] == "/"
        cookie = answer.headers["set-cookie"]
        assert "tiendo_session=" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert (await client.get("/")).status_code == httpx.codes.OK
        await client.post("/sign-out")
        assert (await client.get("/")).status_code == httpx.codes.UNAUTHORIZED


async def test_a_token_can_be_pasted(empty: Running) -> None:
    async with empty.stranger() as client:
        assert (await client.post("/sign-in", data={"token": token()})).status_code == httpx.codes.SEE_OTHER
        assert (await client.get("/")).status_code == httpx.codes.OK


async def test_who_follows_the_link_of_a_mail_gets_there_after_signing_in(empty: Running) -> None:
    async with empty.stranger() as client:
        asked = await client.get("/units/VPC", params={"plan": "P", "year": "2011"})
        (onward,) = re.findall(r'name="onward" value="([^"]+)"', asked.text)
        form = {"token": token(), "onward": onward.replace("&amp;", "&")}
        wrong = await client.post("/sign-in", data=form | {"token": "nonsense"})
        assert f'value="{onward}"' in wrong.text, "a mistyped token does not lose the page"
        answer = await client.post("/sign-in", data=form)
        assert answer.headers["location"] == "/units/VPC?plan=P&year=2011"


@pytest.mark.parametrize("foreign", ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\r\nb", "", "a"])
async def test_signing_in_leads_to_no_other_site(empty: Running, foreign: str) -> None:
    async with empty.stranger() as client:
        answer = await client.post("/sign-in", data={"token": token(), "onward": foreign})
        assert answer.headers["location"] == "/"


async def test_a_token_that_is_false_or_has_expired_is_refused(empty: Running) -> None:
    expired = issue_token(SECRET, subject="a", roles=["operator"], expires_at_ms=NOW_MS - 1000, now_ms=NOW_MS - 9000)
    foreign = issue_token("x" * 40, subject="a", roles=["operator"], expires_at_ms=NOW_MS + 9000, now_ms=NOW_MS)
    async with empty.stranger() as client:
        for bad in (expired, foreign, "nonsense", ""):
            answer = await client.get("/sign-in", params={"token": bad})
            assert answer.status_code == httpx.codes.UNAUTHORIZED
            assert "set-cookie" not in answer.headers


async def test_a_session_ends_with_its_token(empty: Running) -> None:
    async with empty.stranger() as client:
        await client.get("/sign-in", params={"token": token()})
        empty.clock.advance(3_600_001)
        assert (await client.get("/")).status_code == httpx.codes.UNAUTHORIZED


async def test_a_right_that_is_missing_is_named(empty: Running) -> None:
    headers = {"authorization": f"Bearer {token('leader')}"}
    answer = await empty.client.get("/pipeline", headers=headers)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "pipeline:read" in answer.text


async def test_language_and_theme_are_kept_and_the_address_stays_clean(planned: Running) -> None:
    client = planned.client
    answer = await client.get("/?year=2012&lang=en&theme=dark")
    assert (answer.status_code, answer.headers["location"]) == (httpx.codes.SEE_OTHER, "/?year=2012")
    text = await planned.text("/?year=2012")
    assert '<html lang="en" data-theme="dark">' in text
    assert "Mean index" in text
    await client.get("/?lang=xx")
    assert '<html lang="en"' in await planned.text("/")


async def test_the_default_language_is_vietnamese_whatever_the_browser_prefers(planned: Running) -> None:
    answer = await planned.client.get("/", headers={"accept-language": "en"})
    assert '<html lang="vi">' in answer.text


async def test_a_burst_of_events_is_told_once(empty: Running) -> None:
    with empty.dashboard.live.seat() as listener:
        await empty.apply(*(obligation(revision=n) for n in range(1, 20)))
        assert "headline" in await listener.changes(within_seconds=1)
        assert await listener.changes(within_seconds=0.01) == []


async def test_the_live_channel_is_bounded(empty: Running) -> None:
    live = empty.dashboard.live
    with live.seat(), live.seat():
        with pytest.raises(Full), live.seat():
            pass
        answer = await empty.client.get("/live")
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert "retry-after" in answer.headers
    assert live.clients == 0


async def test_the_stream_names_changed_regions_and_ends_when_the_service_stops(empty: Running) -> None:
    reading = asyncio.create_task(empty.client.get("/live"))
    await until(lambda: empty.dashboard.live.clients == 1)
    await empty.apply(obligation())
    empty.dashboard.live.close()
    answer = await asyncio.wait_for(reading, 5)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: ready" in answer.text
