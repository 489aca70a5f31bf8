"""Sixteen at once: one chain of versions, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.services.intake.running import Running
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

REPORT = "report-SMALL-MONTHLY-U1-2011-M03"


async def test_identical_posts_make_one_version(intake: Running) -> None:
    answers = await asyncio.gather(*(intake.post(monthly()) for _ in range(16)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 15}
    assert (await intake.entry())["report"]["state"]["version"] == 1


async def test_conflicting_posts_make_one_version_and_tell_the_others(intake: Running) -> None:
    answers = await asyncio.gather(*(intake.post(monthly(calls=number)) for number in range(16)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 412: 15}


async def test_conflicting_amendments_make_one_chain(intake: Running) -> None:
    await intake.post(monthly(calls=100))
    for version in (1, 2):
        headers = {"If-Match": f'"{version}"'}
        answers = await asyncio.gather(
            *(intake.post(monthly(calls=version * 20 + number), headers=headers) for number in range(16))
        )
        assert Counter(answer.status_code for answer in answers) == {201: 1, 412: 15}
    versions = (await intake.get(f"/v1/reports/{REPORT}"))["versions"]
    assert [held["version"] for held in versions] == [1, 2, 3]
    assert len({held["sha256"] for held in versions}) == 3


async def test_one_key_has_one_effect(intake: Running) -> None:
    headers = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(*(intake.post(monthly(), headers=headers) for _ in range(16)))
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) <= {201, 409}
    assert counted[201] >= 1
    assert (await intake.entry())["report"]["state"]["version"] == 1


async def test_refused_reports_are_counted_each(intake: Running) -> None:
    wrong = monthly(used=60)
    answers = await asyncio.gather(*(intake.post(wrong) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {422}
    assert (await intake.entry())["rejected_count"] == 6


async def test_one_publication_wins_and_makes_everything_once(empty: Running) -> None:
    await empty.put_unit("U1")
    answers = await asyncio.gather(*(empty.publish() for _ in range(6)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 5}
    assert await empty.store.count("obligations") == 17 + 6 + 2
