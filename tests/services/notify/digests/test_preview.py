"""Previews and what was sent, over HTTP: computed for the one who asks, storing nothing; scopes and formats."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from services.notify.repository.collections import COLLECTIONS
from shared.http.identity import SESSION_COOKIE
from shared.http.tokens import issue_token
from tests.services.notify.conftest import SECRET, Running
from tests.services.notify.digests.test_runs import MOMENT, hear_quarter
from tests.services.notify.samples import at, obligation, received

pytestmark = pytest.mark.anyio


def token(*scopes: str, **more: str) -> str:
    far = at("2030-01-01 00:00")
    return issue_token(SECRET, subject="someone", scopes=scopes, expires_at_ms=far, now_ms=0, **more)  # type: ignore[arg-type]


def bearer(*scopes: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token(*scopes, **more)}", "accept-language": "en"}


READ = bearer("notify:read")
PREVIEW = {"plan": "P", "audience": "leadership"}


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=running.notify.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        await hear_quarter(running)
        yield client


async def everything(running: Running) -> dict[str, int]:
    """Documents by collection, but for the audit log, in which every read leaves a line."""
    told = {one.name: await running.notify.store.count(one.name) for one in COLLECTIONS}
    return {name: count for name, count in told.items() if not name.startswith("audit")}


async def test_a_preview_stores_nothing_and_writes_to_nobody(running: Running, http: httpx.AsyncClient) -> None:
    running.clock.set(at("2011-03-22 10:00"))
    before = await everything(running)
    for audience in ("leadership", "standing_body"):
        for format in ("html", "text", "pdf"):
            asked = {"plan": "P", "audience": audience, "format": format}
            answer = await http.get("/v1/digests/preview", params=asked, headers=READ)
            assert answer.status_code == 200, answer.text
    assert await everything(running) == before
    assert running.post.messages == []


async def test_a_preview_shows_its_charts_and_fetches_nothing(running: Running, http: httpx.AsyncClient) -> None:
    running.clock.set(at("2011-03-22 10:00"))
    answer = await http.get("/v1/digests/preview", params=PREVIEW, headers=READ)
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy
    assert answer.text.count('src="data:image/png;base64,') == 2
    assert "cid:" not in answer.text
    assert "Preview." in answer.text


async def test_a_past_moment_is_told_as_far_as_the_states_allow(running: Running, http: httpx.AsyncClient) -> None:
    """CBC's report came on 17/03 at 09:30; the evening before it had not."""
    await running.hear(received(obligation("CXB"), at("2011-03-20 10:00"), "LATE"))
    running.clock.set(at("2011-03-22 10:00"))
    told = {}
    for moment in ("2011-03-17T08:00:00+07:00", "2011-03-18T08:00:00+07:00", "2011-03-21T08:00:00+07:00"):
        asked = PREVIEW | {"at": moment, "format": "text"}
        told[moment[8:10]] = (await http.get("/v1/digests/preview", params=asked, headers=READ)).text
    assert [told[day].splitlines()[1][:15] for day in ("17", "18", "21")] == [
        "Q1 2011: 1 of 3", "Q1 2011: 2 of 3", "Q1 2011: 3 of 3",
    ]  # fmt: skip
    assert "It shows changes up to" in told["17"]
    assert "Reports that arrived after its moment are not counted" in told["17"]


async def test_a_moment_to_come_is_told_as_of_now(running: Running, http: httpx.AsyncClient) -> None:
    running.clock.set(at("2011-03-10 10:00"))
    asked = PREVIEW | {"at": "2011-12-31T08:00:00+07:00", "format": "text", "language": "vi"}
    text = (await http.get("/v1/digests/preview", params=asked, headers=READ)).text
    assert "10/03/2011" in text.splitlines()[0]
    assert "Năm 2011 chưa có báo cáo nào đến hạn" in text


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"plan": "NONE"}, 404),
        ({"audience": "operations"}, 404),
        ({"audience": "everybody"}, 422),
        ({"at": "yesterday"}, 422),
        ({"at": "2011-03-18T08:00:00"}, 422),
        ({"format": "docx"}, 422),
        ({"language": "fr"}, 422),
    ],
)
async def test_what_cannot_be_previewed_is_refused(
    http: httpx.AsyncClient, change: dict[str, str], status: int
) -> None:
    answer = await http.get("/v1/digests/preview", params=PREVIEW | change, headers=READ)
    assert answer.status_code == status


async def test_previews_and_content_are_for_those_who_may_read_of_all_units(
    running: Running, http: httpx.AsyncClient
) -> None:
    await running.go(MOMENT)
    [run] = [
        run
        for run in (await running.notify.books.digests.page(limit=9, cursor=None))[0]
        if run.audience == "leadership"
    ]
    for path in ("/v1/digests/preview?plan=P&audience=leadership", f"/v1/digests/{run.id}/content"):
        assert (await http.get(path)).status_code == 401
        assert (await http.get(path, headers=bearer("report:read"))).status_code == 403
        assert (await http.get(path, headers=bearer("notify:read", unit="CVT"))).status_code == 403
        assert (await http.get(path, headers=READ)).status_code == 200


async def test_what_was_sent_is_read_as_it_was_pinned(running: Running, http: httpx.AsyncClient) -> None:
    await running.go(MOMENT)
    [run] = [
        run
        for run in (await running.notify.books.digests.page(limit=9, cursor=None))[0]
        if run.audience == "leadership"
    ]
    path = f"/v1/digests/{run.id}/content"
    await running.hear(received(obligation("CXB"), at("2011-03-18 09:00"), "LATE"))
    html = (await http.get(path, params={"language": "vi"}, headers=READ)).text
    assert "đã nhận 2/3 báo cáo" in html
    assert html.count('src="data:image/png;base64,') == 2
    document = await http.get(path, params={"format": "pdf"}, headers=READ)
    assert document.headers["content-type"] == "application/pdf"
    assert document.headers["content-disposition"].startswith("inline")
    assert document.content.startswith(b"%PDF")
    assert "2 of 3" in (await http.get(path, params={"format": "text"}, headers=READ)).text
    assert (await http.get("/v1/digests/digest-none/content", headers=READ)).status_code == 404
    assert (await http.get("/v1/digests/nothing/content", headers=READ)).status_code == 404


async def test_who_signed_in_on_the_dashboard_opens_the_link_of_a_mail(
    running: Running, http: httpx.AsyncClient
) -> None:
    await running.go(MOMENT)
    message = running.post.to("thutruong@bo.example")[0].get_body(("plain",))
    assert message is not None
    [link] = [line for line in str(message.get_content()).splitlines() if "/digests/" in line]
    page = link.split(": ", 1)[1]
    assert page.startswith("http://127.0.0.1:8100/digests/digest-"), "a page that lets people sign in"
    path = f"/v1/digests/{page.split('/digests/')[1].split('?')[0]}/content"
    answer = await http.get(
        path, headers={"cookie": f"{SESSION_COOKIE}={token('notify:read')}", "accept-language": "vi"}
    )
    assert answer.status_code == 200
    assert "đã nhận 2/3 báo cáo" in answer.text
