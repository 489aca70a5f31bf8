"""Changes of the tree: past periods never move, a set is done as a whole, a crash is made up for."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from services.intake.domain.unit_steps import Close, Merge
from services.intake.main import compose
from shared.clock import FixedClock, from_iso
from shared.store.documents import Documents
from tests.services.intake import small_plan
from tests.services.intake.running import NoBroker, Running, running, settings, token
from tests.services.intake.small_plan import monthly, names

pytestmark = pytest.mark.anyio

LEASE_MS = 60_000


async def change(intake: Running, *steps: dict[str, Any], dry_run: bool = False, **more: Any) -> Any:
    body = {"reason": "Decree 50/2011", "steps": list(steps)}
    return await intake.call("POST", "/v1/unit-changes", json=body, params={"dry_run": dry_run}, **more)


def close(unit: str, last_day: str = "2011-08-14", **more: Any) -> dict[str, Any]:
    return {"kind": "close", "unit": unit, "last_day": last_day, **more}


async def ledger(store: Documents, *, ended_by: str = "") -> dict[str, str]:
    """Obligation -> its whole stored document as text; only of periods that end by a day, if one is named."""
    page = await store.find("obligations", limit=1000)
    assert page.cursor is None
    return {
        held["_id"]: json.dumps(held, sort_keys=True)
        for held in page.documents
        if not ended_by or held["period_last"] <= ended_by
    }


async def rates(intake: Running, **params: Any) -> str:
    return (await intake.call("GET", "/v1/rates", params={"plan": "SMALL", "year": 2011, **params})).text


async def test_closing_with_a_successor_keeps_every_ended_period(intake: Running) -> None:
    await intake.post(monthly())
    intake.at("2011-08-20T08:00:00+07:00")
    before, figures = await ledger(intake.store, ended_by="2011-07-31"), await rates(intake, period="2011-M03")
    created = {"kind": "register", "unit": small_plan.unit("U3", valid_from="2011-08-15")}
    done = await change(intake, created, close("U1", successor="U3"))
    assert (done.status_code, done.json()["result"]) == (201, "applied"), done.text
    assert (await intake.get("/v1/units/U1"))["successor"] == "U3"
    after = await ledger(intake.store, ended_by="2011-07-31")
    assert {id: after[id] for id in before} == before
    assert await rates(intake, period="2011-M03") == figures
    gone = await intake.get("/v1/obligations", params={"unit": "U1", "outcome": "CANCELLED", "form": "MONTHLY"})
    assert min(held["period"] for held in gone["items"]) == "2011-M09"
    new = await intake.get("/v1/obligations", params={"unit": "U3", "form": "MONTHLY", "year": 2011})
    assert min(held["period"] for held in new["items"]) == "2011-M08"


async def test_a_closure_told_late_cancels_nothing_that_has_ended(intake: Running) -> None:
    intake.at("2011-11-05T08:00:00+07:00")
    before = await ledger(intake.store, ended_by="2011-10-31")
    assert (await change(intake, close("U1"))).status_code == 201
    assert await ledger(intake.store, ended_by="2011-10-31") == before


async def test_reopening_adds_nothing_to_periods_that_have_ended(intake: Running) -> None:
    await change(intake, close("U1", "2011-04-30"))
    intake.at("2011-09-10T08:00:00+07:00")
    before = await ledger(intake.store, ended_by="2011-08-31")
    assert (await change(intake, {"kind": "reopen", "unit": "U1", "first_day": "2011-07-01"})).status_code == 201
    assert await ledger(intake.store, ended_by="2011-08-31") == before
    assert (await intake.entry(period="2011-M09"))["outcome"] == "PENDING"
    held = await intake.get("/v1/units/U1")
    assert held["earlier"] == [{"first": "2007-01-01", "last": "2011-04-30", "successors": []}]
    assert [unit["unit"] for unit in (await intake.get("/v1/units?as_of=2011-05-15"))["items"]] == ["U2"]


async def test_a_rename_keeps_the_old_name_for_past_days(intake: Running) -> None:
    step = {"kind": "rename", "unit": "U1", "names": names("New"), "first_day": "2011-03-15"}
    assert (await change(intake, step)).status_code == 201
    assert (await intake.get("/v1/units/U1"))["names"]["en"] == "New"
    for day, name in (("2011-03-14", "U1"), ("2011-03-15", "New")):
        held = (await intake.get("/v1/units", params={"as_of": day}))["items"][0]
        assert (held["unit"], held["names"]["en"]) == ("U1", name)
    again = await change(intake, step)
    assert (again.status_code, again.json()["result"]) == (200, "unchanged")
    early = await change(intake, {**step, "names": names("Third"), "first_day": "2011-03-01"})
    assert early.json()["errors"][0]["pointer"] == "/steps/0/first_day"
    future = await change(intake, {**step, "names": names("Third"), "first_day": "2011-04-01"})
    assert "not in force yet" in future.json()["errors"][0]["detail"]


async def test_the_tree_of_a_day_and_rates_below_a_unit(intake: Running) -> None:
    await intake.put_unit("TOP", peer_group="A")
    assert (await change(intake, {"kind": "move", "unit": "U1", "parent": "TOP"})).status_code == 201
    below = [unit["unit"] for unit in (await intake.get("/v1/units?subtree=TOP"))["items"]]
    assert below == ["TOP", "U1"]
    assert (await intake.get("/v1/units?parent=TOP&as_of=2011-03-30"))["items"] == []
    params = {"plan": "SMALL", "year": 2011, "form": "MONTHLY"}
    # U1 stood below TOP on the last day of March, and not on those of January and February.
    assert (await intake.get("/v1/rates", params={**params, "parent": "TOP"}))["expected"] == 10
    assert (await intake.get("/v1/rates", params={**params, "subtree": "TOP"}))["expected"] == 10 + 12
    before = await rates(intake, subtree="TOP", period="2011-M03")
    intake.at("2011-06-01T08:00:00+07:00")
    assert (await change(intake, {"kind": "move", "unit": "U1", "parent": None})).status_code == 201
    assert await rates(intake, subtree="TOP", period="2011-M03") == before
    assert (await intake.get("/v1/rates", params={**params, "parent": "TOP"}))["expected"] == 3
    page = await intake.get("/v1/units?as_of=2011-03-31&limit=2")
    rest = await intake.get("/v1/units", params={"as_of": "2011-03-31", "cursor": page["next_cursor"]})
    assert [unit["unit"] for unit in page["items"] + rest["items"]] == ["TOP", "U1", "U2"]


async def test_merge_and_split(intake: Running) -> None:
    created = [
        {"kind": "register", "unit": small_plan.unit(code, valid_from="2011-07-01")} for code in ("M", "S1", "S2")
    ]
    merge = {"kind": "merge", "units": ["U1", "U2"], "into": "M", "first_day": "2011-07-01"}
    assert (await change(intake, created[0], merge)).status_code == 201
    for unit in ("U1", "U2"):
        held = await intake.get(f"/v1/units/{unit}")
        assert (held["valid_to"], held["successor"]) == ("2011-06-30", "M")
    split = {"kind": "split", "unit": "M", "into": ["S1", "S2"], "first_day": "2011-10-01"}
    assert (await change(intake, *created[1:], split)).status_code == 201
    held = await intake.get("/v1/units/M")
    assert (held["valid_to"], held["successors"]) == ("2011-09-30", ["S1", "S2"])


async def test_a_faulty_set_names_every_fault_and_writes_nothing(intake: Running) -> None:
    before = await intake.store.get("units", "unit-U1")
    answer = await change(
        intake,
        close("U1", successor="U9"),
        close("U8"),
        close("U2", "2006-01-01"),
        {"kind": "move", "unit": "U1", "parent": "U1"},
    )
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [
        "/steps/0/successor",
        "/steps/1/unit",
        "/steps/2/last_day",
        "/units/U1",
    ]
    vi = await change(intake, close("U8"), headers={"Accept-Language": "vi"})
    assert vi.json()["errors"][0]["detail"] == "Chưa có đơn vị U8"
    assert await intake.store.get("units", "unit-U1") == before
    await change(intake, {"kind": "move", "unit": "U1", "parent": "U2"})
    orphan = await change(intake, close("U2"))
    assert "outlives its parent U2" in orphan.json()["errors"][0]["detail"]
    bound = token("x", roles=["administrator"], unit="U1")
    assert (await change(intake, close("U1"), bearer=bound)).status_code == 403
    assert (await change(intake, close("U1"), bearer=token("x", roles=["operator"]))).status_code == 403


async def test_a_dry_run_says_what_the_real_run_does(intake: Running) -> None:
    def told(answer: Any) -> Any:
        return {name: answer.json()[name] for name in ("units", "obligations")}

    before = await ledger(intake.store)
    dry = await change(intake, close("U1"), dry_run=True)
    assert (dry.status_code, dry.json()["result"], dry.json()["id"]) == (200, "dry_run", None)
    assert await ledger(intake.store) == before
    assert (await intake.get("/v1/unit-changes"))["items"] == []
    real = await change(intake, close("U1"))
    assert told(dry) == told(real)
    (one,) = real.json()["obligations"]
    gone = await intake.get("/v1/obligations", params={"unit": "U1", "outcome": "CANCELLED", "limit": 100})
    assert (one["added"], one["cancelled"], one["recalculated"]) == (0, len(gone["items"]), 0)
    kept = await intake.get(f"/v1/unit-changes/{real.json()['id']}")
    assert (kept["state"], kept["by"], kept["units"]) == ("applied", "admin", ["U1"])
    assert (await intake.call("GET", "/v1/unit-changes/unit-change-0")).status_code == 404


async def test_sixteen_closures_at_once_are_one(intake: Running) -> None:
    answers = await asyncio.gather(*(change(intake, close("U1")) for _ in range(16)))
    told = Counter((answer.status_code, answer.json().get("result")) for answer in answers)
    assert told[201, "applied"] == 1
    assert set(told) <= {(201, "applied"), (200, "unchanged"), (409, None)}
    assert (await intake.get("/v1/units/U1"))["revision"] == 2


class Killed(BaseException):
    """The process ends before this write."""


class Mortal:
    """A store whose process is killed before its n-th write."""

    def __init__(self, store: Documents, writes: int) -> None:
        self._store = store
        self.left = writes

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in ("insert", "insert_many", "replace", "delete"):
            return method

        async def write(collection: str, *given: Any, **more: Any) -> Any:
            if not collection.startswith("audit"):  # appended by a task of its own, after the work
                if self.left == 0:
                    raise Killed
                self.left -= 1
            return await method(collection, *given, **more)

        return write


async def test_a_set_is_whole_whatever_write_the_process_dies_before(tmp_path: Path) -> None:
    steps = [
        Close(kind="close", unit="U1", last_day="2011-08-14"),
        Merge(kind="merge", units=("U2",), into="U3", first_day="2011-07-01"),
    ]
    async with running(tmp_path / "first") as intake:
        await intake.publish(effective={"first": "2011-01-01", "last": "2011-12-31"})
        for unit in ("U1", "U2", "U3"):
            await intake.put_unit(unit)
        untouched = await _state(intake.store)
    whole: Any = None
    seen: set[str] = set()
    for writes in range(60):
        shutil.copytree(tmp_path / "first", tmp_path / str(writes))
        survived, found = await _dies_and_recovers(tmp_path / str(writes), steps, writes)
        if found == untouched:
            assert whole is None, "once the set is recorded it is done"
            seen.add("nothing")
        else:
            whole = whole or found
            assert found == whole
            seen.add("whole")
        if survived:
            break
    assert survived
    assert seen == {"nothing", "whole"}


async def _dies_and_recovers(folder: Path, steps: list[Any], writes: int) -> tuple[bool, dict[str, Any]]:
    """Whether the change came through without dying; and what is there after another process has made its passes."""
    clock = FixedClock(from_iso("2011-03-31T12:00:00+07:00"))
    service = await compose(settings(folder), clock=clock, broker=NoBroker())
    mortal: Any = Mortal(service.store, writes)
    handlers = type(service.handlers)(mortal, clock, horizon_days=400)
    try:
        await handlers.change_units.change(steps, by="admin", reason="test", dry_run=False)
        survived = True
    except Killed:
        survived = False
    clock.advance(LEASE_MS + 1)
    await service.handlers.change_units.due(clock.now_ms())
    await service.handlers.materialise.due(clock.now_ms())
    found = await _state(service.store)
    await service.stop()
    return survived, found


async def _state(store: Documents) -> dict[str, Any]:
    """Units and outcomes of the ledger, without when and how often they were written."""
    units = (await store.find("units", limit=100)).documents
    entries = (await store.find("obligations", limit=1000)).documents
    told: dict[str, Any] = {held["unit"]: (held["valid_to"], held["successor"]) for held in units}
    return told | {held["_id"]: (held["outcome"], held["revision"]) for held in entries}
