"""Calendar feeds: what a recipient owes, under a secret address that can be taken back."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from services.notify.domain.inspections.machine import remedied
from services.notify.routes.feeds import PER_MINUTE_MAX
from tests.services.notify.conftest import Running
from tests.services.notify.inspections.cases import PROOF, actor, in_phase
from tests.services.notify.samples import at, center, contact, obligation, plan, plan_state, received, unit
from tests.services.notify.test_http import READ, WRITE

pytestmark = pytest.mark.anyio

OFFICER = "an@cvt.example"


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=running.notify.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        await running.hear(plan_state(plan()), center(), unit("CVT", contact("report_officer", OFFICER)))
        await running.hear(unit("CBC", contact("unit_approver", "x@cbc.example")), obligation(), obligation("CBC"))
        yield client


async def created(http: httpx.AsyncClient, **more: Any) -> tuple[str, dict[str, Any]]:
    """The path of a new feed, and what was answered."""
    answer = await http.post("/v1/feeds", json={"recipient": OFFICER.upper()} | more, headers=WRITE)
    assert answer.status_code == 201, answer.text
    return httpx.URL(answer.json()["url"]).path, answer.json()


def entries(answer: httpx.Response, kind: str = "VEVENT") -> list[Any]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    return list(Calendar.from_ical(answer.content).walk(kind))


async def test_it_lists_what_the_recipient_owes_and_nothing_of_others(http: httpx.AsyncClient) -> None:
    path, _ = await created(http)
    [event] = entries(await http.get(path))
    assert event["dtstart"].dt == date(2011, 3, 16)
    assert event["summary"] == "Hạn nộp: Báo cáo quý, Quý I/2011 (Đơn vị CVT)"
    assert str(event["uid"]).startswith(obligation().obligation)
    assert (event["sequence"], event["status"]) == (0, "CONFIRMED")


async def test_an_extension_and_a_report_update_the_same_entry(running: Running, http: httpx.AsyncClient) -> None:
    path, _ = await created(http, language="en")
    [before] = entries(await http.get(path))
    later = obligation().due_at_ms + 7 * 86_400_000
    extended = obligation(revision=2, cause="extended", due_at_ms=later, grace_end_ms=later)
    await running.hear(extended)
    [moved] = entries(await http.get(path))
    assert (moved["uid"], moved["sequence"], moved["dtstart"].dt) == (before["uid"], 1, date(2011, 3, 23))
    await running.hear(received(extended, at("2011-03-15 10:00")))
    [done] = entries(await http.get(path))
    assert (done["uid"], done["sequence"]) == (before["uid"], 2)
    assert done["summary"] == "Submitted: Quarterly report, Q1 2011 (Unit CVT)"
    [todo] = entries(await http.get(path, params={"as": "todo"}), "VTODO")
    assert (todo["status"], todo["due"].dt) == ("COMPLETED", date(2011, 3, 23))


async def test_a_finding_stands_in_it_until_long_after_its_remedy(running: Running, http: httpx.AsyncClient) -> None:
    running.clock.set(at("2011-05-23 12:00"))
    book, state = running.notify.books.inspections, in_phase("CONCLUDED")
    other = state.model_copy(update={"inspection": "inspection-other", "unit": "CBC"})
    assert await book.save(None, state)
    assert await book.save(None, other)
    path, _ = await created(http)
    [report, remedy] = entries(await http.get(path))
    [found] = state.findings
    assert (remedy["dtstart"].dt.isoformat(), str(remedy["uid"]).partition("@")[0]) == (found.due_day, found.finding)
    assert remedy["summary"] == "Hạn khắc phục: kiến nghị KN-01 (Đơn vị CVT)"
    assert remedy["description"].startswith("no backup. Hạn cuối khắc phục")
    proved = remedied(state, found.finding, PROOF, actor("2011-05-24", "officer", "CVT"))
    assert await book.save(await book.get(state.inspection), proved)
    [_, done] = entries(await http.get(path, params={"as": "todo"}), "VTODO")
    assert (done["uid"], done["sequence"]) == (remedy["uid"], remedy["sequence"] + 1)
    assert (done["status"], done["completed"].dt.date()) == ("COMPLETED", date(2011, 5, 24))
    running.clock.set(at("2011-12-01 12:00"))
    assert [one["summary"] for one in entries(await http.get(path))] == [report["summary"]]


async def test_before_the_conclusion_there_is_nothing_to_remedy(running: Running, http: httpx.AsyncClient) -> None:
    assert await running.notify.books.inspections.save(None, in_phase("VISITED"))
    path, _ = await created(http)
    assert len(entries(await http.get(path))) == 1


async def test_an_unchanged_calendar_is_not_sent_again(running: Running, http: httpx.AsyncClient) -> None:
    path, _ = await created(http)
    first = await http.get(path)
    again = await http.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await running.hear(received(obligation(), at("2011-03-15 10:00")))
    assert (await http.get(path, headers={"if-none-match": first.headers["etag"]})).status_code == 200


async def test_a_revoked_and_an_unknown_secret_look_the_same(http: httpx.AsyncClient) -> None:
    path, shown = await created(http)
    unknown = await http.get("/v1/feeds/" + "x" * 43 + ".ics")
    assert (await http.delete(f"/v1/feeds/{shown['feed']}", headers=READ)).status_code == 403
    assert (await http.delete(f"/v1/feeds/{shown['feed']}", headers=WRITE)).status_code == 204
    revoked = await http.get(path)
    assert revoked.status_code == unknown.status_code == 404
    same = ("type", "title", "status")
    assert [revoked.json()[key] for key in same] == [unknown.json()[key] for key in same]


@pytest.mark.parametrize(
    ("secret", "language", "said"),
    [("x" * 43, "vi", "đề nghị cơ quan thường trực cấp địa chỉ mới"), ("cut", "en", "ask the standing body for a new")],
)
async def test_an_address_that_is_none_says_what_to_do(
    http: httpx.AsyncClient, secret: str, language: str, said: str
) -> None:
    path, spoken = f"/v1/feeds/{secret}.ics", {"accept-language": language}
    program = await http.get(path, headers=spoken)
    assert (program.status_code, said in program.json()["detail"]) == (404, True)
    browser = await http.get(path, headers=spoken | {"accept": "text/html,application/xhtml+xml"})
    assert (browser.status_code, browser.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert said in browser.text


async def test_the_secret_is_shown_once_and_stands_in_no_store_and_no_log(
    running: Running, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        path, shown = await created(http)
        await http.get(path)
    secret = path.rpartition("/")[2].removesuffix(".ics")
    assert secret not in caplog.text + capsys.readouterr().out
    listed = (await http.get("/v1/feeds", headers=READ)).text
    assert secret not in listed
    assert OFFICER not in listed
    held = await running.notify.store.get("feeds", shown["feed"])
    assert held is not None
    assert secret not in str(held)


async def test_how_often_a_feed_is_asked_for_is_bounded(http: httpx.AsyncClient) -> None:
    path, _ = await created(http)
    codes = [(await http.get(path)).status_code for _ in range(PER_MINUTE_MAX + 1)]
    assert codes[0] == 200
    # A window of a minute may turn over in between, which lets no more than another window's worth pass.
    assert 429 in codes or codes.count(200) <= 2 * PER_MINUTE_MAX
    other, _ = await created(http)
    assert (await http.get(other)).status_code == 200


async def test_only_operators_make_feeds(http: httpx.AsyncClient) -> None:
    assert (await http.post("/v1/feeds", json={"recipient": OFFICER})).status_code == 401
    assert (await http.post("/v1/feeds", json={"recipient": OFFICER}, headers=READ)).status_code == 403
    assert (await http.post("/v1/feeds", json={"recipient": "no address"}, headers=WRITE)).status_code == 422
