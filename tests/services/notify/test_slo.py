"""The service level: due reminders that left within 15 minutes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from shared.clock import iso
from shared.events.notice import DeliveryStatus, Punctuality, punctuality
from tests.services.notify.conftest import Running
from tests.services.notify.samples import at, center, contact, obligation, plan, plan_state, unit
from tests.services.notify.test_http import READ

pytestmark = pytest.mark.anyio

MINUTE = 60_000


async def level(running: Running) -> dict[str, Any]:
    transport = httpx.ASGITransport(app=running.notify.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        answer = await client.get("/v1/slo", headers=READ)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


@pytest.mark.parametrize(
    ("status", "due", "sent", "standing"),
    [
        ("SENT", 1000, 1000 + 15 * MINUTE, "met"),
        ("SENT", 1000, 1001 + 15 * MINUTE, "missed"),
        ("DELIVERED", 1000, 1000, "met"),
        ("CREATED", 1000, 0, "open"),
        ("TECHNICAL_FAILURE", 1000, 0, "missed"),
        ("PERMANENT_FAILURE", 1000, 0, "none"),
        ("SENT", 0, 1000, "none"),
    ],
)
def test_how_a_delivery_counts(status: DeliveryStatus, due: int, sent: int, standing: Punctuality) -> None:
    assert punctuality(status, due_at_ms=due, sent_at_ms=sent) == standing


async def begun(running: Running) -> None:
    await running.hear(plan_state(plan()), center(), unit("CVT", contact("report_officer", "an@cvt.example")))
    await running.hear(unit("CBC", contact("report_officer", "chi@cbc.example")), obligation(), obligation("CBC"))
    await running.go("2011-03-10 09:00")


async def test_what_leaves_in_time_meets_it(running: Running) -> None:
    await begun(running)
    assert (await level(running))["attained"] is None
    await running.go("2011-03-11 09:15")
    found = await level(running)
    assert (found["attained"], found["due"], found["is_met"], found["worst"]) == (1.0, 2, True, [])
    shown = running.notify.telemetry.metrics.registry.get_sample_value("tiendo_reminders_on_time_ratio")
    assert shown == 1.0


async def test_what_leaves_late_misses_it_and_is_named(running: Running) -> None:
    await begun(running)
    running.post.rcpt_answers = ["451 later", "451 later", "451 later", "451 later"]
    await running.go("2011-03-11 09:00")
    await running.go("2011-03-11 09:40")
    found = await level(running)
    assert (found["met"], found["missed"], found["is_met"]) == (0, 2, False)
    assert [one["late_seconds"] for one in found["worst"]] == [2400, 2400]
    assert found["worst"][0]["due_at"] == iso(at("2011-03-11 09:00"))
    assert "an@cvt" not in str(found)


async def test_a_worker_that_stands_still_misses_it_too(running: Running) -> None:
    await begun(running)
    running.clock.set(at("2011-03-11 09:15"))
    assert (await level(running))["undecided"] == 0
    running.clock.set(at("2011-03-11 09:16"))
    found = await level(running)
    assert (found["undecided"], found["attained"], found["is_met"]) == (2, 0.0, False)


async def test_the_level_says_when_the_auditor_looked_last_and_what_it_found(running: Running) -> None:
    assert (await level(running))["auditor"] is None, "it has not looked since the start"
    await begun(running)
    assert (await level(running))["auditor"] == {"at": iso(at("2011-03-10 09:00")), "differences": 0}
    await running.go("2011-03-10 09:30")
    assert (await level(running))["auditor"]["at"] == iso(at("2011-03-10 09:00")), "it looks once an hour"
    await running.go("2011-03-10 10:00")
    assert (await level(running))["auditor"]["at"] == iso(at("2011-03-10 10:00"))
