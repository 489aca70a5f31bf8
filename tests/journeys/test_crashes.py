"""SIGKILL between every two steps of a report's way, in every service: nothing lost, nothing twice."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.platform import NotReady
from deploy.local.processes import Process
from shared.errors import Transient
from tests.support.journey import Journey, at, report, unit_body
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(600)]

STEPS_MAX = 33
UNITS = ("AN", "BINH", "CHI", "DUNG", "EM", "GIANG")
MONTHS = [f"2011-M{month:02}" for month in range(1, 12)]
MOMENTS = ("before", "after")


@pytest.fixture
async def journey(tmp_path: Path) -> AsyncIterator[Journey]:
    async with Journey(tmp_path / "data") as running:
        await running.publish()
        yield running


async def crash_at(
    journey: Journey, service: str, moment: str, write: int, trigger: Callable[[], Awaitable[None]]
) -> bool:
    """Run `trigger` while the service is set to die around its n-th write from then on; did it die?

    Afterwards the ordinary service runs again and everything has settled.
    """
    flag = journey.layout.data / f"armed-{service}-{moment}-{write}"
    ordinary = journey.platform.processes[service]
    arguments = [sys.executable, "-m", "tests.support.crashing", service, moment, str(write), str(flag)]
    doomed = Process(replace(ordinary.command, arguments=arguments), log_path=ordinary.log_path)
    await ordinary.stop()
    await doomed.start(watch=False)
    journey.platform.processes[service] = doomed
    await journey.platform.wait_ready(service)
    flag.touch()
    await trigger()

    async def dead_or_settled() -> bool:
        if doomed.pid is None:
            return True
        try:
            await journey.settle()
        except (NotReady, httpx.HTTPError):  # the service died while it was asked
            return doomed.pid is None
        return True

    await until(dead_or_settled, within_seconds=60)
    died = doomed.pid is None
    if not died:
        await doomed.stop()
    journey.platform.processes[service] = ordinary
    await journey.platform.start_one(service)
    await journey.settle()
    return died


@pytest.mark.parametrize("service", ["intake", "scoring", "notify", "dashboard"])
async def test_a_report_survives_a_crash_between_any_two_steps(journey: Journey, service: str) -> None:
    """Each round reports for another unit and month while the service dies one write later than in the round before.

    All months are over. A report brings all 60 points of MAIL; meetings, one a month, bring 20 points and from the
    fourth on 40: counted twice or lost, a report would show in the index.
    """
    intake = journey.client("intake")
    for unit in UNITS:
        await intake.put_unit(unit_body(unit))
    await journey.step(at("12-31"))
    fresh = iter([(unit, month) for month in MONTHS for unit in UNITS])
    months = Counter[str]()
    crashes = 0
    for moment in MOMENTS:
        for write in range(1, STEPS_MAX + 1):
            unit, month = next(fresh)
            body = report(unit, month, users=10 - len(months) % 2)

            async def post(body: dict[str, Any] = body) -> None:
                """A unit system posts until it has an answer, as real ones do."""

                async def accepted() -> bool:
                    try:
                        answer = await intake.post_report(body)
                    except Transient:
                        # Without intake nobody answers: the round posts again once it is back.
                        return journey.platform.processes["intake"].pid is None
                    return bool(answer["version"] == 1)

                await until(accepted)

            died = await crash_at(journey, service, moment, write, post)
            again = await intake.post_report(body)
            assert again["version"] == 1, "a repeat of the same report is the same version"
            await journey.settle()
            months[unit] += 1
            owed = await journey.obligation(unit, month)
            assert (owed["outcome"], owed["submission"]["version"]) == ("FULFILLED", 1)
            score = await journey.score(unit)
            expected = 0.8 if months[unit] < 4 else 1.0
            assert score["index"] == pytest.approx(expected), f"{service} died {moment} write {write}"
            crashes += died
            if not died:
                break
        else:
            raise AssertionError(f"{service} never got through within {STEPS_MAX} writes")
    assert crashes >= 2, "the service must have died at least once before and once after a write"


async def test_no_notice_is_lost_and_none_is_sent_twice_for_a_crash_before_its_send(journey: Journey) -> None:
    """Notify dies after its n-th write around the moment at which a reminder leaves, month after month."""
    rungs = sorted(
        (row for row in await journey.reminders() if row["unit"] == "DUNG" and row["rung"] == "BEFORE"),
        key=lambda row: row["fire_at_ms"],
    )
    officer = "report_officer@dung.units.example"
    crashes = 0
    for write, rung in enumerate(rungs[:11], start=1):
        before = len(await journey.mail(officer))

        async def morning(fire_at_ms: int = rung["fire_at_ms"]) -> None:
            journey.set_clock(fire_at_ms + 5000)

        crashes += await crash_at(journey, "notify", "after", write, morning)
        sent = await journey.mail(officer)
        copies = Counter(message["message_id"] for message in sent)
        assert max(copies.values()) == 1, f"sent twice although notify died before a send (after write {write})"
        assert len(sent) > before, f"the reminder of {rung['period']} was lost (notify died after write {write})"
    assert crashes >= 3
