"""Intake in this process: the embedded store, a fixed clock, HTTP without a socket, and no broker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from services.intake.main import Intake, compose
from services.intake.settings import Settings
from shared.clock import FixedClock, from_iso
from shared.http.tokens import issue_token
from shared.nats.broker import Settled
from tests.services.intake import small_plan

SECRET = "test-secret-test-secret-test-secret-42"
NEVER_MS = 4_000_000_000_000
STARTS = "2011-03-31T12:00:00+07:00"


class NoBroker:
    """A broker that is never there: events wait in the documents."""

    async def start(self, *, start_seconds_max: float = 1.0) -> None:
        return

    async def stop(self, *, finish_seconds_max: float = 1.0) -> None:
        return

    def ready(self) -> list[str]:
        return []

    async def settled(self) -> Settled:
        return Settled(0, 0, 0)


class Running:
    """The service, its clock, and requests with a bearer."""

    def __init__(self, intake: Intake, clock: FixedClock, http: httpx.AsyncClient) -> None:
        self.intake = intake
        self.clock = clock
        self.http = http
        self.admin = token("admin", roles=["administrator"])

    @property
    def store(self) -> Any:
        return self.intake.store

    async def call(self, method: str, path: str, *, bearer: str | None = None, **more: Any) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {bearer or self.admin}",
            "Accept-Language": "en",
            **more.pop("headers", {}),
        }
        return await self.http.request(method, path, headers=headers, **more)

    async def get(self, path: str, **more: Any) -> Any:
        answer = await self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def publish(self, **more: Any) -> httpx.Response:
        held = small_plan.document(**more)
        return await self.call("PUT", f"/v1/plans/{held['code']}/versions/{held['version']}", json=held)

    async def put_unit(self, code: str = "U1", **more: Any) -> httpx.Response:
        return await self.call("PUT", f"/v1/units/{code}", json=small_plan.unit(code, **more))

    async def post(self, body: dict[str, Any], **more: Any) -> httpx.Response:
        return await self.call("POST", "/v1/reports", json=body, **more)

    async def entry(self, form: str = "MONTHLY", unit: str = "U1", period: str = "2011-M03") -> dict[str, Any]:
        """The document of the ledger, its report read."""
        held = await self.store.get("obligations", f"obligation-SMALL-{form}-{unit}-{period}")
        assert held is not None
        report = held["report"]
        return {**held, "report": None if report is None else orjson.loads(report)}

    async def written(self) -> list[Any]:
        """Everything that a report could change."""
        held: list[Any] = []
        for collection in ("obligations", "report_versions", "idempotency", "audit"):
            cursor = None
            while True:
                page = await self.store.find(collection, limit=1000, cursor=cursor)
                held += page.documents
                cursor = page.cursor
                if cursor is None:
                    break
        return held

    def at(self, instant: str) -> None:
        self.clock.set(from_iso(instant))


def token(subject: str, *, roles: list[str], **more: Any) -> str:
    return issue_token(SECRET, subject=subject, roles=roles, expires_at_ms=NEVER_MS, now_ms=0, **more)


def settings(folder: Path, **more: Any) -> Settings:
    held = {"import_dir": folder / "imports", **more}
    return Settings(store_url=f"sqlite://{folder}/intake.sqlite3", token_secret=SECRET, log_level="error", **held)


@asynccontextmanager
async def running(folder: Path, *, at: str = STARTS, **more: Any) -> AsyncIterator[Running]:
    clock = FixedClock(from_iso(at))
    intake = await compose(settings(folder, **more), clock=clock, broker=NoBroker())
    transport = httpx.ASGITransport(intake.app)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as http:
            yield Running(intake, clock, http)
    finally:
        await intake.stop()
