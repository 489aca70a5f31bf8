"""The client of notify against real sockets: what it takes for an answer, for a no, and for silence."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.dashboard.channels.notify_api import NotifyApi
from services.dashboard.domain.asking import Away, Reader, Refused

pytestmark = pytest.mark.anyio
READER = Reader("the-token", "en", "minh@ttt.example")


@contextlib.asynccontextmanager
async def answering(status: int, body: Any, *, hangs: bool = False) -> AsyncIterator[tuple[NotifyApi, list[str]]]:
    """A server that gives this answer to everything, the client of it, and the heads of what it was asked."""
    heads: list[str] = []
    opened: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        text = body if isinstance(body, str) else json.dumps(body)
        head = f"HTTP/1.1 {status} -\r\ncontent-length: {len(text.encode())}\r\nconnection: close\r\n\r\n"
        if not hangs:
            writer.write((head + text).encode())
            await writer.drain()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    api = NotifyApi(url, timeout_seconds=0.3 if hangs else 5, paper_seconds=5)
    try:
        yield api, heads
    finally:
        await api.aclose()
        server.close()
        for writer in opened:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def test_each_request_carries_the_readers_own_token_and_language() -> None:
    async with answering(200, {"undecided": 3, "auditor": None, "more": "later versions say more"}) as (api, heads):
        level = await api.level(READER)
    assert (level.undecided, level.auditor) == (3, None)
    (head,) = heads
    assert "authorization: Bearer the-token" in head
    assert "accept-language: en" in head


async def test_the_token_is_in_no_log() -> None:
    assert "the-token" not in repr(READER)


async def test_a_no_carries_its_reason_and_the_faults() -> None:
    problem = {
        "title": "Not valid",
        "detail": "See below.",
        "errors": [{"detail": "too short"}],
        "scope": "notify:write",
    }
    async with answering(422, problem) as (api, _):
        with pytest.raises(Refused) as caught:
            await api.level(READER)
    assert (caught.value.status, caught.value.says, caught.value.scope) == (422, "See below. too short", "notify:write")


@pytest.mark.parametrize("body", ["", "<html>", "[1]", '"no"', '{"errors": [1]}'])
async def test_a_no_that_cannot_be_read_is_a_no_all_the_same(body: str) -> None:
    async with answering(404, body) as (api, _):
        with pytest.raises(Refused) as caught:
            await api.level(READER)
    assert (caught.value.status, caught.value.says) == (404, "")


@pytest.mark.parametrize(
    ("status", "body"), [(500, "{}"), (503, "{}"), (200, "<html>"), (200, '{"other": 1}'), (302, "")]
)
async def test_what_is_no_answer_is_silence(status: int, body: str) -> None:
    async with answering(status, body) as (api, _):
        with pytest.raises((Away, Refused)) as caught:
            await api.level(READER)
    assert isinstance(caught.value, Away) or status == 302


async def test_a_server_that_says_nothing_is_waited_for_no_longer_than_told() -> None:
    async with answering(200, {}, hangs=True) as (api, _):
        with pytest.raises(Away):
            await asyncio.wait_for(api.level(READER), 5)


async def test_a_server_that_is_not_there_is_away() -> None:
    api = NotifyApi("http://127.0.0.1:1", timeout_seconds=5, paper_seconds=5)
    with pytest.raises(Away):
        await api.level(READER)
    await api.aclose()


async def test_an_id_cannot_lead_to_another_address() -> None:
    async with answering(404, "") as (api, heads):
        with pytest.raises(Refused):
            await api.alert("../deliveries?x=1", READER)
    assert heads[0].startswith("GET /v1/alerts/..%2Fdeliveries%3Fx%3D1 ")
