"""The life cycle once more on a MongoDB wire protocol: the same rules hold on both stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake.main import compose
from services.intake.repository.collections import COLLECTIONS
from shared.clock import FixedClock, from_iso
from shared.store.open import open_store
from tests.contract.store.conftest import nx_url
from tests.services.intake.running import STARTS, NoBroker, Running, settings
from tests.services.intake.small_plan import monthly
from tests.services.intake.test_amendments import QUARTER, quarterly

__all__ = ["nx_url"]  # a fixture of the store's own tests, used here

pytestmark = pytest.mark.anyio

MARCH = "obligation-SMALL-MONTHLY-U1-2011-M03"
WHY: Any = {"reason": "because"}


async def test_the_whole_life_of_a_year(tmp_path: Path, nx_url: str) -> None:
    clock = FixedClock(from_iso(STARTS))
    store = await open_store(nx_url, database="intake", collections=COLLECTIONS)
    service = await compose(settings(tmp_path), clock=clock, broker=NoBroker(), store=store)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://intake") as http:
            await _live(Running(service, clock, http))
    finally:
        await service.stop()


async def _live(intake: Running) -> None:
    async def post(path: str, status: int = 200, **body: object) -> dict[str, object]:
        answer = await intake.call("POST", path, json=body)
        assert answer.status_code == status, (path, answer.text)
        found: dict[str, object] = answer.json()
        return found

    assert (await intake.publish(effective={"first": "2011-01-01", "last": "2011-12-31"})).status_code == 201
    await intake.put_unit("U1")
    await intake.put_unit("U2")
    close = {"kind": "close", "unit": "U2", "last_day": "2011-06-30", "successor": "U1"}
    done = await post("/v1/unit-changes", 201, **WHY, steps=[close])
    assert (await intake.get("/v1/unit-changes"))["items"][0]["state"] == "applied"
    assert await intake.get(f"/v1/unit-changes/{done['id']}")
    await post(f"/v1/obligations/{MARCH}/extend", **WHY, due_day="2011-04-20", expires_at="2011-04-10T00:00:00Z")
    intake.at("2011-04-10T00:00:00.001Z")
    await intake.intake.schedule.run_once()
    assert intake.intake.schedule.faults == {}
    kinds = [line["kind"] for line in (await intake.get(f"/v1/obligations/{MARCH}"))["history"]]
    assert kinds == ["extended", "expired"]
    draft = f"/v1/drafts/{MARCH}"
    assert (await intake.call("PUT", draft, json={"values": monthly()["values"]})).status_code == 201
    await post(f"{draft}/submit", 201)
    assert (await intake.call("GET", draft)).status_code == 404
    assert (await intake.post(quarterly())).status_code == 201
    assert [held["report_id"] for held in (await intake.get("/v1/reviews"))["items"]] == [QUARTER]
    await post(f"/v1/reports/{QUARTER}/approve")
    assert (await intake.get("/v1/reviews"))["items"] == []
    intake.at("2012-01-05T08:00:00+07:00")
    assert (await post("/v1/plans/SMALL/years/2011/seal"))["reports_sealed"] == 2
    assert (await intake.post(monthly(calls=9), headers={"If-Match": '"1"'})).status_code == 423
    await post(f"/v1/obligations/{MARCH}/unseal", **WHY)
    assert (await intake.post(monthly(calls=9), headers={"If-Match": '"1"'})).status_code == 201
    diff = await intake.get("/v1/reports/report-SMALL-MONTHLY-U1-2011-M03/diff?from=1&to=2")
    assert [held["indicator"] for held in diff["changes"]] == ["CALLS"]
    assert (await post("/v1/plans/SMALL/years/2011/seal"))["round"] == 2
