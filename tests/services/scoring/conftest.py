"""Scoring in-process over an embedded store, fed with envelopes, recomputed on request: no broker, no waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.scoring import consumer
from services.scoring.domain.debounce import Debounce
from services.scoring.handlers.compute import Editions, Rounds
from services.scoring.repository.collections import COLLECTIONS, EVALUATIONS, SCORES
from services.scoring.schedule import RecomputeLoop
from services.scoring.wiring.handlers import Handlers, handlers
from shared.clock import FixedClock
from shared.events.envelope import Envelope, broker_subject
from shared.store.documents import Documents, scan
from shared.store.open import open_store
from tests.services.scoring.rounds import OPENS_MS
from tests.services.scoring.world import DAY_MS, END_MS


@dataclass(slots=True)
class Service:
    """One instance: `feed` consumes, `settle` recomputes everything that is marked."""

    store: Documents
    clock: FixedClock
    handlers: Handlers
    loop: RecomputeLoop

    async def feed(self, events: Iterable[Envelope]) -> None:
        table = consumer.subscriptions(self.handlers.keep)
        for event in events:
            noun = broker_subject(event.type, "x").split(".")[1]
            await table[f"tiendo.{noun}.>"](event)

    async def settle(self) -> int:
        return await self.loop.run_all()

    async def scores(self) -> dict[str, dict[str, Any]]:
        """Unit -> saved document with its state read."""
        return {held["unit"]: held async for held in scan(self.store, SCORES.name)}

    async def documents(self) -> list[dict[str, Any]]:
        """Every emitting document: scores, then evaluations."""
        found = [held async for held in scan(self.store, SCORES.name)]
        return found + [held async for held in scan(self.store, EVALUATIONS.name)]


def serve(
    store: Documents,
    clock: FixedClock,
    lease_clock: FixedClock | None = None,
    *,
    rounds: Rounds | None = None,
    editions: Editions | None = None,
) -> Service:
    """An instance over a store. `lease_clock` stands still unless it is moved."""
    leases = lease_clock or FixedClock(0)
    made = handlers(store, clock=clock, lease_seconds=15, lease_clock=leases, rounds=rounds, editions=editions)
    loop = RecomputeLoop(
        waiting=made.marks.waiting,
        run=made.recompute.run,
        debounce=Debounce(0, 0, 0),
        told=lambda _outcome, _cost: None,
    )
    return Service(store, clock, made, loop)


async def open_scoring_store(path: Path) -> Documents:
    return await open_store(f"sqlite://{path}", database="scoring", collections=list(COLLECTIONS))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    store = await open_scoring_store(tmp_path / "scoring.sqlite3")
    yield serve(store, FixedClock(END_MS))
    await store.aclose()


@pytest.fixture
async def drafted(tmp_path: Path) -> AsyncIterator[Service]:
    """A computed year without a round, a day before self-scoring opens."""
    from tests.services.scoring.test_recompute import world  # that module imports this one

    store = await open_scoring_store(tmp_path / "scoring.sqlite3")
    made = serve(store, FixedClock(OPENS_MS - DAY_MS))
    await made.feed(world())
    await made.settle()
    yield made
    await made.handlers.round.audit_chain.aclose()
    await store.aclose()
