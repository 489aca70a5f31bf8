"""One real server: what only sockets show."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.http.app import Limits
from shared.http.server import serve
from tests.shared.http.apps import app_for_tests

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"
LIMITS = Limits(body_bytes_max=100_000, request_timeout_seconds=0.3)
PATIENCE_SECONDS = 10


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    """The port of the application while it is served; cancelled, and so stopped gracefully, at the end."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(app, host=HOST, port=0, stop_timeout_seconds=1, on_started=port.set_result))
    either: set[asyncio.Future[Any]] = {serving, port}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield port.result()
    finally:
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving


async def exchange(port: int, *parts: bytes) -> bytes:
    """Everything that the server answers until it closes the connection."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await reader.read()
    finally:
        writer.close()


async def test_a_body_that_does_not_arrive_is_408_and_the_connection_ends() -> None:
    head = b"POST /v1/reports HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\n"
    async with served(app_for_tests(limits=LIMITS)) as port:
        answer = await exchange(port, head, b'{"unit"')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert b"/problems/timeout" in answer
    assert b"server:" not in answer.lower()


async def test_a_streamed_body_over_the_limit_is_413_and_the_rest_is_not_awaited() -> None:
    head = b"POST /v1/reports HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"c350\r\n" + b"x" * 0xC350 + b"\r\n"
    async with served(app_for_tests(limits=LIMITS)) as port:
        answer = await exchange(port, head, chunk, chunk, chunk)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"/problems/too-large" in answer


async def test_a_client_sees_the_413_of_a_large_declared_body() -> None:
    async with served(app_for_tests(limits=LIMITS)) as port, httpx.AsyncClient() as client:
        answer = await client.post(f"http://{HOST}:{port}/v1/reports", content=b"x" * 200_000)
    assert (answer.status_code, answer.json()["body_bytes_max"]) == (413, 100_000)


async def test_a_stream_outlives_the_request_timeout() -> None:
    async with (
        served(app_for_tests(limits=LIMITS)) as port,
        httpx.AsyncClient() as client,
        client.stream("GET", f"http://{HOST}:{port}/v1/stream") as answer,
    ):
        received = answer.aiter_bytes()
        assert await anext(received) == b"data: first\n\n"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * LIMITS.request_timeout_seconds):
                await anext(received)


async def test_a_taken_address_is_an_error_of_the_caller_and_not_the_end_of_the_process() -> None:
    async with served(app_for_tests()) as port:
        with pytest.raises(OSError, match="in use"):
            await serve(app_for_tests(), host=HOST, port=port)


async def test_a_lifespan_that_fails_is_an_error_of_the_caller() -> None:
    app = app_for_tests()

    @asynccontextmanager
    async def broken(_app: FastAPI) -> AsyncIterator[None]:
        raise KeyError("no such thing")
        yield

    app.router.lifespan_context = broken
    with pytest.raises(RuntimeError, match="did not start"):
        await serve(app, host=HOST, port=0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_signal_ends_open_streams_in_time_and_the_process_with_code_0(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "tests.shared.http.stopping", stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            port = int(await process.stdout.readline())
            async with client.stream("GET", f"http://{HOST}:{port}/v1/stream") as answer:
                received = answer.aiter_bytes()
                await anext(received)
                process.send_signal(number)
                out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        assert b"closed\n" in out
        assert b"Traceback" not in out + err
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
