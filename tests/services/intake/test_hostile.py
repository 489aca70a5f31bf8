"""A corpus of hostile JSON and HTTP: each input gets the error that is named here, and nothing is stored."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake.repository.collections import COLLECTIONS
from tests.services.intake.running import Running, running
from tests.services.intake.served import Served, served
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

POST = "/v1/reports"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
async def intake(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("hostile")) as service:
        assert (await service.publish()).status_code == 201
        assert (await service.put_unit("U1")).status_code == 201
        yield service


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def documents(intake: Running) -> dict[str, int]:
    """How many documents every collection holds, and the revision of what a report could change."""
    counts = {collection.name: await intake.store.count(collection.name) for collection in COLLECTIONS}
    entry = await intake.store.get("obligations", "obligation-SMALL-MONTHLY-U1-2011-M03")
    return {**counts, "revision": entry["revision"]}


def body(**more: Any) -> bytes:
    return json.dumps(monthly(**more)).encode()


def value(**more: Any) -> bytes:
    """A report whose last value is replaced."""
    held = monthly()
    held["values"][2] = {"indicator": "CALLS", **more}
    return json.dumps(held).encode()


def raw_value(text: str) -> bytes:
    """A report whose last number is this text, whatever it is."""
    return value(value=12345.5).replace(b"12345.5", text.encode())


def swapped(old: bytes, new: bytes) -> bytes:
    text = body()
    assert old in text
    return text.replace(old, new, 1)


BODIES: dict[str, tuple[bytes, int, str, str | None]] = {
    "nothing": (b"", 400, "unreadable", None),
    "blank": (b" \n\t ", 400, "unreadable", None),
    "half a document": (body()[:-20], 400, "unreadable", None),
    "something behind the document": (body() + b"{}", 400, "unreadable", None),
    "an array": (b"[]", 422, "not-valid", None),
    "a number": (b"1", 422, "not-valid", None),
    "null": (b"null", 422, "not-valid", None),
    "a string": (b'"report"', 422, "not-valid", None),
    "100,000 open brackets": (b"[" * 100_000, 400, "unreadable", None),
    "100,000 nested objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "unreadable", None),
    "nested where a text belongs": (value(reason=[[[[]]]], status="nil"), 422, "not-valid", "/values/2/reason"),
    "NaN": (raw_value("NaN"), 422, "not-valid", "/values/2/value"),
    "Infinity": (raw_value("Infinity"), 422, "not-valid", "/values/2/value"),
    "minus Infinity": (raw_value("-Infinity"), 422, "not-valid", "/values/2/value"),
    "a float beyond double": (raw_value("1e999"), 422, "not-valid", "/values/2/value"),
    "an integer beyond int64": (raw_value("9223372036854775808"), 422, "not-valid", "/values/2/value"),
    "an integer of 5,000 digits": (raw_value("9" * 5000), 400, "unreadable", None),
    "a number past what doubles hold": (raw_value("1000000000000001"), 422, "not-valid", "/values/2/value"),
    "a leading zero": (raw_value("007"), 400, "unreadable", None),
    "a leading plus": (raw_value("+7"), 400, "unreadable", None),
    "hexadecimal": (raw_value("0x10"), 400, "unreadable", None),
    "a lonely minus": (raw_value("-"), 400, "unreadable", None),
    "a number as a text": (value(value="5"), 422, "not-valid", "/values/2/value"),
    "true as a number": (value(value=True), 422, "not-valid", "/values/2/value"),
    "an object as a number": (value(value={"$gt": 0}), 422, "not-valid", "/values/2/value"),
    "a member twice": (swapped(b'"unit": "U1"', b'"unit": "U2", "unit": "U1"'), 400, "duplicate-member", None),
    "a member twice, once escaped": (
        swapped(b'"unit": "U1"', b'"u\\u006eit": "U2", "unit": "U1"'), 400, "duplicate-member", None
    ),
    "a number twice": (
        swapped(b'"value": 3', b'"value": 9, "value": 3'), 400, "duplicate-member", None
    ),
    "Latin-1": (body(explanations={"V09": "x"}).replace(b'"x"', b'"\xe9"'), 400, "unreadable", None),
    "UTF-16": (body().decode().encode("utf-16"), 400, "unreadable", None),
    "UTF-7 for a quote": (b"+ACI-" + body(), 400, "unreadable", None),
    "overlong UTF-8": (body(explanations={"V09": "x"}).replace(b'"x"', b'"\xc0\xaf"'), 400, "unreadable", None),
    "a lone surrogate": (body(explanations={"V09": "x"}).replace(b'"x"', b'"\\ud800"'), 400, "unreadable", None),
    "a byte order mark": (b"\xef\xbb\xbf" + body(), 400, "unreadable", None),
    "a raw NUL in a text": (body(explanations={"V09": "x"}).replace(b'"x"', b'"\x00"'), 400, "unreadable", None),
    "a raw line end in a text": (body(explanations={"V09": "x"}).replace(b'"x"', b'"\n"'), 400, "unreadable", None),
    "comments": (b"/* hello */" + body(), 400, "unreadable", None),
    "single quotes": (body().replace(b'"', b"'"), 400, "unreadable", None),
    "a comma too many": (body()[:-1] + b",}", 400, "unreadable", None),
    "a NUL in a code": (body(unit="U1\x00"), 422, "not-valid", "/unit"),
    "a line end in a code": (body(unit="U1\n"), 422, "not-valid", "/unit"),
    "a path as a code": (body(unit="../../etc/passwd"), 422, "not-valid", "/unit"),
    "a formula as a code": (body(unit="=cmd|'/c calc'!A1"), 422, "not-valid", "/unit"),
    "a query operator as a code": (body(unit={"$ne": None}), 422, "not-valid", "/unit"),
    "letters that look alike": (body(unit="U\u0661"), 422, "not-valid", "/unit"),
    "a code of a megabyte less": (body(unit="U" * 100_000), 422, "not-valid", "/unit"),
    "an unknown member": (body(surprise=1), 422, "not-valid", "/surprise"),
    "__proto__": (body(__proto__={"unit": "U2"}), 422, "not-valid", "/__proto__"),
    "an unknown member in a value": (value(value=1, note="x"), 422, "not-valid", "/values/2/note"),
    "501 values": (body(values=[{"indicator": f"I{n}", "value": 1} for n in range(501)]), 422, "not-valid", "/values"),
    "15,000 values": (
        body(values=[{"indicator": f"I{n}", "value": 1} for n in range(15_000)]), 422, "not-valid", "/values"
    ),
    "no values": (body(values=[]), 422, "not-valid", None),
    "one indicator twice": (body(values=monthly()["values"] * 2), 422, "not-valid", None),
    "51 explanations": (body(explanations={f"V{n}": "x" for n in range(51)}), 422, "not-valid", "/explanations"),
    "an explanation of 2,001 characters": (
        body(explanations={"V09": "x" * 2001}), 422, "not-valid", "/explanations/V09"
    ),
    "an unknown mode": (body(mode="FORCE"), 422, "not-valid", "/mode"),
    "an unknown status": (value(status="ok"), 422, "not-valid", "/values/2/status"),
    "nil with values": (body(nil=True, nil_reason="x"), 422, "not-valid", None),
    "a period that is none": (body(period="2011-M13"), 422, "not-valid", "/period"),
    "a period of Arabic digits": (body(period="٢٠١١-M03"), 422, "not-valid", "/period"),
    "evidence whose hash is none": (
        value(value=1, evidence={"kind": "file", "reference": "a", "sha256": "../x"}),
        422, "not-valid", "/values/2/evidence/sha256",
    ),
    "two megabytes": (body(explanations={"V09": "x" * 2_000_000}), 413, "too-large", None),
    "ten megabytes": (b"x" * 10_000_000, 413, "too-large", None),
    "a zip for a document": (b"PK\x03\x04" + b"\x00" * 200, 400, "unreadable", None),
    "gzip for a document": (b"\x1f\x8b\x08\x00" + b"\x00" * 50, 400, "unreadable", None),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
async def test_a_hostile_body_gets_its_error_and_nothing_is_stored(intake: Running, name: str) -> None:
    content, status, slug, pointer = BODIES[name]
    before = await documents(intake)
    answer = await intake.call("POST", POST, content=content, headers=JSON)
    told = answer.json()
    assert (answer.status_code, told["type"]) == (status, f"/problems/{slug}"), answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    if pointer is not None:
        assert pointer in [told.get("pointer"), *(fault["pointer"] for fault in told.get("errors", ()))], answer.text
    assert len(answer.content) < 40_000
    assert await documents(intake) == before


HEADERS: dict[str, tuple[dict[str, str], int, str]] = {
    "a form": ({"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported-media-type"),
    "plain text": ({"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
    "XML": ({"Content-Type": "application/xml"}, 415, "unsupported-media-type"),
    "a type that only looks like JSON": ({"Content-Type": "text/json-ish"}, 415, "unsupported-media-type"),
    "an idempotency key of 256 characters": ({"Idempotency-Key": "k" * 256}, 400, "bad-request"),
    "an empty idempotency key": ({"Idempotency-Key": ""}, 400, "bad-request"),
    "If-Match: *": ({"If-Match": "*"}, 400, "bad-request"),
    "If-Match with two versions": ({"If-Match": '"1", "2"'}, 400, "bad-request"),
    "If-Match with a weak tag": ({"If-Match": 'W/"1"'}, 400, "bad-request"),
    "If-Match of a version that is not there": ({"If-Match": '"9"'}, 412, "version-moved"),
    "no bearer": ({"Authorization": ""}, 401, "unauthorized"),
    "another scheme": ({"Authorization": "Basic YWRtaW46YWRtaW4="}, 401, "unauthorized"),
    "a token without signature": ({"Authorization": "Bearer e30.e30."}, 401, "unauthorized"),
    "a token of algorithm none": (
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."}, 401, "unauthorized"
    ),
    "a bearer of 8 KB": ({"Authorization": f"Bearer {'a.b.' * 2000}"}, 401, "unauthorized"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
async def test_a_trick_in_a_header_gets_its_error_and_nothing_is_stored(intake: Running, name: str) -> None:
    headers, status, slug = HEADERS[name]
    before = await documents(intake)
    answer = await intake.call("POST", POST, content=body(), headers={**JSON, **headers})
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.text[:500]
    assert await documents(intake) == before


ADDRESSES: dict[str, tuple[str, str, int]] = {
    "a path up": ("GET", "/v1/units/..%2f..%2fetc%2fpasswd", 404),
    "a NUL in a path": ("GET", "/v1/units/%00", 422),
    "a path of bad UTF-8": ("GET", "/v1/units/%ff%fe", 422),
    "a path of 10,000 characters": ("GET", f"/v1/reports/report-{'x' * 10_000}", 422),
    "an upper-case hash": ("GET", f"/v1/receipts/{'A' * 64}", 422),
    "a limit of 0": ("GET", "/v1/reports?limit=0", 422),
    "a limit beyond int64": ("GET", "/v1/reports?limit=99999999999999999999", 422),
    "conflicting limits": ("GET", "/v1/reports?limit=1&limit=501", 422),
    "a year of Arabic digits": ("GET", "/v1/obligations?year=٢٠", 422),
    "a year that is no number": ("GET", "/v1/obligations?year=1e3", 422),
    "a cursor that is none": ("GET", "/v1/reports?cursor=%00", 422),
    "a cursor of another list": ("GET", "/v1/units?cursor=WyJhIiwiYiIsImMiXQ", 422),
    "an operator in the name of a parameter": ("GET", "/v1/reports?unit[$ne]=x", 400),
    "an operator in a query": ("GET", "/v1/reports?unit=$ne", 422),
    "a dry run of maybe": ("POST", "/v1/reports?dry_run=maybe", 422),
    "a method that is not there": ("PATCH", "/v1/reports", 405),
    "TRACE": ("TRACE", "/v1/reports", 405),
    "an address that is not there": ("GET", "/v1/../admin", 404),
    "an audit chain with a path": ("GET", "/v1/audit?chain=../x", 422),
    "an anchor of no day": ("GET", "/v1/audit/anchors?chain=SMALL&first=2011-02-30&last=2011-03-01", 422),
}


@pytest.mark.parametrize("name", ADDRESSES)
async def test_a_trick_in_an_address_gets_its_error_and_nothing_is_stored(intake: Running, name: str) -> None:
    method, address, status = ADDRESSES[name]
    before = await documents(intake)
    answer = await intake.call(method, address, content=body() if method == "POST" else None, headers=JSON)
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    assert await documents(intake) == before


async def test_minus_zero_is_zero(intake: Running) -> None:
    """No error: the receipt of -0 is that of 0, so that nobody can tell them apart."""
    plain = await intake.call("POST", f"{POST}?dry_run=true", content=raw_value("-0.0"), headers=JSON)
    assert plain.status_code == 200
    assert math.copysign(1, json.loads("-0.0")) == -1


async def test_texts_that_look_like_formulas_are_kept_as_they_are(tmp_path: Path) -> None:
    """No error in JSON: they are made harmless where a spreadsheet is written."""
    async with running(tmp_path) as fresh:
        await fresh.publish()
        await fresh.put_unit("U1")
        reason = '=HYPERLINK("http://x")\t\u202e\u0000'
        content = value(status="not_applicable", reason=reason)
        assert (await fresh.call("POST", POST, content=content, headers=JSON)).status_code == 201
        assert (await fresh.entry())["report"]["state"]["values"][2]["reason"] == reason


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("wire"), request_timeout_seconds=1) as intake:
        yield intake


async def wire(process: Served, *pieces: bytes, pause_seconds: float = 0.0) -> bytes:
    """Bytes straight onto a connection, and everything that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    # Read beside the writing: a server that has had enough answers and closes while we still send.
    heard = asyncio.create_task(everything(reader))
    try:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.wait([heard], timeout=pause_seconds)
        async with asyncio.timeout(10):
            return await heard
    finally:
        writer.close()


async def everything(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the other side closes, head and body, however it is cut into packets."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := await reader.read(65_536):
            said += piece
    return said


def head(process: Served, *lines: str) -> bytes:
    told = ["POST /v1/reports HTTP/1.1", "Host: intake", f"Authorization: Bearer {process.admin}",
            "Content-Type: application/json", "Connection: close", *lines]  # fmt: skip
    return ("\r\n".join(told) + "\r\n\r\n").encode()


async def stored(process: Served) -> int:
    async with httpx.AsyncClient(base_url=process.address, trust_env=False) as http:
        headers = {"Authorization": f"Bearer {process.admin}"}
        return len((await http.get("/v1/reports", headers=headers)).json()["items"])


async def test_a_body_that_trickles_in_is_given_up(process: Served) -> None:
    answer = await wire(process, head(process, "Content-Length: 5000"), *([b"{"] * 12), pause_seconds=0.1)
    assert answer.startswith(b"HTTP/1.1 408"), answer[:200]
    assert b"/problems/timeout" in answer
    assert await stored(process) == 0


async def test_a_body_that_never_comes_is_given_up(process: Served) -> None:
    answer = await wire(process, head(process, "Content-Length: 5000"))
    assert answer.startswith(b"HTTP/1.1 408"), answer[:200]
    assert await stored(process) == 0


WIRE: dict[str, tuple[tuple[str, ...], bytes, tuple[bytes, ...]]] = {
    "ten megabytes announced": (("Content-Length: 10000000",), b"x", (b"413",)),
    "ten megabytes in chunks": (
        ("Transfer-Encoding: chunked",), (b"100000\r\n" + b"x" * 0x100000 + b"\r\n") * 3, (b"413", b"")
    ),
    "a length that is no number": (("Content-Length: five",), b"{}", (b"400",)),
    "a negative length": (("Content-Length: -5",), b"{}", (b"400",)),
    "two lengths that differ": (("Content-Length: 2", "Content-Length: 3"), b"{} ", (b"400",)),
    "length and chunks at once": (
        ("Content-Length: 4", "Transfer-Encoding: chunked"), b"0\r\n\r\nGET /v1/units HTTP/1.1\r\n\r\n", (b"400",)
    ),
    "a chunk of no size": (("Transfer-Encoding: chunked",), b"zz\r\n{}\r\n0\r\n\r\n", (b"400",)),
    "a header with a line end in it": (("X-A: b\n c: d\x00",), b"", (b"400",)),
    "a header of 200 KB": (("X-A: " + "a" * 200_000, "Content-Length: 0"), b"", (b"400", b"431")),
}  # fmt: skip


@pytest.mark.parametrize("name", WIRE)
async def test_a_trick_on_the_wire_gets_its_error_and_nothing_is_stored(process: Served, name: str) -> None:
    lines, content, statuses = WIRE[name]
    answer = await wire(process, head(process, *lines) + content)
    status = answer.split(b" ", 2)[1] if answer else b""
    assert status in statuses, answer[:300]
    assert await stored(process) == 0


def test_the_corpus_is_large_enough() -> None:
    assert len(BODIES) + len(HEADERS) + len(ADDRESSES) + len(WIRE) >= 45
