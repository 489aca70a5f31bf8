from __future__ import annotations

import pytest

from shared.store.pending import envelope_of
from tests.services.intake import small_plan
from tests.services.intake.running import Running, token
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio


async def test_a_unit_is_registered_changed_and_left_alone(empty: Running) -> None:
    assert (await empty.put_unit("U1")).status_code == 201
    same = await empty.put_unit("U1")
    assert (same.status_code, same.headers["etag"]) == (200, '"1"')
    changed = await empty.put_unit("U1", headcount=60)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    held = await empty.store.get("units", "unit-U1")
    assert [envelope_of(event)["revision"] for event in held["pending"]] == [1, 2]
    assert (await empty.get("/v1/units/U1"))["headcount"] == 60
    assert (await empty.call("GET", "/v1/units/U9")).status_code == 404
    wrong = await empty.call("PUT", "/v1/units/U9", json={**held, "code": "U1"})
    assert wrong.status_code == 422


async def test_a_change_that_names_an_old_revision_is_refused_and_a_dry_run_writes_nothing(intake: Running) -> None:
    held = await intake.get("/v1/units/U1")
    changed = small_plan.unit("U1", headcount=51)
    dry = await intake.call("PUT", "/v1/units/U1?dry_run=true", json=changed)
    assert (dry.status_code, dry.json()["headcount"], dry.json()["revision"]) == (200, 51, held["revision"] + 1)
    fresh = await intake.call("PUT", "/v1/units/U9?dry_run=true", json=small_plan.unit("U9"))
    assert fresh.status_code == 201
    assert (await intake.call("GET", "/v1/units/U9")).status_code == 404
    assert await intake.get("/v1/units/U1") == held
    current = {"If-Match": f'"{held["revision"]}"'}
    assert (await intake.call("PUT", "/v1/units/U1", json=changed, headers=current)).status_code == 200
    stale = await intake.call("PUT", "/v1/units/U1", json=small_plan.unit("U1", headcount=52), headers=current)
    assert (stale.status_code, stale.json()["current_version"]) == (412, held["revision"] + 1)
    nobody = await intake.call("PUT", "/v1/units/U9", json=small_plan.unit("U9"), headers=current)
    assert (nobody.status_code, nobody.json()["current_version"]) == (412, 0)
    again = await intake.call("PUT", "/v1/units/U1", json=changed, headers=current)
    assert again.status_code == 200, "what stands already may be sent again"


async def test_what_a_client_has_is_not_sent_again(intake: Running) -> None:
    for path in ("/v1/units/U1", "/v1/plans/SMALL/versions/1"):
        tag = (await intake.call("GET", path)).headers["etag"]
        for known in (tag, f'"other", W/{tag}', "*"):
            answer = await intake.call("GET", path, headers={"If-None-Match": known})
            assert (answer.status_code, answer.headers["etag"], answer.content) == (304, tag, b"")
        assert (await intake.call("GET", path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_units_are_listed_page_by_page(empty: Running) -> None:
    for number in range(5):
        await empty.put_unit(f"U{number}")
    seen, cursor = [], None
    while True:
        page = await empty.get("/v1/units", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [unit["unit"] for unit in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["U0", "U1", "U2", "U3", "U4"]


async def test_obligations_follow_a_unit_that_closes(intake: Running) -> None:
    assert (await intake.put_unit("U1", valid_to="2011-08-14")).status_code == 200
    gone = await intake.get("/v1/obligations", params={"unit": "U1", "outcome": "CANCELLED", "form": "MONTHLY"})
    assert min(held["period"] for held in gone["items"]) == "2011-M09"
    assert {held["reason"] for held in gone["items"]} == {"unit closed on 2011-08-14"}
    refused = await intake.post(monthly(period="2011-M09"))
    assert refused.status_code == 409
    assert (await intake.entry(period="2011-M08"))["outcome"] == "PENDING"


async def test_time_brings_new_periods_and_a_quiet_pass_writes_nothing(intake: Running) -> None:
    assert await intake.intake.schedule.run_once() == 0
    before = await intake.store.count("obligations")
    intake.at("2011-04-28T00:00:00Z")  # 400 days before 1 June 2012
    assert await intake.intake.handlers.materialise.due(intake.clock.now_ms()) == 2
    assert await intake.store.count("obligations") == before + 2
    await intake.intake.schedule.run_once()
    assert await intake.intake.schedule.run_once() == 0


async def test_obligations_are_filtered_and_show_their_clock(intake: Running) -> None:
    await intake.post(monthly())

    async def listed(**params: str | int) -> list[str]:
        found, cursor = [], None
        while True:
            query = {**params, "limit": 3, **({"cursor": cursor} if cursor else {})}
            page = await intake.get("/v1/obligations", params=query)
            found += [held["obligation"] for held in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    everything = await listed(plan="SMALL")
    assert len(everything) == len(set(everything)) == await intake.store.count("obligations")
    assert len(await listed(unit="U1", year=2011)) == 12 + 4 + 1
    assert len(await listed(plan="SMALL", year=2011, form="QUARTERLY")) == 8
    assert await listed(plan="SMALL", outcome="FULFILLED") == ["obligation-SMALL-MONTHLY-U1-2011-M03"]
    assert len(await listed(period="2011-M03")) == 2
    assert await listed(plan="NONE") == []
    one = await intake.get("/v1/obligations/obligation-SMALL-MONTHLY-U1-2011-M01")
    assert (one["state"], one["outcome"]) == ("OVERDUE", "PENDING")
    assert (await intake.get("/v1/obligations/obligation-SMALL-MONTHLY-U1-2011-M03"))["state"] == "DUE_SOON"
    assert (await intake.get("/v1/obligations/obligation-SMALL-MONTHLY-U1-2011-M09"))["state"] == "SCHEDULED"
    assert (await intake.call("GET", "/v1/obligations/obligation-X")).status_code == 404


async def test_reports_are_filtered_by_phase(intake: Running) -> None:
    await intake.post(monthly())
    head = {"plan": "SMALL", "form": "QUARTERLY", "unit": "U1", "period": "2011-Q1"}
    await intake.post({**head, "values": [{"indicator": "TOTAL", "value": 4}]})
    for params, expected in (
        ({}, ["MONTHLY", "QUARTERLY"]),
        ({"phase": "SUBMITTED"}, ["QUARTERLY"]),
        ({"plan": "SMALL", "phase": "APPROVED"}, ["MONTHLY"]),
        ({"unit": "U2"}, []),
        ({"period": "2011-M03"}, ["MONTHLY"]),
    ):
        assert [held["form"] for held in (await intake.get("/v1/reports", params=params))["items"]] == expected


async def test_rates_come_from_the_ledger(intake: Running) -> None:
    await intake.post(monthly())
    intake.at("2011-05-31T00:00:00+07:00")
    await intake.post(monthly(period="2011-M04", calls=9))
    params = {"plan": "SMALL", "year": 2011, "form": "MONTHLY"}
    held = await intake.get("/v1/rates", params=params)
    assert (held["expected"], held["received"], held["on_time"]) == (24, 2, 1)
    assert (held["reporting_rate"], held["reporting_rate_on_time"]) == (2 / 24, 1 / 24)
    one = await intake.get("/v1/rates", params={**params, "period": "2011-M03", "peer_group": "A"})
    assert (one["expected"], one["reporting_rate"]) == (1, 1.0)
    assert (await intake.get("/v1/rates", params={"plan": "SMALL", "year": 1999}))["reporting_rate"] is None


async def test_strangers_and_bad_cursors_are_refused(intake: Running) -> None:
    assert (await intake.http.get("/v1/obligations")).status_code == 401
    assert (await intake.call("GET", "/v1/obligations", params={"cursor": "nonsense"})).status_code == 422
    bound = token("x", roles=["operator"], plan="OTHER")
    assert (await intake.call("GET", "/v1/rates?plan=SMALL&year=2011", bearer=bound)).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("PUT", "/v1/units/U8?dryrun=true", "dry_run"),
        ("POST", "/v1/reports?Dry_Run=true", "dry_run"),
        ("POST", "/v1/imports?format=csv&dry-run=true", "dry_run"),
        ("GET", "/v1/obligations?unti=U1", "unit"),
        ("GET", "/v1/plans?plan=SMALL", None),
    ],
)
async def test_a_parameter_that_is_not_known_is_refused_and_nothing_is_done(
    intake: Running, method: str, path: str, known: str | None
) -> None:
    before = await intake.written()
    body = small_plan.unit("U8") if method == "PUT" else monthly()
    answer = await intake.call(method, path, json=body)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/unknown-parameter")
    [fault] = answer.json()["errors"]
    assert fault["in"] == "query"
    assert fault["pointer"][1:] in path
    assert (known is None) == ("hint" not in fault)
    assert known is None or known in fault["hint"]
    assert await intake.written() == before
    assert (await intake.call("GET", "/v1/units/U8")).status_code == 404
