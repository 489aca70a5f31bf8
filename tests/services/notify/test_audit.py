"""What people change in notify is in the audit log, also when a crash came between the change and its line."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from services.notify.domain.acts import Act
from services.notify.domain.contacts import Target
from services.notify.domain.deliveries import Delivery
from services.notify.domain.links import Links
from services.notify.handlers.alerts import AlertDesk
from services.notify.handlers.desk import DeliveryDesk
from services.notify.handlers.preferences import AddressDesk, PreferenceDesk
from services.notify.handlers.silences import SilenceDesk, Span
from services.notify.handlers.watch import Raise
from services.notify.repository.deliveries import Deliveries
from shared.audit.lines import Line
from shared.audit.mend import EVERY_MS, MARGIN_MS
from shared.errors import Transient
from tests.services.notify.conftest import SECRET, Running
from tests.services.notify.samples import at, center, contact, plan, plan_state, report, unit
from tests.services.notify.test_http import WRITE

pytestmark = pytest.mark.anyio
AN = "an@cvt.example"
START = "2011-03-15 10:00"


class Gone:
    """A chain that cannot be reached: the change stands and its line is lost, as in a crash between the two."""

    async def record(self, *_: Any, **__: Any) -> None:
        return None


class Full(Deliveries):
    """Takes nothing new."""

    async def add(self, delivery: Delivery, *, now_ms: int) -> bool:
        raise Transient(f"the disk is full: {delivery.id} at {now_ms}")


async def lines(running: Running, chain: str, about: str) -> list[Line]:
    return await running.notify.books.audit_chain.lines(chain, about=about, by=None, after_seq=0, limit=50)


async def made_up(running: Running, chain: str, about: str) -> list[tuple[str, str]]:
    """What a later look adds: what was changed and by whom."""
    running.clock.set(running.clock.now_ms() + EVERY_MS + MARGIN_MS)
    await running.notify.work.mend.due(running.clock.now_ms())
    told = await lines(running, chain, about)
    assert all(line.entry.get("made_up") for line in told), "nothing but what was made up is there"
    running.clock.set(running.clock.now_ms() + EVERY_MS + MARGIN_MS)
    await running.notify.work.mend.due(running.clock.now_ms())
    assert len(await lines(running, chain, about)) == len(told), "made up once"
    return [(line.entry["what"], line.entry["by"]) for line in told]


async def ready(running: Running) -> str:
    """An open alert and a mail that was refused; the id of the alert."""
    people = contact("report_officer", AN)
    await running.hear(plan_state(plan()), center(), unit("CVT", people), report("CVT", copied=True))
    await running.go(START)
    [alert] = await running.notify.books.alerts.of_unit("CVT", 10)
    running.clock.set(at(START))
    await running.notify.work.mend.due(at(START))
    return alert.id


@pytest.mark.parametrize("what", ["acknowledged", "resolved"])
async def test_a_change_of_an_alert_is_made_up(running: Running, what: str) -> None:
    alert = await ready(running)
    desk = AlertDesk(running.notify.books.alerts, running.notify.books.plans, Gone())
    if what == "acknowledged":
        day = date(2011, 3, 20)
        await desk.acknowledge(alert, owner="Lan", promise=day, now_ms=at("2011-03-15 10:01"), by="lan")
    else:
        await desk.resolve(alert, reason="đã giải trình", now_ms=at("2011-03-15 10:01"), by="lan")
    assert await made_up(running, "P", alert) == [("alert.changed", "lan")]


async def test_windows_are_made_up(running: Running) -> None:
    await ready(running)
    books = running.notify.books
    desk = SilenceDesk(
        silences=books.silences, outages=books.outages, alerts=books.alerts, plans=books.plans, audit=Gone()
    )
    span = Span("Lan", "bảo trì", "lan", at(START), at("2011-03-17 10:00"))
    silence = await desk.silence("P", span, unit="CVT", now_ms=at(START))
    outage = await desk.outage("P", span, now_ms=at(START))
    assert await made_up(running, "P", silence.id) == [("silence.declared", "lan")]
    assert await made_up(running, "P", outage.id) == [("outage.declared", "lan")]


async def test_preferences_are_made_up(running: Running) -> None:
    await ready(running)
    books = running.notify.books
    links = Links(public_url="http://notify", secret=SECRET, days=60)
    desk = PreferenceDesk(preferences=books.preferences, links=links, audit=Gone(), check_target=lambda _: None)
    await desk.set(AN, {"off": ("reminder",)}, by="lan", now_ms=at(START))
    preference = (await books.preferences.of(AN)).id
    assert await made_up(running, "notify", preference) == [("preferences.changed", "lan")]


async def test_what_was_done_to_deliveries_is_made_up_and_what_was_not_is_not(running: Running) -> None:
    running.post.refused = {"giamdoc@tttt.example": "550 no such user"}
    await ready(running)
    await running.go("2011-03-15 10:01")
    running.clock.set(at("2011-03-15 10:02"))
    desk = DeliveryDesk(running.notify.books.deliveries, running.notify.books.acts, Gone())
    failed = next(one for one in await running.deliveries() if one.status == "PERMANENT_FAILURE")
    again = await desk.resend(failed.id, by="lan", reason="gửi lại", now_ms=at("2011-03-15 10:02"))
    assert again is not None
    await desk.cancel(again.id, by="minh", reason="thôi", now_ms=at("2011-03-15 10:03"))
    assert await made_up(running, failed.plan, failed.id) == [("delivery.resent", "lan")]
    assert await made_up(running, failed.plan, again.id) == [("delivery.cancelled", "minh")]


async def test_an_intention_that_a_crash_cut_short_leaves_no_line(running: Running) -> None:
    running.post.refused = {"giamdoc@tttt.example": "550 no such user"}
    await ready(running)
    await running.go("2011-03-15 10:01")
    failed = next(one for one in await running.deliveries() if one.status == "PERMANENT_FAILURE")
    desk = DeliveryDesk(Full(running.notify.store), running.notify.books.acts, Gone())
    with pytest.raises(Transient):
        await desk.resend(failed.id, by="lan", reason="gửi lại", now_ms=at("2011-03-15 10:02"))
    cancelling = Act(failed.plan, "delivery.cancelled", failed.id, failed.id, "lan", at("2011-03-15 10:03"))
    assert await running.notify.books.acts.add(cancelling)
    assert await made_up(running, failed.plan, failed.id) == []


async def test_an_address_that_was_switched_on_is_made_up_and_one_that_failed_is_not(running: Running) -> None:
    running.post.refused = {"giamdoc@tttt.example": "550 no such user"}
    await ready(running)
    await running.go("2011-03-15 10:01")
    id = Target("email", "giamdoc@tttt.example").id
    running.clock.set(at("2011-03-15 10:02"))
    books = running.notify.books
    raise_alert = Raise(books.alerts, books.plans)
    desk = AddressDesk(addresses=books.addresses, alerts=books.alerts, raise_alert=raise_alert, audit=Gone())
    assert await desk.enable(id, by="lan", reason="hộp thư đã mở", now_ms=at("2011-03-15 10:02")) is not None
    assert await made_up(running, "notify", id) == [("address.changed", "lan")]


async def test_writes_over_http_and_reads_of_digests_leave_lines(running: Running) -> None:
    alert = await ready(running)
    transport = httpx.ASGITransport(app=running.notify.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify", headers=WRITE) as http:
        feed = (await http.post("/v1/feeds", json={"recipient": AN})).json()["feed"]
        assert (await http.delete(f"/v1/feeds/{feed}")).status_code == 204
        assert (await http.delete(f"/v1/feeds/{feed}")).status_code == 204
        assert (await http.post(f"/v1/alerts/{alert}/resolve", json={"reason": "xong"})).status_code == 200
        asked = {"plan": "P", "audience": "leadership", "at": "2011-03-15T03:00:00Z"}
        assert (await http.get("/v1/digests/preview", params=asked)).status_code == 200
    assert [line.entry["what"] for line in await lines(running, "notify", feed)] == ["feed.created", "feed.revoked"]
    [resolved] = await lines(running, "P", alert)
    assert (resolved.entry["what"], resolved.entry["by"]) == ("alert.resolved", "someone")
    [read] = await lines(running, "P", f"preview-leadership-{at(START)}")
    assert (read.entry["what"], read.entry["by"]) == ("digest.read", "someone")
