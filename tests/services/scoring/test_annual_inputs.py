"""From events to annual values: time semantics, parts of a year, late, amended, returned reports, groups of units."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.domain.rates import rates
from services.scoring.domain.computation import Computation
from services.scoring.domain.findings import Finding
from services.scoring.domain.inputs import Sources, gather
from services.scoring.main import Scoring
from shared.events.envelope import Envelope
from shared.events.obligation import ObligationState
from shared.events.report import ReportedValue
from shared.events.unit import UnitState
from shared.plan.model import Plan
from tests.services.scoring.conftest import Service
from tests.services.scoring.domain.test_inputs import owed
from tests.services.scoring.plans import goalposts, group, indicator, plan, quotient
from tests.services.scoring.test_http import client, fed, scoring  # noqa: F401 - fixtures
from tests.services.scoring.world import DAY_MS, END_MS, YEAR, envelope, mail, obligation, plan_event, report, sites

pytestmark = pytest.mark.anyio

QUARTERLY = {"frequency": "quarterly", "type": "count"}


def yearly_plan() -> Plan:
    leaves = [
        indicator("FLOW", goalposts(0, 100), time="flow", **QUARTERLY),
        indicator("STOCK", goalposts(0, 100), time="stock", **QUARTERLY),
        indicator("YTD", goalposts(0, 100), time="cumulative_ytd", **QUARTERLY),
        quotient("Q", {"kind": "official_ratio"}, type="ratio", scale=100, frequency="quarterly", time="flow"),
        indicator(
            "OWN",
            {"kind": "linear_to_target"},
            time="flow",
            targets={YEAR: 10},
            target_overrides=[{"unit": "A1", "targets": {YEAR: 20}}],
            **QUARTERLY,
        ),
        quotient("ON-TIME", {"kind": "official_ratio"}, computed_by="reports_on_time", frequency="quarterly"),
    ]
    return plan(group("G", indicators=leaves), peer_groups=("A", "B"))


def quarter(unit: str, number: int, value: float, *, revision: int = 1, **fields: Any) -> Envelope:
    counts = [ReportedValue(indicator=code, value=value) for code in ("FLOW", "STOCK", "YTD", "OWN")]
    both = ReportedValue(indicator="Q", numerator=value, denominator=2 * number + 10)
    return envelope(report(unit, number, *counts, both, revision=revision, **fields))


def fulfilled(unit: str, number: int, *, timeliness: str = "ON_TIME", revision: int = 2, **fields: Any) -> Envelope:
    state = {"outcome": "FULFILLED", "timeliness": timeliness, "cause": "report", **fields}
    return envelope(obligation(unit, number, revision=revision, **state))


async def fed_with(service: Service, *events: Envelope) -> Computation:
    await service.feed([plan_event(yearly_plan()), *events])
    await service.settle()
    computation = await service.handlers.computing("TEST", YEAR)
    assert computation is not None
    return computation


def cells(computation: Computation, unit: str) -> dict[str, Any]:
    content = computation.units()[computation.evaluation.cohort.position[unit]]
    return {cell["code"]: cell for cell in content["indicators"]}


async def test_a_year_is_made_of_its_periods_by_time_semantics_and_held_against_own_targets(service: Service) -> None:
    events = [
        event
        for unit in ("A1", "A2")
        for number in range(4)
        for event in (fulfilled(unit, number), quarter(unit, number, number + 1))
    ]
    computation = await fed_with(service, *events)
    found = cells(computation, "A1")
    assert {code: found[code]["value"] for code in ("FLOW", "STOCK", "YTD", "OWN")} == {
        "FLOW": 10, "STOCK": 4, "YTD": 4, "OWN": 10,
    }  # fmt: skip
    assert found["Q"]["value"] == pytest.approx(100 * 10 / 52), "numerators and denominators apart"
    assert (found["OWN"]["target"], found["OWN"]["share"]) == (20, 0.5)
    assert (cells(computation, "A2")["OWN"]["target"], cells(computation, "A2")["OWN"]["share"]) == (10, 1.0)


async def test_an_amended_report_takes_the_place_of_the_one_before_in_any_order(service: Service) -> None:
    first, second = quarter("A1", 0, 10), quarter("A1", 0, 30, revision=2)
    computation = await fed_with(service, fulfilled("A1", 0), second, first)
    assert cells(computation, "A1")["FLOW"]["value"] == 30


async def test_a_late_report_counts_in_values_and_not_as_on_time(service: Service) -> None:
    events = [fulfilled("A1", 0), quarter("A1", 0, 10), fulfilled("A1", 1, timeliness="LATE"), quarter("A1", 1, 20)]
    found = cells(await fed_with(service, *events), "A1")
    assert (found["FLOW"]["value"], found["ON-TIME"]["value"]) == (30, 0.5)


async def test_a_returned_report_drops_out_and_comes_back_when_it_is_approved_again(service: Service) -> None:
    events = [fulfilled("A1", 0), quarter("A1", 0, 10), fulfilled("A1", 1), quarter("A1", 1, 20)]
    await fed_with(service, *events)
    returned = envelope(obligation("A1", 1, revision=3, timeliness="ON_TIME", returned_count=1, cause="returned"))
    found = cells(await fed_with(service, returned, quarter("A1", 1, 20, revision=2, phase="RETURNED")), "A1")
    assert (found["FLOW"]["value"], found["STOCK"]["value"], found["ON-TIME"]["value"]) == (10, 10, 0.5)
    again = [fulfilled("A1", 1, revision=4, returned_count=1), quarter("A1", 1, 25, revision=3)]
    found = cells(await fed_with(service, *again), "A1")
    assert (found["FLOW"]["value"], found["ON-TIME"]["value"]) == (35, 0.5), "once returned is not on time any more"


async def test_a_unit_valid_for_part_of_the_year_counts_its_share_as_intakes_rates_do(service: Service) -> None:
    shares = (0.25, 1.0, 0.1, 1.0)
    states: list[ObligationState] = []
    for number, share in enumerate(shares):
        on_time: dict[str, Any] = {"timeliness": "ON_TIME" if number < 3 else "LATE", "first_valid_at_ms": 1}
        states.append(obligation("A1", number, revision=2, outcome="FULFILLED", share=share, **on_time))
    computation = await fed_with(service, *map(envelope, states))
    column = computation.evaluation.leaves["ON-TIME"].column
    told = rates(states)
    assert (column.numerator[0], column.denominator[0]) == (told.on_time, told.expected) == (1.35, 2.35)
    inputs = gather(computation.evaluation.plan, computation.sources, END_MS)
    assert inputs.due["FLOW"].tolist() == [4], "a period of some days is one period to report"


async def test_periods_outside_of_a_units_life_are_not_missed(service: Service) -> None:
    """The unit closed after the second quarter: intake cancels what was to come."""
    events = [event for number in (0, 1) for event in (fulfilled("A1", number), quarter("A1", number, 10))]
    gone = [envelope(obligation("A1", number, revision=2, outcome="CANCELLED")) for number in (2, 3)]
    found = cells(await fed_with(service, *events, *gone), "A1")
    assert (found["FLOW"]["value"], found["ON-TIME"]["value"]) == (20, 1.0)


def test_findings_count_once_they_have_to_be_remedied_and_when_they_were_in_time() -> None:
    findings = (
        Finding("f1", "u", due_at_ms=50, remedied_at_ms=50, changed_at_ms=50),
        Finding("f2", "u", due_at_ms=50, remedied_at_ms=51, changed_at_ms=51),
        Finding("f3", "u", due_at_ms=60, remedied_at_ms=None, changed_at_ms=1),
        Finding("f4", "u", due_at_ms=100, remedied_at_ms=None, changed_at_ms=1),
        Finding("f5", "elsewhere", due_at_ms=1, remedied_at_ms=None, changed_at_ms=1),
    )
    for held in (findings, findings[::-1]):
        inputs = gather(yearly_plan(), Sources((owed("u", peer_group="A"),), (), findings=held), 100)
        numerator, denominator = inputs.counted["findings_remedied"]
        assert (numerator.tolist(), denominator.tolist()) == ([1], [3])


PATH = "/v1/evaluations/TEST/2011/aggregates"


def unit(code: str, parent: str | None, **fields: Any) -> Envelope:
    names = {"vi": code, "en": code}
    state = {"revision": 1, "unit": code, "names": names, "kind": "x", "peer_group": "A", "parent": parent}
    return envelope(UnitState.model_validate({**state, "valid_from": "2000-01-01", **fields}))


@pytest.fixture
async def grouped(fed: Scoring) -> Scoring:  # noqa: F811
    """The year of the other tests, with a tree: a1 under north; a2 left north before its last period, a3 after it."""
    table = {"former_parents": [{"parent": "north", "last": "2011-01-15"}]}
    after = {"former_parents": [{"parent": "north", "last": "2011-12-31"}]}
    for event in (
        unit("north", None),
        unit("a1", "north", revision=2),
        unit("a2", "south", **table),
        unit("a3", "south", **after),
    ):
        await fed.handlers.keep.unit(event)
    return fed


async def test_groups_of_units_over_http(grouped: Scoring) -> None:
    async with client(grouped) as http:

        async def mail_of(**asked: str) -> tuple[float, float, float, int]:
            answer = await http.get(PATH, params=asked)
            assert answer.status_code == 200, answer.text
            [held] = [each for each in answer.json()["indicators"] if each["indicator"] == "MAIL"]
            return held["numerator"], held["denominator"], held["value"], held["units"]

        # Each unit: four quarters of quality / 10.
        assert await mail_of() == (4 * (8 + 4 + 4 + 2 + 5), 200, 46.0, 5)
        assert await mail_of(peer_group="B") == (20, 40, 50.0, 1)
        assert await mail_of(units="a1,a4") == (40, 80, 50.0, 2)
        assert await mail_of(units="a1,b1", peer_group="A") == (32, 40, 80.0, 1)
        assert await mail_of(subtree="north") == (48, 80, 60.0, 2)
        whole = (await http.get(PATH, params={"units": "a1,nobody"})).json()
        assert (whole["units"], whole["outside"]) == (1, ["nobody"])
        nobody = (await http.get(PATH, params={"subtree": "nowhere"})).json()
        assert {held["value"] for held in nobody["indicators"]} == {None}


async def test_a_group_of_the_past_and_what_is_refused(grouped: Scoring) -> None:
    async with client(grouped) as http:
        first = await http.get(PATH, params={"as_of": str(END_MS)})
        later = report("a1", 0, mail(1, 1000), sites(1), revision=9, changed_at_ms=END_MS + DAY_MS)
        await grouped.handlers.keep.report(envelope(later))
        assert (await http.get(PATH, params={"as_of": str(END_MS)})).content == first.content
        assert (await http.get(PATH)).json()["indicators"] != first.json()["indicators"]
        assert (await http.get(PATH, params={"units": ",".join(f"u{n}" for n in range(501))})).status_code == 422
        assert (await http.get(PATH, params={"as_of": "tomorrow"})).status_code == 422
        assert (await http.get("/v1/evaluations/TEST/1999/aggregates")).status_code == 404
