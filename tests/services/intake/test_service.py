"""The composed service: what it documents, what it hides, what it does without a broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.intake.main import compose
from shared.clock import FixedClock
from shared.http.problem_titles import TITLES
from shared.http.refusals import STATUS
from tests.services.intake.running import NoBroker, Running, settings
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

ROUTES = {
    ("put", "/v1/plans/{plan}/versions/{version}"),
    ("get", "/v1/plans"),
    ("get", "/v1/plans/{plan}/versions/{version}"),
    ("put", "/v1/units/{unit}"),
    ("get", "/v1/units"),
    ("get", "/v1/units/{unit}"),
    ("post", "/v1/reports"),
    ("get", "/v1/reports"),
    ("get", "/v1/reports/{report}"),
    ("post", "/v1/reports/{report}/approve"),
    ("post", "/v1/reports/{report}/return"),
    ("get", "/v1/receipts/{sha256}"),
    ("get", "/v1/obligations"),
    ("get", "/v1/obligations/{obligation}"),
    ("get", "/v1/rates"),
    ("post", "/v1/units/import"),
    ("post", "/v1/unit-changes"),
    ("get", "/v1/unit-changes"),
    ("get", "/v1/unit-changes/{change_id}"),
    ("post", "/v1/obligations/{obligation}/waive"),
    ("post", "/v1/obligations/{obligation}/not-applicable"),
    ("post", "/v1/obligations/{obligation}/extend"),
    ("post", "/v1/obligations/{obligation}/exception"),
    ("post", "/v1/obligations/{obligation}/reinstate"),
    ("post", "/v1/obligations/{obligation}/unseal"),
    ("post", "/v1/plans/{plan}/years/{year}/seal"),
    ("get", "/v1/plans/{plan}/years/{year}/seal"),
    ("put", "/v1/drafts/{obligation}"),
    ("get", "/v1/drafts/{obligation}"),
    ("delete", "/v1/drafts/{obligation}"),
    ("post", "/v1/drafts/{obligation}/submit"),
    ("get", "/v1/reports/{report}/versions/{version}"),
    ("get", "/v1/reports/{report}/diff"),
    ("post", "/v1/reports/{report}/unapprove"),
    ("get", "/v1/reviews"),
    ("post", "/v1/imports"),
    ("get", "/v1/imports/{id}"),
    ("post", "/v1/reports/batch"),
    ("get", "/v1/reports.csv"),
    ("get", "/v1/reports.xlsx"),
    ("get", "/v1/templates/{plan}/{form}/{unit}/{period}.xlsx"),
    ("post", "/v1/evidence"),
    ("get", "/v1/evidence/{sha256}"),
    ("post", "/v1/keys"),
    ("get", "/v1/keys"),
    ("delete", "/v1/keys/{id}"),
    ("post", "/v1/keys/{id}/rotate"),
    ("get", "/v1/receipts/chain/{plan}"),
    ("get", "/v1/audit"),
    ("get", "/v1/audit/verify"),
    ("get", "/v1/audit/anchors"),
}


async def test_every_route_is_documented_with_what_it_takes(empty: Running) -> None:
    schema = (await empty.http.get("/openapi.json")).json()
    documented = {(method, path) for path, item in schema["paths"].items() for method in item}
    assert documented == ROUTES
    for method, path in documented:
        operation = schema["paths"][path][method]
        assert operation["description"], path
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in media or media["schema"] == {"type": "object"}, path
    assert (await empty.http.get("/docs")).status_code == 200


async def test_the_barrier_is_there_locally_and_not_in_production(empty: Running, tmp_path: Path) -> None:
    await empty.intake.schedule.run_once()
    held = (await empty.http.get("/internal/settled")).json()
    assert held == {"schedule_ms": empty.clock.now_ms(), "outbox": 0, "unprocessed": 0, "dirty": 0}
    production = settings(tmp_path / "p", profile="production", nats_user="intake", nats_password="x" * 20)
    service = await compose(production, clock=FixedClock(1), broker=NoBroker())
    try:
        assert "/internal/settled" not in {getattr(route, "path", "") for route in service.app.routes}
    finally:
        await service.stop()


async def test_a_broker_that_is_away_does_not_keep_reports_out(tmp_path: Path) -> None:
    service = await compose(settings(tmp_path, nats_url="nats://127.0.0.1:1"), clock=FixedClock(1))
    try:
        ready, told = await service.telemetry.health.readiness()
        assert not ready
        assert {check["name"]: check["ok"] for check in told["checks"]} == {
            "store": True,
            "broker": False,
            "schedule": True,
        }
    finally:
        await service.stop()


def test_every_refusal_has_a_title() -> None:
    assert {slug for _, slug in STATUS.values()} <= TITLES.keys()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/obligations/foo",
        "/v1/obligations/%00",
        "/v1/reports/foo",
        "/v1/reports/report-%0a",
        "/v1/units/%00",
        "/v1/units/none",
        "/v1/plans/%00/versions/1",
        "/v1/obligations?year=99999999999999999999999999",
        "/v1/obligations?unit=%00",
        "/v1/reports?phase=LOST",
        "/v1/rates?plan=%00&year=2011",
        "/v1/keys?unit=%ff",
        "/v1/units?limit=0",
        "/v1/units?limit=501",
        f"/v1/units?cursor={'x' * 1001}",
        "/v1/nothing",
    ],
)
async def test_nonsense_in_an_address_is_the_callers_fault(empty: Running, path: str) -> None:
    answer = await empty.call("GET", path)
    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_old_answers_are_forgotten_by_schedule(intake: Running) -> None:
    await intake.post(monthly(), headers={"Idempotency-Key": "a"})
    await intake.intake.schedule.run_once()
    assert await intake.store.count("idempotency") == 1
    intake.clock.advance(24 * 3_600_000)
    await intake.intake.schedule.run_once()
    assert await intake.store.count("idempotency") == 1
    intake.clock.advance(60_000)
    await intake.intake.schedule.run_once()
    assert await intake.store.count("idempotency") == 0


async def test_any_text_that_json_can_hold_is_kept(intake: Running) -> None:
    body = monthly()
    body["values"][2] = {"indicator": "CALLS", "status": "not_applicable", "reason": "Không có\u0000\ud7ff🎉"}
    answer = await intake.post(body)
    assert answer.status_code == 201, answer.text
    assert (await intake.post(body)).status_code == 200


async def test_a_store_without_room_for_more_events_asks_to_come_back(intake: Running) -> None:
    """While the broker is away, one report can be amended only so often: every version is told to the others."""
    version = 0
    statuses: list[int] = []
    while not statuses or statuses[-1] == 201:
        headers = {"If-Match": f'"{version}"'} if version else {}
        answer = await intake.post(monthly(calls=version), headers=headers)
        statuses.append(answer.status_code)
        version += 1
    assert (statuses[-1], answer.headers["retry-after"]) == (503, "5")
    assert len(statuses) == 50
