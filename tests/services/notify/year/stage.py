"""The service on a virtual clock, without a broker: real handlers, real store, a channel and a press that record.

A crash is a store that raises from one chosen write on, before or after it was done, and then a fresh composition
over the same store: what was written stays, what the process held is gone.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.notify.domain.deliveries import Delivery, Letter, Outcome
from services.notify.domain.digests.letter import DigestLetter
from services.notify.domain.digests.printed import Printed
from services.notify.main import Notify, compose
from services.notify.settings import NotifySettings
from shared.clock import FixedClock
from shared.events.base import State
from shared.store.documents import scan
from shared.store.embedded import EmbeddedDocuments
from tests.services.notify import samples
from tests.services.notify.year.store import Life, MortalStore, open_year_store

RARELY = frozenset({"auditor", "service_level"})
"""Jobs that read weeks of everything and tell recipients nothing while all is well: asked at some looks only."""


class Recorder:
    """The channel: refuses addresses that do not work, keeps the rest. `sent`: how often each delivery left."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.sent: Counter[str] = Counter()

    async def send(self, delivery: Delivery) -> Outcome:
        if delivery.recipient in self.broken:
            return Outcome("permanent", "550 no such mailbox", address_at_fault=True)
        self.sent[delivery.id] += 1
        return Outcome("sent", "accepted")


class PlainWriter:
    """Says nothing nicely: the tests of letters look at words."""

    def reminder(self, letter: Any) -> Letter:
        return Letter("reminder", "", "")

    def inspection(self, letter: Any) -> Letter:
        return Letter("inspection", "", "")

    def alert(self, letter: Any) -> Letter:
        return Letter("alert", "", "")


class PlainPress:
    """Prints the numbers of a digest as they are."""

    async def print(self, letter: DigestLetter, language: str) -> Printed:
        total = letter.total
        numbers = {
            "year": letter.year,
            "reports": [total.expected, total.on_time, total.in_grace, total.late, total.missing],
            "overdue": letter.overdue.total,
            "alerts": [letter.alerts.by_severity[severity] for severity in ("high", "medium", "low")],
            "promises": [letter.promises.total, letter.promises_missed],
            "silenced": letter.silenced.total,
            "steps": [letter.steps.total, letter.steps_late],
            "undelivered": letter.not_delivered.total,
            "window": [letter.moment.window_from_ms, letter.moment.window_to_ms],
        }
        return Printed("", Letter("digest", "", json.dumps(numbers)), ())


@dataclass(slots=True)
class Instance:
    """One life of one process."""

    notify: Notify
    life: Life


@dataclass(slots=True)
class Stage:
    """Instances over one store, by name."""

    store: EmbeddedDocuments
    clock: FixedClock
    channel: Recorder
    turns: random.Random | None
    instances: dict[str, Instance] = field(default_factory=dict)
    crashes: int = 0
    allowed_repeats: Counter[str] = field(default_factory=Counter)

    async def start(self, name: str) -> None:
        """Begin a life of this instance, and take up what an earlier one was sending."""
        life = Life()
        settings = NotifySettings(
            store_url="sqlite:///never/opened.sqlite3",
            log_level="error",
            token_secret="a secret of the tests, long enough to sign",
            instance=name,
            mail_at_once=50,
            messages_per_day_max=500,
        )
        used: Any = MortalStore(self.store, life, self.turns)
        writer: Any = PlainWriter()
        channels = {"email": self.channel}
        notify = await compose(
            settings, clock=self.clock, channels=channels, store=used, writer=writer, press=PlainPress()
        )
        self.instances[name] = Instance(notify, life)
        await notify.work.deliver.resume()

    async def stop(self, name: str) -> None:
        await self.instances.pop(name).notify.stop()

    async def hear(self, name: str, states: Sequence[State]) -> None:
        """Deliver events, some side by side, as a broker does; what a crash interrupts is delivered again."""
        follow = self.instances[name].notify.work.follow.follow
        for start in range(0, len(states), 50):
            await _all(follow(samples.envelope(state)) for state in states[start : start + 50])

    async def look(self, *names: str, rare: bool = False) -> None:
        """A pass of all jobs by each of these instances, side by side, until none of them leaves anything to send."""
        await _all(self._look(self.instances[name].notify, rare=rare) for name in names)

    async def _look(self, notify: Notify, *, rare: bool) -> None:
        now_ms = self.clock.now_ms()
        for job in notify.work.jobs():
            if rare or job.name not in RARELY:
                await job.run(now_ms)
        await notify.work.deliver.run(now_ms)

    async def crash(self, name: str) -> None:
        """The instance died: note which messages left without a record, and start its next life."""
        self.crashes += 1
        await self.stop(name)
        async for document in scan(self.store, "deliveries", {"status": "SENDING"}, order_by="created_at_ms"):
            if document["claimed_by"] == name and self.channel.sent[document["_id"]]:
                self.allowed_repeats[document["_id"]] += 1
        await self.start(name)

    async def documents(self, collection: str) -> dict[str, dict[str, Any]]:
        """Everything in a collection, by id."""
        return {one["_id"]: one async for one in scan(self.store, collection)}


async def _all(calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all, to their ends; then raise the first error."""
    for answer in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(answer, BaseException):
            raise answer


@asynccontextmanager
async def stage(clock: FixedClock, *names: str, turns: random.Random | None = None) -> AsyncIterator[Stage]:
    """Instances with these names over a fresh store, stopped at the end. `turns`: see `store`."""
    store = open_year_store()
    made = Stage(store, clock, Recorder(), turns)
    try:
        for name in names:
            await made.start(name)
        yield made
    finally:
        for name in list(made.instances):
            await made.stop(name)
        await store.aclose()
