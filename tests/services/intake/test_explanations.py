"""A warning asks why: the answer is taken with or without, counted when it is lacking, and kept with the finding."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.intake.running import Running
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio


async def findings(intake: Running) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = (await intake.entry())["report"]["state"]["findings"]
    return held


async def test_without_an_explanation_the_report_is_accepted_and_the_lack_is_counted(intake: Running) -> None:
    await intake.post(monthly(period="2011-M02"))
    answer = await intake.post(monthly(period="2011-M03"))
    assert answer.status_code == 201
    body = answer.json()
    assert body["unexplained"] == 1
    assert [(one["code"], one["asks_explanation"]) for one in body["conflicts"]] == [("V10", True)]
    (finding,) = await findings(intake)
    assert (finding["code"], finding["explanation"], finding["unexplained"]) == ("V10", None, True)


async def test_an_explanation_can_follow_with_an_amendment(intake: Running) -> None:
    await intake.post(monthly(period="2011-M02"))
    await intake.post(monthly(period="2011-M03"))
    said = monthly(period="2011-M03", explanations={"V10": "Không thay đổi"})
    answer = await intake.post(said, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["unexplained"]) == (201, 0)
    (finding,) = await findings(intake)
    assert (finding["explanation"], finding["unexplained"]) == ("Không thay đổi", False)


async def test_a_dry_run_says_the_same_and_a_report_without_warnings_lacks_nothing(intake: Running) -> None:
    first = await intake.post(monthly(period="2011-M02"))
    assert first.json()["unexplained"] == 0
    dry = await intake.post(monthly(period="2011-M03"), params={"dry_run": "true"})
    assert dry.json()["unexplained"] == 1
