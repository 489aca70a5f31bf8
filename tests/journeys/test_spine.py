"""One report's way through the whole platform: score, a reminder that is not sent, an alert, a line in the digest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.client import Refused
from tests.support.journey import UNITS, Journey, at, report

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(180)]

MINUTE_MS = 60_000
DAY_MS = 86_400_000


@pytest.fixture
async def journey(tmp_path: Path) -> AsyncIterator[Journey]:
    async with Journey(tmp_path / "data") as running:
        await running.publish()
        yield running


async def test_a_report_becomes_a_score_a_reminder_not_sent_an_alert_and_a_line_in_the_digest(
    journey: Journey,
) -> None:
    owed = await journey.obligation("AN", "2011-M01")
    assert owed["outcome"] == "PENDING"

    # January is over. AN reports; BINH will at the last moment; CHI late; DUNG never.
    await journey.step(at("02-01"))
    intake = journey.client("intake")
    summary = await intake.post_report(report("AN", "2011-M01"))
    assert (summary["status"], summary["timeliness"], summary["version"]) == ("SUCCESS", "ON_TIME", 1)
    await journey.settle()

    # 8 of 10 against a target of 80 %: all 60 points; 1 meeting: half of 40 points.
    score = await journey.score("AN")
    assert score["index"] == pytest.approx(0.8)
    assert (score["band"], score["rank"]) == ("GOOD", 1)

    # The rung before the due day: not sent to whom has reported.
    rungs = {(row["unit"], row["rung"], row["period"]): row for row in await journey.reminders()}
    await journey.step(rungs[("BINH", "BEFORE", "2011-M01")]["fire_at_ms"] + 5000)
    rungs = {(row["unit"], row["rung"], row["period"]): row for row in await journey.reminders()}
    assert rungs[("AN", "BEFORE", "2011-M01")]["status"] == "SUPERSEDED"
    assert {rungs[(unit, "BEFORE", "2011-M01")]["status"] for unit in ("BINH", "CHI", "DUNG")} == {"SENT"}
    assert await journey.mail("report_officer@an.units.example") == []
    assert len(await journey.mail("report_officer@binh.units.example")) == 1

    # BINH in time; then the grace is over.
    await intake.post_report(report("BINH", "2011-M01", users=4))
    await journey.settle()
    await journey.step(owed["grace_end_ms"] + MINUTE_MS)
    open_alerts = {alert["unit"] for alert in await journey.alerts() if alert["phase"] == "OPEN"}
    assert open_alerts == {"CHI", "DUNG"}

    # CHI reports late: its alert is resolved, the report counts and is late.
    await journey.step(owed["grace_end_ms"] + 2 * DAY_MS)
    late = await intake.post_report(report("CHI", "2011-M01"))
    assert late["timeliness"] == "LATE"
    await journey.settle()
    phases = {alert["unit"]: alert["phase"] for alert in await journey.alerts() if alert["rule"] == "OVERDUE"}
    assert phases == {"CHI": "RESOLVED", "DUNG": "OPEN"}

    # The leadership's digest of the 20th (a Sunday: it is made on Monday) names who is missing.
    await journey.step(at("02-21", "08:01"))
    digests = await journey.mail("deputy_minister_in_charge@tttt.units.example")
    assert len(digests) == 1
    async with httpx.AsyncClient(trust_env=False) as http:
        shown = (await http.get(f"{journey.layout.address('mail')}/messages/{digests[0]['id']}")).json()
    assert "Unit DUNG" in shown["text"]
    assert "Unit AN" in shown["text"]
    assert "Report overdue" in shown["text"]
    assert "Unit DUNG" in shown["html"]

    # The dashboard shows the same, to whom is signed in, and to nobody else.
    held = journey.layout.address("dashboard")
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as http:
        assert (await http.get(held)).status_code == httpx.codes.UNAUTHORIZED
        token = journey.layout.token_secret()
        assert token
        page = await http.get(f"{held}/sign-in", params={"token": journey.token()})
        assert page.status_code == httpx.codes.OK
        for unit in UNITS:
            assert f"Đơn vị {unit}" in page.text


async def test_a_copied_report_is_accepted_noted_and_raises_an_alert(journey: Journey) -> None:
    intake = journey.client("intake")
    await journey.step(at("02-01"))
    await intake.post_report(report("AN", "2011-M01"))
    await journey.step(at("03-01"))
    summary = await intake.post_report(report("AN", "2011-M02"))
    assert summary["status"] in ("SUCCESS", "WARNING")
    assert [conflict["code"] for conflict in summary["conflicts"]] == ["V10"]
    await journey.settle()
    copied = [alert for alert in await journey.alerts() if alert["rule"] == "COPIED"]
    assert [(alert["unit"], alert["phase"]) for alert in copied] == [("AN", "OPEN")]

    # Amended, it is no copy any more.
    await intake.post_report(report("AN", "2011-M02", users=9), headers={"If-Match": '"1"'})
    await journey.settle()
    copied = [alert for alert in await journey.alerts() if alert["rule"] == "COPIED"]
    assert [alert["phase"] for alert in copied] == ["RESOLVED"]


async def test_a_wrong_report_is_refused_with_the_place_and_nothing_is_stored(journey: Journey) -> None:
    await journey.step(at("02-01"))
    with pytest.raises(Refused) as refusal:
        await journey.client("intake").post_report(report("AN", "2011-M01", users=12))
    assert refusal.value.status == httpx.codes.UNPROCESSABLE_ENTITY
    conflict = refusal.value.problem["conflicts"][0]
    assert (conflict["code"], conflict["indexes"]) == ("V02", [0])
    assert conflict["pointer"].startswith("/values/0")
    await journey.settle()
    assert (await journey.obligation("AN", "2011-M01"))["outcome"] == "PENDING"
    assert (await journey.score("AN"))["index"] != pytest.approx(0.8)
