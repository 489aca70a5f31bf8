"""The dashboard in a real Chromium, fed over a real broker: signed in by link, read, and seen to change by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from services.dashboard.main import Dashboard, compose
from services.dashboard.settings import Settings
from shared.clock import FixedClock, iso
from shared.events.base import State
from shared.events.catalog import compose as compose_event
from shared.http.server import serve
from shared.http.tokens import issue_token
from shared.nats.connection import Connection
from shared.nats.publisher import Publisher
from shared.nats.streams import OWNED, ensure_stream
from tests.browser.chromium import ACCESS, ARGUMENTS, CHROMIUM, CONTRAST, WAIT_MS
from tests.support.nats_server import NatsServer
from tests.support.sample_events import NOW_MS, Sample, sample

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]

SECRET = "a-secret-of-at-least-32-characters-for-tests"


@dataclass
class World:
    """A running dashboard with the sample year, the publisher of its events, and a browser."""

    address: str
    dashboard: Dashboard
    publisher: Publisher
    browser: Browser
    sample: Sample

    async def publish(self, state: State) -> None:
        """Announce a state as its owner would."""
        event = compose_event(state, at=iso(NOW_MS))
        await self.publisher.publish(event["subject"], event["body"].encode(), message_id=event["id"])

    async def signed_in(self, *, width: int = 1360, height: int = 900) -> Page:
        """A page that arrived by the sign-in link; a fault in its scripts or policy fails the test."""
        context = await self.browser.new_context(viewport={"width": width, "height": height})
        page = await context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda fault: pytest.fail(f"script: {fault}"))
        token = issue_token(
            SECRET, subject="minh@ttt.example", roles=["operator"], expires_at_ms=NOW_MS + 3_600_000, now_ms=NOW_MS
        )
        await page.goto(f"{self.address}/sign-in?token={token}")
        assert page.url == f"{self.address}/"
        return page


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path_factory.mktemp("nats")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
async def world(nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    connection = Connection(url=nats.url, name="test")
    await connection.open(connect_seconds_max=10)
    for stream in OWNED:
        await ensure_stream(connection, stream)
    settings = Settings(
        store_url=f"sqlite:///{tmp_path_factory.mktemp('dashboard') / 'dashboard.sqlite3'}",
        token_secret=SECRET,
        nats_url=nats.url,
        port=0,
        schedule_seconds=0.1,
        log_level="error",
    )
    dashboard = await compose(settings, clock=FixedClock(NOW_MS))
    year = sample(rounds=2, step_days=30)
    for event in year.envelopes():
        await dashboard.apply(event)
    await dashboard.start()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(dashboard.app, host="127.0.0.1", port=0, on_started=port.set_result))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        address = f"http://127.0.0.1:{await asyncio.wait_for(port, 15)}"
        yield World(address, dashboard, Publisher(connection), browser, year)
        await browser.close()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await dashboard.stop()
    await connection.aclose()


async def test_a_report_turns_its_cell_green_by_itself(world: World) -> None:
    page = await world.signed_in()
    await expect(page.locator("[data-live]")).to_have_text("trực tiếp", timeout=WAIT_MS)
    due = next(one for one in world.sample.obligations if one.period == "2011-Q4" and one.outcome == "PENDING")
    column = await page.locator("table.matrix thead th").all_inner_texts()
    place = next(n for n, text in enumerate(column) if "Quý IV" in text)
    cell = page.locator(f'tr[data-find^="{due.unit} "] > *').nth(place)
    await expect(cell).to_have_class("cell due_soon")
    await world.publish(
        due.model_copy(
            update={
                "revision": due.revision + 1,
                "outcome": "FULFILLED",
                "timeliness": "ON_TIME",
                "first_valid_at_ms": NOW_MS,
                "changed_at_ms": NOW_MS,
            }
        )
    )
    await expect(cell).to_have_class("cell on_time", timeout=WAIT_MS)
    await expect(page.locator("[data-status]")).to_have_text("Đã cập nhật.", timeout=WAIT_MS)


async def test_matrix_and_ranking_are_read_in_both_languages(world: World) -> None:
    page = await world.signed_in()
    await expect(page.locator("table.matrix")).to_contain_text("Quý I/2011")
    await expect(page.locator("table.ranking tr[data-find]")).to_have_count(90)
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.locator("table.matrix")).to_contain_text("Q1 2011")
    await page.locator('table.ranking a[href="/units/VCNTT"]').click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Information Technology Department")
    await expect(page.get_by_text("What to work on next")).to_be_visible()


async def test_units_are_found_and_groups_folded_without_a_reload(world: World) -> None:
    page = await world.signed_in()
    await page.evaluate("window.sameDocument = true")
    rows = page.locator("table.matrix tr[data-find]:visible")
    await page.get_by_placeholder("Tìm đơn vị").fill("da nang")
    await expect(rows).to_have_count(2)
    await page.get_by_placeholder("Tìm đơn vị").fill("")
    await page.locator('[aria-controls="rows-SO"]').click()
    await expect(rows).to_have_count(27)
    await page.get_by_role("link", name="Đơn vị sự nghiệp").first.click()
    await page.wait_for_url("**/?peer=DVSN")
    await expect(rows).to_have_count(7)
    await expect(page.locator("table.ranking tr[data-find]")).to_have_count(7)
    assert await page.evaluate("window.sameDocument") is True


async def test_the_keyboard_reaches_the_content_first(world: World) -> None:
    page = await world.signed_in()
    await page.keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_text("Đến nội dung chính")
    await page.keyboard.press("Enter")
    await expect(page.locator("#content")).to_be_focused()


PATHS = ("/", "/units/VCNTT", "/alerts", "/inspections", "/digests", "/deliveries", "/why", "/pipeline")


@pytest.mark.parametrize("path", PATHS)
async def test_a_phone_scrolls_pages_only_downwards(world: World, path: str) -> None:
    page = await world.signed_in(width=390, height=844)
    await page.goto(world.address + path)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_text_stands_out_from_its_ground_in_light_and_dark(world: World) -> None:
    page = await world.signed_in()
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for path in PATHS:
            await page.goto(world.address + path)
            assert await page.evaluate(CONTRAST) == [], (scheme, path)


async def test_everything_has_a_name_a_place_and_a_size_that_can_be_hit(world: World) -> None:
    page = await world.signed_in()
    for path in PATHS:
        await page.goto(world.address + path)
        assert await page.evaluate(ACCESS) == [], path


async def test_an_open_page_says_when_the_connection_is_lost(world: World) -> None:
    page = await world.signed_in()
    await expect(page.locator("[data-live]")).to_have_text("trực tiếp", timeout=WAIT_MS)
    await page.context.set_offline(True)
    for listener in list(world.dashboard.live._listeners):
        listener.close()
    await expect(page.locator("[data-live]")).to_have_text("mất kết nối", timeout=WAIT_MS)
    await page.context.set_offline(False)
    await expect(page.locator("[data-live]")).to_have_text("trực tiếp", timeout=WAIT_MS)
