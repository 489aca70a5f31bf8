from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.http.app import Limits
from tests.shared.http.apps import app_for_tests, asking

pytestmark = pytest.mark.anyio

LIMITS = Limits(body_bytes_max=100, request_timeout_seconds=0.05, body_bytes_max_by_path={"/v1/imports/{name}": 1000})


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 10


async def test_a_body_over_the_limit_is_a_problem_whether_declared_or_streamed() -> None:
    async with asking(app_for_tests(limits=LIMITS)) as client:
        declared = await client.post("/v1/reports", content=b"x" * 101)
        streamed = await client.post("/v1/reports", content=chunks(11), headers={"Content-Type": "application/json"})
        unread = await client.get("/v1/me", headers={"Content-Length": "101"})
    for answer in (declared, streamed, unread):
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["connection"] == "close"
        assert answer.json()["body_bytes_max"] == 100


async def test_a_body_of_exactly_the_limit_is_read() -> None:
    async with asking(app_for_tests(limits=LIMITS)) as client:
        answer = await client.post("/v1/reports", content=b'{"unit": "a", "values": []}'.ljust(100))
    assert answer.status_code == 201


async def test_a_path_may_have_a_limit_of_its_own() -> None:
    async with asking(app_for_tests(limits=LIMITS)) as client:
        fits = await client.put("/v1/imports/a", content=b"x" * 1000)
        over = await client.put("/v1/imports/a", content=b"x" * 1001)
    assert (fits.status_code, fits.json()["bytes"]) == (200, 1000)
    assert (over.status_code, over.json()["body_bytes_max"]) == (413, 1000)


async def test_an_answer_that_does_not_start_in_time_is_503() -> None:
    async with asking(app_for_tests(limits=LIMITS)) as client:
        answer = await client.get("/v1/slow")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert answer.headers["retry-after"] == "5"
