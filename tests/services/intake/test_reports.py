from __future__ import annotations

import pytest

from tests.services.intake.running import Running
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio


async def test_a_valid_report_is_stored_with_a_receipt_and_both_events(intake: Running) -> None:
    answer = await intake.post(monthly())
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    body = answer.json()
    assert body["status"] == "SUCCESS"
    assert body["version"] == 1
    assert body["timeliness"] == "ON_TIME"
    assert body["counts"] == {"received": 3, "valid": 3, "created": 3, "updated": 0, "unchanged": 0, "rejected": 0}
    assert body["conflicts"] == []
    entry = await intake.entry()
    assert entry["outcome"] == "FULFILLED"
    assert entry["report"]["state"]["phase"] == "APPROVED"
    assert [event["envelope"]["type"] for event in entry["pending"]] == [
        "obligation.changed.v1",
        "report.changed.v1",
        "obligation.changed.v1",
    ]
