"""A whole local platform under test: started on free ports, stepped by its virtual clock, asked over HTTP."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from deploy.client import Client
from deploy.local.layout import Layout, Ports
from deploy.local.platform import LocalPlatform, wait_settled
from deploy.local.up import operator_token
from shared.clock import write_clock_file

PLAN = Path(__file__).parents[1] / "journeys" / "plan.yaml"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
UNITS = ("AN", "BINH", "CHI", "DUNG")
IMPATIENT = {"TIENDO_ACK_WAIT_SECONDS": "1", "TIENDO_LEASE_SECONDS": "1", "TIENDO_MAIL_AT_ONCE": "1"}
"""After a crash, others wait for the silent one: seconds instead of half a minute."""
STARTS = datetime(2011, 1, 3, 8, 0, tzinfo=ZONE)


def at(day: str, clock: str = "10:00") -> int:
    """Epoch milliseconds of a local time in 2011, such as `at("02-08", "09:05")`."""
    return int(datetime.fromisoformat(f"2011-{day}T{clock}:00").replace(tzinfo=ZONE).timestamp() * 1000)


def unit_body(code: str) -> dict[str, Any]:
    """One of the plan's units, with contacts in a domain that is reserved for examples."""
    domain = f"{code.lower()}.units.example"
    contacts = [
        {"role": role, "email": f"{role}@{domain}", "name": None, "language": "vi"}
        for role in ("report_officer", "head_of_unit")
    ]
    return {
        "code": code,
        "names": {"vi": f"Đơn vị {code}", "en": f"Unit {code}"},
        "kind": "VU",
        "peer_group": "UNITS",
        "valid_from": "2010-01-01",
        "contacts": contacts,
    }


def standing_body() -> dict[str, Any]:
    """The body that urges and inspects; it owes no reports of this plan."""
    roles = ("standing_body_head", "operations", "deputy_minister_in_charge")
    contacts = [{"role": role, "email": f"{role}@tttt.units.example", "name": None, "language": "en"} for role in roles]
    return {**unit_body("TTTT"), "peer_group": "CENTRE", "contacts": contacts}


def report(unit: str, period: str, *, users: int = 8, staff: int = 10, meetings: float = 1) -> dict[str, Any]:
    """A monthly report of the small plan."""
    return {
        "plan": "SMALL",
        "form": "MONTHLY",
        "unit": unit,
        "period": period,
        "values": [
            {"indicator": "MAIL", "numerator": users, "denominator": staff},
            {"indicator": "MEETINGS", "value": meetings},
        ],
        "explanations": {"V10": "Không thay đổi"},
    }


class Journey:
    """A running platform and the few questions that tests ask it."""

    def __init__(self, data: Path, *, watch: bool = False, settings: dict[str, str] | None = None) -> None:
        self.layout = Layout(data=data, ports=Ports.free())
        self.layout.data.mkdir(parents=True, exist_ok=True)
        self.now_ms = int(STARTS.timestamp() * 1000)
        self.set_clock(self.now_ms)
        self.platform = LocalPlatform(
            self.layout, virtual_clock=True, watch=watch, settings={**IMPATIENT, **(settings or {})}
        )
        self._clients: dict[str, Client] = {}

    async def __aenter__(self) -> Journey:
        await self.platform.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients.values():
            await client.__aexit__(None, None, None)
        await self.platform.stop()

    def client(self, service: str) -> Client:
        if service not in self._clients:
            self._clients[service] = Client(self.layout.address(service), operator_token(self.layout))
        return self._clients[service]

    def token(self) -> str:
        """An operator's token."""
        return operator_token(self.layout)

    def set_clock(self, now_ms: int) -> None:
        self.now_ms = now_ms
        write_clock_file(self.layout.clock_file, virtual_ms=now_ms, rate=0)

    async def step(self, now_ms: int) -> None:
        """Set the clock and wait until everything that is due has been done."""
        self.set_clock(now_ms)
        await self.settle()

    async def settle(self) -> None:
        await wait_settled(self.layout, since_ms=self.now_ms)

    async def publish(self) -> None:
        """The plan and its units, through intake's interface."""
        intake = self.client("intake")
        await intake.publish_plan("SMALL", "1", PLAN.read_text(encoding="utf-8"))
        for body in (standing_body(), *map(unit_body, UNITS)):
            await intake.put_unit(body)
        await self.settle()

    async def score(self, unit: str) -> dict[str, Any]:
        """The unit's line in the evaluation of 2011."""
        answer = await self.client("scoring").call("GET", "/v1/evaluations/SMALL/2011")
        found: dict[str, Any] = next(item for item in answer.json()["items"] if item["unit"] == unit)
        return found

    async def obligation(self, unit: str, period: str) -> dict[str, Any]:
        answer = await self.client("intake").call("GET", f"/v1/obligations/obligation-SMALL-MONTHLY-{unit}-{period}")
        found: dict[str, Any] = answer.json()
        return found

    async def alerts(self, **query: str) -> list[dict[str, Any]]:
        return [item async for item in self.client("notify").pages("/v1/alerts", **query)]

    async def reminders(self, **query: str) -> list[dict[str, Any]]:
        return [item async for item in self.client("notify").pages("/v1/reminders", **query)]

    async def mail(self, recipient: str = "") -> list[dict[str, Any]]:
        """Messages that the catcher holds, newest first."""
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{self.layout.address('mail')}/messages", params={"to": recipient, "limit": 500})
        found: list[dict[str, Any]] = answer.json()["items"]
        return found
