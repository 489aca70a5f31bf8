"""Bulk import of units from CSV, with the shipped list: the ministry's closures of 2011 and the mergers of 2025."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.intake import small_plan
from tests.services.intake.running import Running, running
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

UNITS = (Path(__file__).parents[3] / "deploy" / "plans" / "units.csv").read_text(encoding="utf-8")
GROUPS = [{"code": code, "names": {"vi": code, "en": code}} for code in ("VU", "CUC", "DVSN", "SO")]


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(UNITS)))


def as_csv(held: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(held[0]))
    writer.writeheader()
    writer.writerows(held)
    return out.getvalue()


def opened() -> str:
    """The list as it was before any of its units ended, and before the new authority existed."""
    ended = {"valid_to": "", "successor": ""}
    return as_csv([{**row, **ended} for row in rows() if row["code"] != "CVT"])


async def send(intake: Running, text: str, *, dry_run: bool = False, more: dict[str, str] | None = None) -> Any:
    headers = {"content-type": "text/csv", **(more or {})}
    path = "/v1/units/import"
    return await intake.call("POST", path, content=text.encode(), headers=headers, params={"dry_run": dry_run})


@pytest.fixture
async def ministry(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, at="2011-01-05T08:00:00+07:00") as intake:
        await begin(intake, 2011, 2012)
        yield intake


async def begin(intake: Running, first: int, last: int) -> None:
    effective = {"first": f"{first}-01-01", "last": f"{last}-12-31"}
    assert (await intake.publish(peer_groups=GROUPS, effective=effective, groups=_for_all())).status_code == 201
    assert (await send(intake, opened())).status_code == 201


def _for_all() -> list[dict[str, Any]]:
    (group,) = small_plan.document()["groups"]
    targets = {str(year): 80 for year in range(2011, 2027)}
    indicators = [
        {**held, "applies_to": ["SO"] if held["code"] == "LAWS" else [], "targets": targets}
        for held in group["indicators"]
    ]
    return [{**group, "indicators": indicators}]


async def stored(intake: Running, collection: str) -> dict[str, str]:
    held: dict[str, str] = {}
    cursor = None
    while True:
        page = await intake.store.find(collection, limit=1000, cursor=cursor)
        held |= {document["_id"]: json.dumps(document, sort_keys=True) for document in page.documents}
        cursor = page.cursor
        if cursor is None:
            return held


async def figures(intake: Running, year: int) -> dict[str, str]:
    """Rates of every form, period and peer group of a year, as sent."""
    parts: list[dict[str, str]] = [{}, {"period": f"{year}-M07"}, {"form": "QUARTERLY"}, {"peer_group": "SO"}]
    found = {}
    for part in parts:
        answer = await intake.call("GET", "/v1/rates", params={"plan": "SMALL", "year": year, **part})
        found[str(part)] = answer.text
    return found


async def test_the_closures_of_2011_move_no_ended_period(ministry: Running) -> None:
    ministry.at("2011-07-02T08:00:00+07:00")
    assert (await ministry.post(monthly("VVT", "2011-M06"))).status_code == 201
    ministry.at("2011-08-12T08:00:00+07:00")
    before = await stored(ministry, "obligations")
    ended = {id for id, text in before.items() if json.loads(text)["period_last"] <= "2011-07-31"}
    params = {"plan": "SMALL", "year": 2011, "period": "2011-M07"}
    july = await ministry.call("GET", "/v1/rates", params=params)
    with_2011 = [
        row if row["code"] in ("VVT", "CQLCL", "CVT") else {**row, "valid_to": "", "successor": ""} for row in rows()
    ]
    done = await send(ministry, as_csv(with_2011))
    assert done.status_code == 201, done.text
    assert sorted(unit["unit"] for unit in done.json()["units"]) == ["CQLCL", "CVT", "VVT"]
    after = await stored(ministry, "obligations")
    assert {id: after[id] for id in ended} == {id: before[id] for id in ended}
    assert (await ministry.call("GET", "/v1/rates", params=params)).text == july.text
    expected = {
        month: (await ministry.get("/v1/rates", params={**params, "period": month}))["expected"]
        for month in ("2011-M07", "2011-M08", "2011-M09")
    }
    assert expected == {"2011-M07": 89, "2011-M08": 90, "2011-M09": 88}


async def test_the_mergers_of_2025_move_nothing_before(empty: Running) -> None:
    ministry = empty
    ministry.at("2025-06-20T08:00:00+07:00")
    await begin(ministry, 2024, 2025)
    before = await stored(ministry, "obligations")
    old = await figures(ministry, 2024)
    ended = {id for id, text in before.items() if json.loads(text)["period_last"] <= "2025-05-31"}
    assert len(ended) > 1500
    of_2025 = [row for row in rows() if row["valid_to"] in ("", "2025-06-30") and row["code"] not in ("CVT",)]
    done = await send(ministry, as_csv(of_2025))
    assert done.status_code == 201, done.text
    closed = done.json()["units"]
    assert {unit["after"]["valid_to"] for unit in closed} == {"2025-06-30"}
    after = await stored(ministry, "obligations")
    assert {id: after[id] for id in ended} == {id: before[id] for id in ended}
    assert await figures(ministry, 2024) == old
    params = {"plan": "SMALL", "year": 2025, "peer_group": "SO", "form": "MONTHLY"}
    june, july = [
        (await ministry.get("/v1/rates", params={**params, "period": period}))["expected"]
        for period in ("2025-M06", "2025-M07")
    ]
    assert (june, july) == (63, 34)
    assert len((await ministry.get("/v1/units?as_of=2025-06-30&limit=500"))["items"]) == 63 + 26
    assert len((await ministry.get("/v1/units?as_of=2025-07-01&limit=500"))["items"]) == 34 + 26


async def test_the_same_list_again_writes_nothing(ministry: Running) -> None:
    before = {name: await stored(ministry, name) for name in ("units", "obligations", "unit_changes", "audit")}
    again = await send(ministry, opened())
    assert (again.status_code, again.json()["result"], again.json()["units"]) == (200, "unchanged", [])
    assert {name: await stored(ministry, name) for name in before} == before


async def test_one_changed_line_changes_one_unit_and_a_dry_run_none(ministry: Running) -> None:
    text = opened().replace("head.vpc@units.example", "new.head@units.example")
    before = await stored(ministry, "units")
    dry = await send(ministry, text, dry_run=True)
    assert (dry.status_code, [unit["unit"] for unit in dry.json()["units"]]) == (200, ["VPC"])
    assert await stored(ministry, "units") == before
    assert (await send(ministry, text)).status_code == 201
    after = await stored(ministry, "units")
    assert {id for id in after if after[id] != before[id]} == {"unit-VPC"}


async def test_every_fault_has_its_line_and_nothing_is_written(ministry: Running) -> None:
    header = "code,name_vi,name_en,kind,peer_group,valid_from,valid_to,parent,successor\n"
    bad = header + "A1,A,A,VU,VU,2011-13-01,,,\nA2,,A,VU,VU,2011-01-01,,,\nA2,A,A,VU,VU,2011-01-01,,,\n"
    answer = await send(ministry, bad)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/lines/2/valid_from", "/lines/3/name_vi"]
    vi = await send(ministry, bad, more={"Accept-Language": "vi"})
    assert [fault["detail"] for fault in vi.json()["errors"]] == ["Không phải ngày", "Ô trống"]
    tree = header + "A1,A,A,VU,VU,2011-01-01,,A2,\nA2,A,A,VU,VU,2011-01-01,,A1,\nA3,A,A,VU,VU,2011-01-01,,NONE,\n"
    answer = await send(ministry, tree)
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/lines/2", "/lines/3", "/lines/4"]
    assert (await ministry.call("GET", "/v1/units/A1")).status_code == 404
    assert (await send(ministry, "nonsense")).status_code == 422
    assert (await send(ministry, "", more={"content-type": "application/json"})).status_code == 415
    latin = await ministry.call(
        "POST", "/v1/units/import", content=b"code,\xff\xfe", headers={"content-type": "text/csv"}
    )
    assert latin.status_code == 400
    many = header + "".join(f"B{n},A,A,VU,VU,2011-01-01,,,\n" for n in range(2001))
    assert (await send(ministry, many)).status_code == 422
