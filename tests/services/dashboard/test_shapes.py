"""Read models that an older version wrote are found by what lists ask for today."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.dashboard.repository.alerts import Alerts
from services.dashboard.repository.collections import COLLECTIONS
from services.dashboard.repository.deliveries import Deliveries
from services.dashboard.repository.shapes import renew
from shared.store.documents import Collection, Index
from shared.store.open import open_store
from tests.services.dashboard.samples import alert, delivery

pytestmark = pytest.mark.anyio
OLD = (
    Collection("alerts", (Index(("plan", "opened_at_ms")),)),
    Collection("deliveries", (Index(("changed_at_ms",)),)),
)


async def test_what_an_older_version_wrote_is_renewed_once(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/dashboard.sqlite3"
    old = await open_store(url, database="dashboard", collections=OLD)
    found = alert(1).model_copy(update={"signal": "auditor"})
    held = {"_id": found.alert, "revision": 1, "plan": found.plan, "live": True, "opened_at_ms": found.opened_at_ms}
    await old.insert("alerts", {**held, "unit": "VPC", "severity": "high", "state": found.model_dump(mode="json")})
    for number in range(150):
        state = delivery(number)
        document = {"_id": state.delivery, "revision": 1, "unit": "VPC", "status": state.status, "punctuality": "none"}
        times = {"due_at_ms": 0, "changed_at_ms": state.changed_at_ms}
        await old.insert("deliveries", {**document, **times, "state": state.model_dump(mode="json")})
    await old.aclose()
    store = await open_store(url, database="dashboard", collections=COLLECTIONS)
    deliveries, alerts = Deliveries(store), Alerts(store)
    assert await deliveries.of_subject("reminder-1", limit=200) == []
    assert await renew(store) == 151
    assert len(await deliveries.of_subject("reminder-1", limit=200)) == 150
    assert [one.alert for one in await alerts.live_of_signal("auditor", limit=5)] == ["alert-0001"]
    assert await renew(store) == 0
    await store.aclose()
