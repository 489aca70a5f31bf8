"""A dashboard beside a real notify: both in this process, each with its own store, notify on a port of its own.

No broker: what notify announces is handed to the dashboard when a test says so, as a broker that is slow would.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.dashboard.main import Dashboard
from services.dashboard.main import compose as compose_dashboard
from services.dashboard.settings import Settings
from services.notify.main import Notify
from services.notify.main import compose as compose_notify
from services.notify.settings import NotifySettings
from shared.clock import FixedClock
from shared.events.base import State
from shared.http.server import serve
from shared.http.tokens import issue_token
from tests.services.dashboard.conftest import NO_BROKER, SECRET, client_of
from tests.services.notify import samples
from tests.services.notify.post import Post, post_office
from tests.support.sample_events import envelope

NOW = "2011-03-15 10:00"


@dataclass(slots=True)
class Desk:
    """The two services, a signed-in operator, and how events get from one to the other."""

    dashboard: Dashboard
    notify: Notify
    serving: asyncio.Task[None]
    operator: httpx.AsyncClient
    clock: FixedClock
    post: Post

    async def hear(self, *states: State) -> None:
        """What intake and scoring announce reaches both."""
        for state in states:
            await self.notify.work.follow.follow(samples.envelope(state))
            await self.dashboard.apply(envelope(state, self.clock.now_ms()))

    async def go(self, moment: str) -> None:
        """Move the clock to a local time and let notify make one pass."""
        self.clock.set(samples.at(moment))
        await self.notify.schedule.run_once()
        assert self.notify.schedule.faults == {}

    async def relay(self) -> None:
        """What notify has announced so far reaches the dashboard."""
        books = self.notify.books
        alerts, _ = await books.alerts.page(unit=None, phase=None, limit=500, cursor=None)
        deliveries, _ = await books.deliveries.page(kind=None, status=None, limit=500, cursor=None)
        runs, _ = await books.digests.page(limit=100, cursor=None)
        inspections = await books.inspections.of_plan("P")
        states: list[State] = [*(one.state() for one in alerts), *(one.state() for one in deliveries)]
        states += [*(one.state() for one in runs), *inspections]
        silences, _ = await books.silences.page("P", limit=100, cursor=None)
        outages, _ = await books.outages.page("P", limit=100, cursor=None)
        states += [*(one.state() for one in silences), *(one.state() for one in outages)]
        for state in states:
            await self.dashboard.apply(envelope(state, self.clock.now_ms()))

    async def text(self, path: str) -> str:
        """The body of a page that must be there."""
        answer = await self.operator.get(path)
        assert answer.status_code == httpx.codes.OK, (path, answer.status_code, answer.text[:400])
        return answer.text

    async def press(self, path: str, do: str, *, by: httpx.AsyncClient | None = None, **fields: Any) -> httpx.Response:
        """Send a form of a page."""
        return await (by or self.operator).post(path, data={"do": do, **fields})

    def person(self, *roles: str, plan: str | None = None) -> httpx.AsyncClient:
        """Somebody else, signed in."""
        return client_of(self.dashboard, self.token(*roles, subject="chi@ttt.example", plan=plan))

    def token(self, *roles: str, subject: str = "minh@ttt.example", plan: str | None = None) -> str:
        now_ms = self.clock.now_ms()
        return issue_token(
            SECRET, subject=subject, roles=roles, plan=plan, expires_at_ms=now_ms + 400 * 86_400_000, now_ms=now_ms
        )

    async def stop_notify(self) -> None:
        """Notify goes away."""
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)


@contextlib.asynccontextmanager
async def desks(folder: Path) -> AsyncIterator[Desk]:
    """Both services with empty stores in `folder`, until the block ends."""
    clock = FixedClock(samples.at("2011-01-03 08:00"))
    async with post_office() as post:
        settings = NotifySettings(
            store_url=f"sqlite://{folder}/notify.sqlite3",
            token_secret=SECRET,
            smtp_port=post.port,
            smtp_timeout_seconds=0.5,
            log_level="error",
        )
        notify = await compose_notify(settings, clock=clock)
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(notify.app, host="127.0.0.1", port=0, on_started=port.set_result))
        dashboard = await compose_dashboard(
            Settings(
                store_url=f"sqlite:///{folder}/dashboard.sqlite3",
                token_secret=SECRET,
                nats_url=NO_BROKER,
                notify_url=f"http://127.0.0.1:{await asyncio.wait_for(port, 15)}",
                log_level="error",
            ),
            clock=clock,
        )
        far_ms = samples.at("2012-12-31 00:00")
        token = issue_token(SECRET, subject="minh@ttt.example", roles=["operator"], expires_at_ms=far_ms, now_ms=0)
        async with client_of(dashboard, token) as operator:
            desk = Desk(dashboard, notify, serving, operator, clock, post)
            yield desk
            await desk.stop_notify()
        await dashboard.stop()
        await notify.stop()


async def begun(desk: Desk) -> None:
    """A plan, its standing body, a unit with a copied report in two quarters: two serious alerts."""
    officer = samples.contact("report_officer", "an@cvt.example")
    await desk.hear(samples.plan_state(samples.plan(), samples.at("2011-01-03 08:00")), samples.center())
    await desk.hear(samples.unit("CVT", officer), samples.unit("CBC"))
    await desk.hear(*(samples.report("CVT", copied=True, period=f"2011-Q{number}") for number in (1, 2)))
    await desk.go(NOW)
    await desk.relay()


def ids(text: str, noun: str) -> list[str]:
    """Ids of what a page leads to, in order, each once."""
    return list(dict.fromkeys(re.findall(rf'href="/{noun}s?/({noun.removesuffix("ie")}[^"?]+)', text)))
