"""A dry run is the same code without the write: its counts are those of the real run, whatever is sent."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.intake.running import Running, running
from tests.services.intake.small_plan import monthly

NUMBER = st.one_of(st.integers(-2, 60), st.sampled_from([0.5, 1e15]))
CODE = st.sampled_from(["MAIL", "DOCS", "CALLS", "LAWS", "STAFF", "NOPE"])
ROW = st.one_of(
    st.fixed_dictionaries({"indicator": CODE, "value": NUMBER}),
    st.fixed_dictionaries({"indicator": CODE, "numerator": NUMBER, "denominator": NUMBER}),
    st.fixed_dictionaries({"indicator": CODE, "status": st.sampled_from(["nil", "not_applicable"])}),
)


def _spoiled(rows: list[dict[str, Any]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """A sound report in which one row is replaced, or to which one is added."""
    return [*(held for held in rows if held["indicator"] != row["indicator"]), row]


SMALL = st.integers(0, 50)
SOUND = st.builds(lambda used, calls: monthly(used=used, calls=calls)["values"], SMALL, SMALL)
REPORT = st.fixed_dictionaries(
    {
        "values": st.one_of(SOUND, st.lists(ROW, min_size=1, max_size=6), st.builds(_spoiled, SOUND, ROW)),
        "mode": st.sampled_from(["ATOMIC", "PARTIAL"]),
    }
)


def told(answer: httpx.Response) -> dict[str, Any]:
    """What both runs must agree on."""
    body = answer.json()
    names = ("counts", "conflicts", "conflict_groups_total", "rejected_indexes", "status", "outcome")
    return {name: body.get(name) for name in names}


async def both(folder: Path, bodies: list[dict[str, Any]]) -> None:
    async with running(folder) as intake:
        await intake.publish()
        await intake.put_unit("U1")
        for body in bodies:
            await one(intake, body)


async def one(intake: Running, change: dict[str, Any]) -> None:
    body = {**monthly(), **change}
    current = (await intake.entry())["report"]
    headers = {"If-Match": f'"{current["state"]["version"]}"'} if current else {}
    before = await intake.written()
    dry = await intake.post(body, params={"dry_run": "true"}, headers=headers)
    assert await intake.written() == before
    real = await intake.post(body, headers=headers)
    assert told(dry) == told(real)
    assert (dry.status_code, real.status_code) in {(200, 201), (200, 200), (422, 422)}, (dry.text, real.text)
    if real.status_code == 201:
        assert dry.json()["version"] == real.json()["version"]
        assert (dry.json()["receipt"], dry.json()["dry_run"]) == (None, True)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(REPORT, min_size=1, max_size=8))
def test_a_dry_run_tells_what_the_real_run_does_and_writes_nothing(bodies: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(both(Path(folder), bodies))
