"""The broker's data vanishes under a running platform: streams are rebuilt from the journals, scores converge."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.local.platform import NotReady
from shared.errors import Transient
from tests.support.journey import UNITS, Journey, at, report
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(180)]


async def test_a_wiped_broker_changes_no_score_and_loses_no_report(tmp_path: Path) -> None:
    async with Journey(tmp_path / "data") as journey:
        await journey.publish()
        await journey.step(at("02-01"))
        intake = journey.client("intake")
        for number, unit in enumerate(UNITS[:3]):
            await intake.post_report(report(unit, "2011-M01", users=2 * number + 2))
        await journey.settle()
        before = {unit: await journey.score(unit) for unit in UNITS}

        await journey.platform.kill("nats")
        shutil.rmtree(journey.layout.data / "nats")
        # Reports are accepted while the broker is away; nobody is told to come back later.
        summary = await intake.post_report(report(UNITS[3], "2011-M01", users=8))
        assert summary["status"] == "SUCCESS"
        await journey.platform.start_one("nats")

        async def settled() -> bool:
            try:
                await journey.settle()
            except (NotReady, Transient):
                return False
            return True

        await until(settled, within_seconds=60)
        after = {unit: await journey.score(unit) for unit in UNITS}
        for unit in UNITS[:3]:
            assert after[unit]["index"] == before[unit]["index"]
        assert after[UNITS[3]]["index"] == pytest.approx(0.8)


async def test_a_scoring_service_that_lost_its_store_comes_to_the_same_scores(tmp_path: Path) -> None:
    async with Journey(tmp_path / "data") as journey:
        await journey.publish()
        await journey.step(at("02-01"))
        for number, unit in enumerate(UNITS):
            await journey.client("intake").post_report(report(unit, "2011-M01", users=2 * number + 2))
        await journey.settle()
        before = {unit: await journey.score(unit) for unit in UNITS}

        await journey.platform.kill("scoring")
        for path in (journey.layout.data / "store").glob("scoring.sqlite3*"):
            path.unlink()
        await journey.platform.start_one("scoring")
        await journey.settle()
        after = {unit: await journey.score(unit) for unit in UNITS}
        assert {u: (s["index"], s["rank"]) for u, s in after.items()} == {
            u: (s["index"], s["rank"]) for u, s in before.items()
        }
