"""What notify and scoring make of intake's own events: reliefs reach reminders and rates, unit changes move no rank."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.notify.main import compose as compose_notify
from services.notify.settings import NotifySettings
from shared.clock import FixedClock, from_iso
from shared.events.envelope import Envelope
from shared.store.pending import envelope_of
from tests.services.intake import small_plan
from tests.services.intake.running import SECRET, Running
from tests.services.intake.small_plan import monthly
from tests.services.intake.test_unit_changes import change, close
from tests.services.notify.post import post_office
from tests.services.scoring.conftest import open_scoring_store, serve

pytestmark = pytest.mark.anyio

MARCH = "obligation-SMALL-MONTHLY-U1-2011-M03"
RUNGS = [
    {"code": "BEFORE-1", "working_days": -1, "to": ["report_officer"]},
    {"code": "AFTER-1", "working_days": 1, "to": ["report_officer"], "kind": "overdue"},
]


def with_ladder() -> dict[str, Any]:
    forms = [{**form, "ladder": "L"} for form in small_plan.document()["forms"]]
    return {"forms": forms, "ladders": [{"code": "L", "at": "09:00", "rungs": RUNGS}]}


class Listener:
    """Hands on what intake announced, once each, in order per aggregate."""

    def __init__(self, intake: Running) -> None:
        self._intake = intake
        self._seen: set[str] = set()

    async def news(self) -> list[Envelope]:
        found: list[Envelope] = []
        for collection in ("plans", "units", "obligations"):
            cursor = None
            while True:
                page = await self._intake.store.find(collection, limit=1000, cursor=cursor)
                events = (envelope_of(event) for held in page.documents for event in held["pending"])
                found += [Envelope.model_validate(event) for event in events if event["id"] not in self._seen]
                cursor = page.cursor
                if cursor is None:
                    break
        self._seen |= {envelope.id for envelope in found}
        return found


@contextlib.asynccontextmanager
async def notify_at(folder: Path, clock: FixedClock, port: int) -> AsyncIterator[Any]:
    settings = NotifySettings(store_url=f"sqlite://{folder}/notify.sqlite3", token_secret=SECRET, smtp_port=port)
    notify = await compose_notify(settings, clock=clock)
    try:
        yield notify
    finally:
        await notify.stop()


async def test_reliefs_reach_the_reminders(empty: Running, tmp_path: Path) -> None:
    assert (await empty.publish(**with_ladder())).status_code == 201
    contacts = [{"role": "report_officer", "email": "an@u1.example"}]
    await empty.put_unit("U1", contacts=contacts)
    listener, clock = Listener(empty), FixedClock(empty.clock.now_ms())
    async with post_office() as office, notify_at(tmp_path, clock, office.port) as notify:

        async def pass_at(instant: str) -> None:
            empty.at(instant)
            clock.set(empty.clock.now_ms())
            await empty.intake.schedule.run_once()
            for envelope in await listener.news():
                await notify.work.follow.follow(envelope)
            await notify.schedule.run_once()
            assert notify.schedule.faults == {}

        async def rows(obligation: str) -> dict[tuple[str, int], tuple[str, str]]:
            found = await notify.books.reminders.of_obligation(obligation)
            return {(row.rung, row.due_at_ms): (row.status, row.decision) for row in found}

        async def decide(what: str, obligation: str, **more: Any) -> Any:
            path = f"/v1/obligations/{obligation}/{what}"
            answer = await empty.call("POST", path, json={"reason": "flood", **more})
            assert answer.status_code == 200, answer.text
            return answer.json()

        await pass_at("2011-03-31T12:00:00+07:00")
        planned_ms = (await empty.entry())["due_at_ms"]
        extended = await decide("extend", MARCH, due_day="2011-04-20", expires_at="2011-04-12T17:00:00+07:00")
        await pass_at("2011-04-01T08:00:00+07:00")
        held = await rows(MARCH)
        assert held["BEFORE-1", planned_ms] == ("SUPERSEDED", "extended")
        assert held["BEFORE-1", extended["due_at_ms"]] == ("PENDING", "planned")
        await pass_at("2011-04-12T17:00:01+07:00")  # the extension has expired: due as planned, and overdue
        held = await rows(MARCH)
        assert held["BEFORE-1", extended["due_at_ms"]][0] == "SUPERSEDED"
        assert held["AFTER-1", extended["due_at_ms"]][0] == "SUPERSEDED"
        assert held["BEFORE-1", planned_ms] == ("SKIPPED_LATE", "obligation_known_late")
        april = MARCH.replace("M03", "M04")
        april_ms = (await empty.entry(period="2011-M04"))["due_at_ms"]
        await decide("extend", april, due_day="2011-05-20")
        await pass_at("2011-04-20T08:00:00+07:00")
        await decide("reinstate", april)
        await pass_at("2011-05-05T09:30:00+07:00")
        assert (await rows(april))["BEFORE-1", april_ms] == ("SKIPPED_LATE", "newer_rung_due")
        assert (await rows(april))["AFTER-1", april_ms] == ("SENT", "due")
        may = MARCH.replace("M03", "M05")
        await decide("waive", may)
        await pass_at("2011-06-10T09:30:00+07:00")
        assert set((await rows(may)).values()) == {("SUPERSEDED", "waived")}
        june = MARCH.replace("M03", "M06")
        await decide("not-applicable", june)
        await decide("reinstate", june)
        await pass_at("2011-07-01T09:30:00+07:00")
        assert ("SENT", "due") in (await rows(june)).values()


async def test_reliefs_reach_scoring_and_unit_changes_move_no_rank_of_the_past(intake: Running, tmp_path: Path) -> None:
    for code in ("U3", "U4"):
        await intake.put_unit(code)
    intake.at("2012-01-20T08:00:00+07:00")
    for unit, calls in (("U1", 9), ("U3", 5), ("U4", 2)):
        for month in range(1, 13):
            body = monthly(unit, f"2011-M{month:02}", calls=calls + month)
            assert (await intake.post(body)).status_code == 201
    listener = Listener(intake)
    store = await open_scoring_store(tmp_path / "scoring.sqlite3")
    service = serve(store, FixedClock(from_iso("2012-03-01T08:00:00+07:00")))
    async with contextlib.aclosing(store):

        async def hear() -> None:
            await service.feed(await listener.news())
            await service.settle()

        async def scores(year: int) -> Any:
            return await service.handlers.answer.evaluation("SMALL", year, peer_group=None, limit=50, cursor=None)

        await hear()
        published = await scores(2011)
        assert [row["unit"] for row in published["items"] if row["rank"]] != []
        created = {"kind": "register", "unit": small_plan.unit("U5", valid_from="2012-02-01")}
        merge = {"kind": "merge", "units": ["U3", "U4"], "into": "U5", "first_day": "2012-02-01"}
        done = await change(intake, created, merge, close("U1", "2012-01-31", successor="U5"))
        assert done.status_code == 201, done.text
        await hear()
        assert await scores(2011) == published
        # A waiver of a whole year takes the unit out of the cohort: nothing is expected of it.
        found = await intake.get("/v1/obligations", params={"unit": "U2", "year": 2011, "limit": 100})
        for held in found["items"]:
            answer = await intake.call(
                "POST", f"/v1/obligations/{held['obligation']}/waive", json={"reason": "dissolved"}
            )
            assert answer.status_code == 200, answer.text
        await hear()
        after = await scores(2011)
        assert {row["unit"] for row in published["items"]} - {row["unit"] for row in after["items"]} == {"U2"}
