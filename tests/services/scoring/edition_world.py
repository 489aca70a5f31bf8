"""A small year brought to its final review, for tests of editions over a real store."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from services.scoring.domain.editions.edition import Edition
from services.scoring.domain.editions.proposal import Proposal
from services.scoring.domain.round.opening import Rules
from services.scoring.repository.collections import EDITIONS
from shared.events.envelope import Envelope
from shared.events.round import Calendar, Window
from shared.store.documents import Documents, scan
from tests.services.scoring.conftest import Service
from tests.services.scoring.world import (
    DAY_MS,
    END_MS,
    YEAR,
    envelope,
    mail,
    plan_event,
    report,
    sites,
    small_plan,
    unit_event,
    year_of,
)

OPENS_MS = END_MS
STEPS_MS = (OPENS_MS, OPENS_MS + 10 * DAY_MS, OPENS_MS + 20 * DAY_MS, OPENS_MS + 30 * DAY_MS, OPENS_MS + 40 * DAY_MS)
"""Self-scoring, appraisal, provisional, clarification, final review."""
FINAL_MS = STEPS_MS[-1]


def events() -> list[Envelope]:
    """Two peer groups; a2 and a3 tie."""
    found = [plan_event(small_plan()), unit_event("a1"), unit_event("b1", "B")]
    for unit, quality in (("a1", 8), ("a2", 4), ("a3", 4), ("a4", 2)):
        found += year_of(unit, quality)
    return found + year_of("b1", 5, peer_group="B")


async def amend(service: Service, unit: str, quality: int, *, revision: int = 9) -> None:
    """Another version of the unit's last quarter arrives, a second later than whatever happened before."""
    service.clock.advance(1000)
    values = mail(quality, 10), sites(quality * 4)
    await service.feed([envelope(report(unit, 3, *values, revision=revision, changed_at_ms=service.clock.now_ms()))])


def calendar() -> Calendar:
    windows = [Window(opens_at_ms=first, closes_at_ms=last) for first, last in pairwise(STEPS_MS)]
    return Calendar(self_scoring=windows[0], appraisal=windows[1], clarification=windows[3], cut_off_day="2012-01-31")


async def to_final_review(service: Service, fed: Iterable[Envelope] | None = None) -> Service:
    """Feed the year, open its round, let the time pass; every job of the schedule runs at each step."""
    await service.feed(events() if fed is None else fed)
    work = service.handlers.round.run
    await work.open("TEST", YEAR, calendar(), Rules(), by="clerk", reason="QĐ 100")
    for instant in STEPS_MS:
        service.clock.set(instant)
        await work.due(instant)
        await service.handlers.editions.provisionals.due(instant)
        await service.settle()
    return service


async def propose(service: Service, by: str = "an") -> Proposal:
    return await service.handlers.editions.seal.propose("TEST", YEAR, by=by)


async def seal(service: Service, *, by: tuple[str, str] = ("an", "binh")) -> Edition:
    """Propose and confirm, by two."""
    proposal = await propose(service, by[0])
    service.clock.advance(1000)
    done = await service.handlers.editions.seal.confirm("TEST", YEAR, digest=proposal.digest, by=by[1])
    await service.settle()
    return done.edition


async def publish(service: Service, number: int = 1) -> Edition:
    service.clock.advance(1000)
    done = await service.handlers.editions.publish.publish("TEST", YEAR, number, by="chair")
    await service.settle()
    return done.edition


async def correct(service: Service) -> None:
    service.clock.advance(1000)
    await service.handlers.editions.publish.correct("TEST", YEAR, reason="Thanh tra 07/TTr", by="chair")
    await service.settle()


async def phase(service: Service) -> str:
    return (await service.handlers.round.views.of("TEST", YEAR)).phase


async def documents(store: Documents) -> list[dict[str, Any]]:
    return [held async for held in scan(store, EDITIONS.name)]
