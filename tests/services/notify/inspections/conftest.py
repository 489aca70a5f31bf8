"""The inspections of one instance over a real store, with their HTTP edge and a clock that stands still.

Messages are looked at as they were made; how they are delivered is the concern of other tests.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.notify.channels.letters import Letters
from services.notify.domain.deliveries import Delivery
from services.notify.domain.signals import of_report
from services.notify.handlers.remind import Remind
from services.notify.handlers.watch import Raise
from services.notify.repository.collections import COLLECTIONS
from services.notify.routes.inspections import draw_routes, finding_routes, inspection_routes
from services.notify.wiring.books import Books
from services.notify.wiring.inspections import InspectionWork
from services.notify.wiring.reminders import remind
from shared.audit.log import Audit
from shared.clock import FixedClock
from shared.events.base import State
from shared.events.plan import PlanState
from shared.events.report import ReportState
from shared.events.unit import UnitState
from shared.http import refusals
from shared.http.app import create_app
from shared.http.identity import Identity
from shared.http.tokens import TokenAuthenticator
from shared.store.documents import Documents
from shared.store.open import open_store
from shared.telemetry.metrics import Metrics
from shared.telemetry.service import Telemetry
from shared.telemetry.tracing import Tracing
from tests.services.notify.conftest import SECRET
from tests.services.notify.samples import at, plan


@dataclass(slots=True)
class Bench:
    """One instance."""

    store: Documents
    books: Books
    work: InspectionWork
    remind: Remind
    clock: FixedClock
    http: httpx.AsyncClient

    async def hear(self, *states: State) -> None:
        """Keep what other services announced; reports only raise their alerts."""
        for state in states:
            match state:
                case PlanState():
                    await self.books.plans.add(state)
                case UnitState():
                    await self.books.units.put(state, check_at_ms=0)
                case ReportState():
                    raised = Raise(self.books.alerts, self.books.plans)
                    await raised.apply_all(of_report(plan(), state), self.clock.now_ms())

    async def go(self, moment: str | int) -> None:
        """Move the clock to a local time (or epoch ms) and make one pass, which must leave nothing due."""
        self.clock.set(at(moment) if isinstance(moment, str) else moment)
        now_ms = self.clock.now_ms()
        await self.work.watch.run(now_ms)
        await self.remind.run(now_ms)
        assert await self.books.inspections.count_due(now_ms) == 0
        assert await self.books.inspection_nudges.count_due(now_ms) == 0

    async def to(self, address: str) -> list[Delivery]:
        """Messages to an address, oldest first."""
        return (await self.books.deliveries.of_recipient(address, 100))[::-1]


Starter = Callable[[FixedClock], AbstractAsyncContextManager[Bench]]


@pytest.fixture
def bench_of(tmp_path: Path) -> Starter:
    """Starts an instance on the one store; a second one is a second instance."""

    @contextlib.asynccontextmanager
    async def starter(clock: FixedClock) -> AsyncIterator[Bench]:
        store = await open_store(f"sqlite://{tmp_path}/inspections.sqlite3", database="notify", collections=COLLECTIONS)
        telemetry = Telemetry(Tracing(service="notify", otlp_endpoint="", sample_ratio=0))
        books = Books(store)
        letters = Letters(dashboard_url="http://127.0.0.1:8100")
        work = InspectionWork(books, audit=Audit(books.audit_chain), clock=clock)
        app = create_app(
            title="inspections",
            version="1",
            summary="Inspections alone.",
            routers=[inspection_routes(work.desk), finding_routes(work.desk), draw_routes(work.draws)],
            telemetry=telemetry,
            identity=Identity([TokenAuthenticator(SECRET, clock)]),
        )
        refusals.install(app)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://notify") as http:
            yield Bench(store, books, work, remind(books, writer=letters, metrics=Metrics()), clock, http)
        await books.audit_chain.aclose()
        await store.aclose()
        await telemetry.aclose()

    return starter


@pytest.fixture
async def bench(bench_of: Starter, clock: FixedClock) -> AsyncIterator[Bench]:
    async with bench_of(clock) as started:
        yield started
