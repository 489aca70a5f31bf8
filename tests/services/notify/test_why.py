"""Why something was sent or not: what was decided is not buried by what is planned, and says how long it waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.notify.domain.about_words import GROUP_WORDS
from services.notify.domain.alerts import KINDS
from services.notify.domain.contacts import answers_for
from services.notify.domain.reason_words import words_of
from tests.services.notify.conftest import Running
from tests.services.notify.samples import center, contact, obligation, plan, plan_state, report, unit
from tests.services.notify.test_http import READ, bearer

pytestmark = pytest.mark.anyio

AN = "an@cvt.example"
QUARTERS = [f"{year}-Q{quarter}" for year in range(2011, 2017) for quarter in range(1, 5)]


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=running.notify.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        yield client


async def asked(http: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await http.get("/v1/why", params={"limit": "300", **query}, headers=READ)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def reminders(items: list[dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    return {item["about"]: (item["status"], item["next_at"]) for item in items if item["kind"] == "reminder"}


async def test_reports_that_are_planned_for_years_do_not_hide_what_was_decided(
    running: Running, http: httpx.AsyncClient
) -> None:
    await running.hear(plan_state(plan()), center(), unit("CVT", contact("report_officer", AN)))
    await running.hear(*(obligation(period=period) for period in QUARTERS))
    await running.go("2011-03-11 09:00")
    for query in ({"unit": "CVT"}, {"recipient": AN}):
        found = reminders(await asked(http, **query))
        assert found["QUY 2011-Q1: BEFORE-3"] == ("SENT", None)
        assert found["QUY 2011-Q1: BEFORE-1"] == ("PENDING", "2011-03-15T02:00:00.000Z")
        assert {about.split(":")[0] for about in found} == {"QUY 2011-Q1"}
    named = reminders(await asked(http, subject=obligation(period="2016-Q4").obligation))
    assert {status for status, _ in named.values()} == {"PENDING"}


async def test_a_recipient_is_told_of_units_below_that_have_nobody_of_their_own(
    running: Running, http: httpx.AsyncClient
) -> None:
    officer = contact("report_officer", AN)
    await running.hear(plan_state(plan()), center(), unit("CVT", officer), unit("DVT", parent="CVT"))
    await running.hear(obligation("DVT"))
    await running.go("2011-03-11 09:00")
    found = await asked(http, recipient=AN)
    assert ("DVT", "PENDING") in {(item["unit"], item["status"]) for item in found if item["kind"] == "reminder"}


def test_who_answers_for_which_unit() -> None:
    officer, head = contact("report_officer", AN), contact("head_of_unit", AN)
    units = {
        one.unit: one
        for one in (
            unit("A", officer, head),
            unit("B", parent="A"),
            unit("C", contact("report_officer", "own@c.example"), parent="B"),
            unit("D", contact("report_officer", "own@d.example")),
        )
    }
    assert answers_for(AN, units) == {
        "A": frozenset({"report_officer", "head_of_unit"}),
        "B": frozenset({"report_officer", "head_of_unit"}),
        "C": frozenset({"head_of_unit"}),
    }
    assert answers_for("nobody@a.example", units) == {}


async def test_a_notice_that_has_no_recipient_says_so(running: Running, http: httpx.AsyncClient) -> None:
    await running.hear(plan_state(plan(digests=[])), center(), unit("CVT"), report("CVT", copied=True))
    await running.go("2011-03-11 09:00")
    await running.go("2011-03-11 09:02")
    found = {item["kind"]: item for item in reversed(await asked(http, unit="CVT"))}
    assert (found["alert"]["reason"], found["group"]["reason"]) == ("nobody_to_tell", "nobody_to_tell")
    assert found["group"]["words"]["vi"] == "kế hoạch chưa có người nhận loại này"


async def test_what_a_message_said_can_be_read_later(running: Running, http: httpx.AsyncClient) -> None:
    await running.hear(plan_state(plan()), center(), unit("CVT", contact("report_officer", AN)), obligation())
    await running.go("2011-03-11 09:00")
    [sent] = await running.deliveries()
    path = f"/v1/deliveries/{sent.id}/content"
    page = await http.get(path, headers=READ)
    assert page.headers["content-type"].startswith("text/html")
    assert "sandbox" in page.headers["content-security-policy"]
    text = await http.get(path, params={"format": "text"}, headers=READ)
    for said in (page.text, text.text):
        assert "Đơn vị CVT" in said
        assert "token=" not in said, "the links at the foot speak for the recipient"
    assert (await http.get("/v1/deliveries/delivery-none/content", headers=READ)).status_code == 404
    assert (await http.get(path, headers=bearer("alert:read"))).status_code == 403
    lines = (await http.get("/v1/audit", params={"chain": "P"}, headers=bearer("audit:read"))).json()["items"]
    assert [line["what"] for line in lines].count("delivery.read") == 2


@pytest.mark.parametrize("signal", sorted(KINDS))
def test_every_kind_of_alerts_has_words(signal: str) -> None:
    assert KINDS[signal] in GROUP_WORDS


def test_what_explains_and_why_mail_came_back_is_said_in_words() -> None:
    assert words_of("inhibited: extension QUY 2011-Q1").vi == "có lý do giải thích, chưa thông báo: gia hạn QUY 2011-Q1"
    assert words_of("bounced: 5.1.1").en == "the mail came back: there is no such mailbox (5.1.1)"
    assert words_of("bounced: 5.2.2").vi == "thư bị trả lại: hộp thư đầy (5.2.2)"
    assert words_of("bounced: 5.6.0").en == "the mail came back: 5.6.0"
