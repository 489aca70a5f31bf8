"""What tests of rounds do: open one, go to an instant, appraise, seal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.scoring.domain.round.appraising import Criterion, Finding
from services.scoring.domain.round.opening import Rules
from services.scoring.handlers.clarify import Verdict
from services.scoring.repository.collections import EVALUATIONS
from services.scoring.wiring.rounds import RoundWork
from shared.events.round import AppraisalState
from shared.refusal import Refusal
from tests.services.scoring.conftest import Service
from tests.services.scoring.rounds import CALENDAR
from tests.services.scoring.world import YEAR, unit_event

A2_MAIL = Criterion("TEST", YEAR, "a2", "MAIL")
HIGHER = Finding("value", 80.0, reason="seen on the spot")


async def opened(service: Service, rules: Rules | None = None) -> RoundWork:
    work = service.handlers.round
    await work.run.open("TEST", YEAR, CALENDAR, rules or Rules(), by="keeper", reason="decision 1")
    return work


async def at(service: Service, now_ms: int) -> RoundWork:
    """The service at an instant, the steps of time taken."""
    service.clock.set(now_ms)
    await service.handlers.round.run.due(now_ms)
    return service.handlers.round


async def appraise(
    work: RoundWork,
    finding: Finding = HIGHER,
    *,
    by: str = "x",
    named: int | None = None,
    place: Criterion = A2_MAIL,
    unit: str | None = None,
) -> AppraisalState:
    return (await work.appraise.appraise(place, finding, subject=by, unit=unit, named_version=named))[0]


async def indexes(service: Service) -> dict[str, tuple[Any, Any]]:
    await service.settle()
    return {unit: (held["index"], held["rank"]) for unit, held in (await service.scores()).items()}


async def evaluation(service: Service) -> dict[str, Any]:
    await service.settle()
    held = await service.store.get(EVALUATIONS.name, f"evaluation-TEST-{YEAR}")
    assert held is not None
    found: dict[str, Any] = json.loads(held["body"])
    return found


async def refused(call: Any, reason: str, kind: str = "state") -> Refusal:
    with pytest.raises(Refusal) as found:
        await call
    assert (found.value.kind, found.value.members.get("reason")) == (kind, reason)
    return found.value


async def decide(work: RoundWork, by: str) -> Any:
    verdict = Verdict(True, "proven", Finding("value", 80.0))
    return await work.clarify.decide(A2_MAIL, verdict, subject=by, unit=None)


async def seal(work: RoundWork) -> None:
    await work.run.enter("TEST", YEAR, "SEALED", by="e", reason="edition-1")


def envelope_of_unit(unit: str, *, parent: str) -> Any:
    made = unit_event(unit)
    return made.model_copy(update={"revision": 2, "data": {**made.data, "revision": 2, "parent": parent}})
