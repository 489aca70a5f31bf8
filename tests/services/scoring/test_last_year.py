"""Bands of a year beside those of the year sealed before: guardrail and hysteresis from end to end."""

from __future__ import annotations

from typing import Any

import pytest

from services.scoring.domain.computation import compute
from services.scoring.domain.editions.texts import source_lines, sources_of
from services.scoring.domain.last_year import LastBand, LastCut
from shared.events.envelope import Envelope
from shared.plan.model import Plan
from tests.services.scoring.conftest import Service
from tests.services.scoring.edition_world import seal, to_final_review
from tests.services.scoring.plans import NAMES
from tests.services.scoring.world import (
    BANDS,
    DAY_MS,
    END_MS,
    YEAR,
    envelope,
    mail,
    obligation,
    plan_event,
    report,
    sites,
    small_plan,
    unit_event,
    year_of,
)

pytestmark = pytest.mark.anyio

UNITS = {"a1": 8, "a2": 4, "a3": 4, "a4": 2}


def of_next_year(unit: str, quality: int) -> list[Envelope]:
    """The last quarter of the year after, reported on time."""
    later: dict[str, Any] = {
        "obligation": f"obligation-{unit}-next", "year": YEAR + 1, "period": "2012-Q4",
        "period_start": "2012-10-01", "period_last": "2012-12-31",
    }  # fmt: skip
    instants = {"open_at_ms": END_MS, "period_end_ms": END_MS + DAY_MS, "due_at_ms": END_MS + 2 * DAY_MS}
    done = {"revision": 2, "outcome": "FULFILLED", "timeliness": "ON_TIME", "cause": "report"}
    told = {"report": f"report-{unit}-next", "obligation": later["obligation"], "year": YEAR + 1, "period": "2012-Q4"}
    return [
        envelope(obligation(unit, 3, **{**later, **instants, **done, "grace_end_ms": END_MS + 3 * DAY_MS})),
        envelope(report(unit, 3, mail(quality, 10), sites(quality), **told)),
    ]


async def two_years(service: Service, plan: Plan, now: dict[str, int]) -> dict[str, str]:
    """Seal a year, report the next; unit -> band in the next."""
    events = [plan_event(plan), *(unit_event(unit) for unit in UNITS)]
    await to_final_review(service, events + [event for unit, q in UNITS.items() for event in year_of(unit, q)])
    await seal(service)
    for unit, quality in now.items():
        await service.feed(of_next_year(unit, quality))
    service.clock.advance(10 * DAY_MS)
    found = await service.handlers.computing("TEST", YEAR + 1)
    assert found is not None
    return dict(zip(found.evaluation.cohort.units, [unit["band"] for unit in found.units()], strict=True))


def banded_plan(**scoring: Any) -> Plan:
    made = small_plan()
    fields = {**made.scoring.model_dump(mode="json"), "bands": BANDS, **scoring}
    return Plan.model_validate({**made.model_dump(mode="json"), "scoring": fields})


async def test_without_either_rule_nothing_of_last_year_is_read(service: Service) -> None:
    assert await two_years(service, banded_plan(), {"a1": 7, "a2": 5, "a3": 3}) == {
        "a1": "GOOD", "a2": "GOOD", "a3": "FAIR"
    }  # fmt: skip
    found = await service.handlers.computing("TEST", YEAR + 1)
    assert found is not None
    assert found.sources.last_year == ()


async def test_a_unit_keeps_last_years_band_until_it_is_beyond_the_hysteresis(service: Service) -> None:
    # a2 was FAIR and reaches 0.83 now, where GOOD begins at 0.7: not beyond 0.2.
    assert await two_years(service, banded_plan(band_hysteresis=0.2), {"a1": 7, "a2": 5, "a3": 3}) == {
        "a1": "GOOD", "a2": "FAIR", "a3": "FAIR"
    }  # fmt: skip


async def test_cuts_from_data_move_by_the_guardrail_at_most(service: Service) -> None:
    bands = [{"code": code, "names": NAMES, "at_least": low} for code, low in (("UP", 0.5), ("DOWN", 0))]
    plan = banded_plan(bands=bands, bands_from="quantile", band_guardrail=0.05)
    await two_years(service, plan, {"a1": 8, "a2": 4, "a3": 3, "a4": 2})
    final = await service.handlers.computing.final("TEST", YEAR + 1)
    assert final is not None
    [last] = [one for one in final.sources.last_year if isinstance(one, LastCut) and one.place == 0]
    # Half of the units are below 0.7, where half were below 1.0 the year before.
    assert (last.at_least, final.evaluation.cuts[0]) == (1.0, 0.95)


async def test_what_was_taken_from_last_year_is_identified_and_sealed_with_the_inputs(service: Service) -> None:
    plan = banded_plan(band_hysteresis=0.1)
    await two_years(service, plan, {"a1": 7, "a2": 5})
    found = await service.handlers.computing("TEST", YEAR + 1)
    assert found is not None
    assert {one.unit for one in found.sources.last_year if isinstance(one, LastBand)} == set(UNITS)
    read = sources_of(source_lines(found.sources))
    again = compute(plan, found.plan_sha256, YEAR + 1, read, found.now_ms, reference=found.reference)
    assert again.inputs_sha256 == found.inputs_sha256
    assert again.evaluation.band.tolist() == found.evaluation.band.tolist()
    without = sources_of(line for line in source_lines(found.sources) if not line.startswith('["last_year"'))
    assert compute(plan, found.plan_sha256, YEAR + 1, without, found.now_ms).inputs_sha256 != found.inputs_sha256


async def test_what_was_sealed_after_the_instant_is_not_looked_at(service: Service) -> None:
    await two_years(service, banded_plan(band_hysteresis=0.1), {"a1": 7, "a2": 5})
    [edition] = await service.handlers.editions.standing._editions.all("TEST", first_year=YEAR, last_year=YEAR)
    before = edition.agreed.sealed_at_ms - 1
    assert await service.handlers.editions.standing.last_year("TEST", YEAR + 1, as_of_ms=before) == ()
