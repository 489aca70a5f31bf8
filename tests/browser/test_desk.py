"""What people do on the pages, in a real Chromium, against a real notify over a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright, expect

from services.dashboard.main import Dashboard
from services.dashboard.main import compose as compose_dashboard
from services.dashboard.settings import Settings
from services.notify.domain.links import Claim, Links
from services.notify.main import Notify
from services.notify.main import compose as compose_notify
from services.notify.settings import NotifySettings
from shared.clock import FixedClock, iso
from shared.events.base import State
from shared.events.catalog import compose as compose_event
from shared.http.server import serve
from shared.http.tokens import issue_token
from shared.nats.connection import Connection
from shared.nats.publisher import Publisher
from shared.nats.streams import OWNED, ensure_stream
from tests.browser.chromium import ACCESS, ARGUMENTS, CHROMIUM, CONTRAST, WAIT_MS
from tests.services.notify import samples
from tests.services.notify.post import Post, post_office
from tests.support.nats_server import NatsServer
from tests.support.waiting import until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]

SECRET = "a-secret-of-at-least-32-characters-for-tests"
NOW = "2011-03-15 10:00"
NOW_MS = samples.at(NOW)
DAY_MS = 86_400_000
UNITS = ("CVT", "CBC", "CTS", "CPT", "CQL")
"""Each test changes the alert of a unit of its own."""

OFFICER = "an@cvt.example"
DOCUMENT = {"kind": "document_number", "reference": "Quyết định 112/QĐ-TTTT"}
LISTS = (
    "/alerts",
    "/alerts?group=unit",
    "/inspections",
    "/digests?audience=leadership",
    "/deliveries",
    "/pipeline",
)


@dataclass
class World:
    """Both services over a broker, a mail server, and a browser."""

    address: str
    notify_address: str
    dashboard: Dashboard
    notify: Notify
    browser: Browser
    post: Post
    publisher: Publisher

    async def publish(self, *states: State) -> None:
        """Announce states as their owner would."""
        for state in states:
            event = compose_event(state, at=iso(NOW_MS))
            await self.publisher.publish(event["subject"], event["body"].encode(), message_id=event["id"])

    def token(self, *roles: str) -> str:
        return issue_token(
            SECRET, subject="minh@ttt.example", roles=roles, expires_at_ms=NOW_MS + 100 * DAY_MS, now_ms=NOW_MS
        )

    async def signed_in(self, *roles: str, width: int = 1360, scripts: bool = True, language: str = "vi") -> Page:
        """A page of somebody with these roles (an operator without any); a fault in its scripts fails the test."""
        context = await self.browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        await context.add_cookies([{"name": "tiendo_language", "value": language, "url": self.address}])
        page = await context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda fault: pytest.fail(f"script: {fault}"))
        await page.goto(f"{self.address}/sign-in?token={self.token(*(roles or ('operator',)))}")
        return page

    async def alert_of(self, unit: str) -> tuple[str, str | None]:
        """(phase, promise) of the unit's alert, as notify keeps it."""
        found, _ = await self.notify.books.alerts.page(unit=unit, phase=None, limit=9, cursor=None)
        alert = next(one for one in found if one.subject.endswith("Q1"))
        return alert.phase, alert.promise


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path_factory.mktemp("nats")).start()
    yield server
    server.stop()


@contextlib.asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a free port, until the block ends."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(app, host="127.0.0.1", port=0, on_started=port.set_result))
    yield f"http://127.0.0.1:{await asyncio.wait_for(port, 15)}"
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


@pytest.fixture(scope="module")
async def world(nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("desk")
    connection = Connection(url=nats.url, name="test")
    await connection.open(connect_seconds_max=10)
    for stream in OWNED:
        await ensure_stream(connection, stream)
    shared: dict[str, Any] = {
        "token_secret": SECRET,
        "nats_url": nats.url,
        "schedule_seconds": 0.1,
        "log_level": "error",
    }
    clock = FixedClock(NOW_MS)
    async with post_office() as post, async_playwright() as playwright:
        notify = await compose_notify(
            NotifySettings(store_url=f"sqlite://{folder}/notify.sqlite3", smtp_port=post.port, **shared), clock=clock
        )
        async with served(notify.app) as notify_address:
            settings = Settings(store_url=f"sqlite://{folder}/dashboard.sqlite3", notify_url=notify_address, **shared)
            dashboard = await compose_dashboard(settings, clock=clock)
            await notify.start()
            await dashboard.start()
            async with served(dashboard.app) as address:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                found = World(address, notify_address, dashboard, notify, browser, post, Publisher(connection))
                await begin(found)
                yield found
                await browser.close()
            await dashboard.stop()
        await notify.stop()
    await connection.aclose()


async def begin(world: World) -> None:
    """A plan, five units with one serious alert each, a reminder that was sent, all of it seen by the dashboard."""
    await world.publish(samples.plan_state(samples.plan(), NOW_MS - 60 * DAY_MS), samples.center())
    people = samples.contact("report_officer", OFFICER), samples.contact("unit_approver", "binh@cvt.example")
    await world.publish(*(samples.unit(code, *(people if code == "CVT" else ())) for code in UNITS))
    await until(lambda: count(world, "units", len(UNITS) + 1))
    await world.publish(*(samples.report(code, copied=True) for code in UNITS), samples.obligation())
    await until(lambda: count(world, "alerts", len(UNITS)))
    await until(lambda: count(world, "deliveries", 1))


async def count(world: World, collection: str, least: int) -> bool:
    """Whether the dashboard holds at least so many documents."""
    found = await world.dashboard.store.find(collection, limit=100)
    return len(found.documents) >= least


async def test_an_alert_is_acknowledged_by_one_click(world: World) -> None:
    page = await world.signed_in()
    await page.goto(f"{world.address}/alerts?unit=CVT")
    line = page.locator("tbody tr", has_text="Đơn vị CVT")
    await line.get_by_role("button", name="Tiếp nhận").click()
    await expect(page.locator("[data-told]")).to_contain_text("Đã tiếp nhận: 1")
    await expect(line).to_contain_text("hẹn xong 22/03/2011")
    await expect(line.get_by_role("button")).to_have_count(0)
    assert page.url == f"{world.address}/alerts?unit=CVT", "the address can be shared without saying it again"
    assert await world.alert_of("CVT") == ("ACKNOWLEDGED", "2011-03-22")


async def test_selected_alerts_stay_selected_while_the_list_changes_and_are_silenced(world: World) -> None:
    page = await world.signed_in()
    await page.goto(f"{world.address}/alerts?rule=R3&state=OPEN")
    box = page.locator("tbody tr", has_text="Đơn vị CBC").get_by_role("checkbox")
    await box.check()
    await expect(page.locator("[data-picked]")).to_have_text("(1)")
    await expect(page.locator("[data-live]")).to_have_text("trực tiếp")
    await page.evaluate("document.querySelector('[data-region=alerts] table').dataset.old = 'yes'")
    await world.publish(samples.report("CQL", copied=True, period="2011-Q2"))
    await expect(page.locator("[data-old]")).to_have_count(0)
    await expect(box).to_be_checked()
    bar = page.locator("#act")
    await bar.get_by_label("Lý do").last.fill("đang rà soát")
    await bar.get_by_label("Đến hết ngày").fill("2011-03-20")
    await bar.get_by_role("button", name="Tạm ngưng").click()
    await expect(page.locator("[data-told]")).to_contain_text("Đã tạm ngưng: 1")
    silence = page.locator("#windows tbody tr", has_text="đang rà soát")
    await expect(silence).to_contain_text("21/03/2011 00:00")
    await until(lambda: silenced(world, "CBC"))
    await silence.get_by_role("textbox").fill("đã rà soát xong")
    await silence.get_by_role("button", name="Kết thúc").click()
    await expect(page.locator("#windows")).to_contain_text("Không có: mọi cảnh báo đều được thông báo.")


async def silenced(world: World, unit: str) -> bool:
    return (await world.alert_of(unit))[0] == "SILENCED"


async def test_everything_works_without_scripts(world: World) -> None:
    page = await world.signed_in(scripts=False)
    await page.goto(f"{world.address}/alerts?unit=CTS")
    await page.locator("tbody tr", has_text="Đơn vị CTS").get_by_role("link", name="Báo cáo sao chép").click()
    await page.get_by_role("button", name="Xử lý xong").click()
    assert page.url.endswith("#") is False
    await expect(page.get_by_label("Lý do").first).to_be_visible()
    await page.locator("form", has_text="Xử lý xong").get_by_label("Lý do").fill("đã kiểm tra số liệu gốc")
    await page.get_by_role("button", name="Xử lý xong").click()
    await expect(page.locator("[data-told]")).to_contain_text("Đã xử lý xong: 1")
    await expect(page.get_by_text("đã kiểm tra số liệu gốc").first).to_be_visible()
    assert (await world.alert_of("CTS"))[0] == "RESOLVED"


async def test_enter_in_a_field_of_the_list_does_nothing_by_accident(world: World) -> None:
    page = await world.signed_in()
    await page.goto(f"{world.address}/alerts?unit=CPT")
    await page.locator("#act").get_by_label("Lý do").first.press("Enter")
    await page.get_by_role("button", name="Lọc").focus()
    assert await world.alert_of("CPT") == ("OPEN", None)
    await page.locator("#act").get_by_role("button", name="Tiếp nhận").click()
    await expect(page.locator("[data-told]")).to_have_text("Hãy chọn ít nhất một dòng.")
    await expect(page.locator("[data-told]")).to_be_focused()


async def test_who_may_only_read_finds_nothing_to_press(world: World) -> None:
    page = await world.signed_in("leader")
    for path in ("/alerts", "/deliveries"):
        await page.goto(world.address + path)
        await expect(page.locator("main [name=do], main input[type=checkbox]")).to_have_count(0)


async def test_a_delivery_is_sent_again_and_arrives(world: World) -> None:
    page = await world.signed_in()
    await page.goto(f"{world.address}/deliveries")
    await page.locator("tbody tr", has_text="a…@cvt.example").first.get_by_role("link").last.click()
    await page.get_by_label("Lý do").fill("người nhận báo chưa thấy")
    before = len(world.post.to(OFFICER))
    await page.get_by_role("button", name="Gửi lại").click()
    await expect(page.locator("[data-told]")).to_contain_text("Đã gửi lại: 1")
    await until(lambda: len(world.post.to(OFFICER)) == before + 1)
    await page.goto(f"{world.address}/why?recipient={OFFICER}")
    await expect(page.locator("tbody tr").first).to_contain_text("đã gửi")


async def test_a_digest_is_previewed_in_its_frame_and_its_links_leave_it(world: World) -> None:
    page = await world.signed_in(language="en")
    await page.goto(f"{world.address}/digests")
    await page.get_by_label("Audience").select_option("leadership")
    await page.get_by_label("As of").fill("2011-03-14T08:00")
    await page.get_by_label("Language").select_option("vi")
    await page.get_by_role("button", name="Show").click()
    frame = page.frame_locator("iframe")
    await expect(frame.locator("body")).to_contain_text("14/03/2011")
    await expect(frame.locator("body")).to_contain_text("Bản xem trước.")
    await expect(frame.locator("base")).to_have_attribute("target", "_blank")
    assert "allow-scripts" not in str(await page.locator("iframe").get_attribute("sandbox"))
    link = await page.get_by_role("link", name="PDF").get_attribute("href")
    document = await page.request.get(f"{world.address}{link}")
    assert (await document.body()).startswith(b"%PDF-")


async def test_an_inspection_appears_by_itself_and_shows_its_steps(world: World) -> None:
    page = await world.signed_in()
    await page.goto(f"{world.address}/inspections")
    await expect(page.locator("[data-live]")).to_have_text("trực tiếp")
    headers = {"authorization": f"Bearer {world.token('inspector')}"}
    body = {"plan": "P", "unit": "CPT", "reason": "Theo đề nghị của Thanh tra Bộ"}
    made = await page.request.post(f"{world.notify_address}/v1/inspections", data=body, headers=headers)
    inspection = (await made.json())["inspection"]
    step = {"step": "decision", "on": "2011-03-15", "document": DOCUMENT}
    await page.request.post(f"{world.notify_address}/v1/inspections/{inspection}/steps", data=step, headers=headers)
    line = page.locator("[data-region=inspections] tbody tr", has_text="Đơn vị CPT")
    await expect(line).to_contain_text("đã quyết định")
    await line.get_by_role("link", name="Cuộc kiểm tra số 1").click()
    await expect(page.locator(".path li")).to_have_count(3)
    await expect(page.locator(".path li").nth(1)).to_contain_text("Quyết định 112/QĐ-TTTT")
    await expect(page.locator(".path li.next")).to_contain_text("chậm nhất ngày")


async def test_the_pipeline_shows_the_auditor(world: World) -> None:
    page = await world.signed_in()
    await page.goto(f"{world.address}/pipeline")
    await expect(page.get_by_text(re.compile("Lần đối soát gần nhất 15/03/2011 10:00"))).to_be_visible()


async def details(world: World, page: Page) -> list[str]:
    """Paths of one page of each kind that lists lead to."""
    found = []
    for path, noun in (("/alerts", "alerts"), ("/deliveries", "deliveries"), ("/digests", "digests")):
        await page.goto(world.address + path)
        link = page.locator(f'tbody a[href^="/{noun}/"]').first
        found += [str(await link.get_attribute("href"))] if await link.count() else []
    return found


async def test_a_phone_scrolls_pages_only_downwards(world: World) -> None:
    page = await world.signed_in(width=390)
    for path in (*LISTS, "/why?unit=CVT", *await details(world, page)):
        await page.goto(world.address + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_are_read_by_everybody(world: World, scheme: str) -> None:
    page = await world.signed_in(language="en" if scheme == "dark" else "vi")
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in (*LISTS, "/why?unit=CVT", *await details(world, page)):
        await page.goto(world.address + path)
        assert await page.evaluate(CONTRAST) == [], path
        assert await page.evaluate(ACCESS) == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_pages_of_a_recipient(world: World, scheme: str, language: str) -> None:
    links = Links(public_url=world.notify_address, secret=SECRET, days=30)
    context = await world.browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=True)
    page = await context.new_page()
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for purpose, kind, path in (("preferences", "", "preferences/mine"), ("unsubscribe", "digest", "unsubscribe")):
        token = links.token(Claim(purpose, OFFICER, kind, NOW_MS + DAY_MS))  # type: ignore[arg-type]
        await page.goto(f"{world.notify_address}/v1/{path}?token={token}&language={language}")
        await expect(page.locator("html")).to_have_attribute("lang", language)
        await page.locator("button").click()
        await expect(page.locator("[role=status]")).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("lang", language)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        assert await page.evaluate(CONTRAST) == []
        assert await page.evaluate(ACCESS) == []
    await page.goto(f"{world.notify_address}/v1/unsubscribe?token=nonsense&language={language}")
    assert await page.evaluate(ACCESS) == []
