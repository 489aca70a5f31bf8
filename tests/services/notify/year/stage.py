"""The service on a virtual clock, without a broker: real handlers, real store, a channel that records.

A crash is a store that raises from one chosen write on, before or after it was done, and then a fresh composition
over the same file: what was written stays, what the process held is gone.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.notify.domain.deliveries import Delivery, Letter, Outcome
from services.notify.main import Notify, compose
from services.notify.repository.collections import COLLECTIONS
from services.notify.settings import NotifySettings
from shared.clock import FixedClock
from shared.events.base import State
from shared.store.documents import scan
from shared.store.embedded import EmbeddedDocuments
from tests.services.notify import samples
from tests.services.notify.year.oracle import Key

WRITES = frozenset({"insert", "insert_many", "replace", "delete", "mark_published"})


class Killed(BaseException):
    """The process is gone. No handler may catch it."""


@dataclass(slots=True)
class Fate:
    """After how many writes the process dies, and whether the last of them is still done."""

    writes_left: int | None = None
    done: bool = False
    dead: bool = False


class MortalStore:
    """A store that stops answering for good at the moment that `fate` says."""

    def __init__(self, store: EmbeddedDocuments, fate: Fate) -> None:
        self._store = store
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return self._mortal(name, found) if asyncio.iscoroutinefunction(found) and name != "aclose" else found

    def _mortal(self, name: str, call: Any) -> Any:
        async def mortal(*args: Any, **given: Any) -> Any:
            fate = self._fate
            if not fate.dead and name in WRITES and fate.writes_left is not None:
                fate.writes_left -= 1
                if fate.writes_left < 0:
                    fate.dead = True
                    if fate.done:
                        await call(*args, **given)
            if fate.dead:
                raise Killed
            return await call(*args, **given)

        return mortal


class Recorder:
    """The channel: keeps what was sent, in order. `sent` counts how often each delivery left."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self.kept: dict[str, tuple[Delivery, int]] = {}
        self.sent: Counter[str] = Counter()

    async def send(self, delivery: Delivery) -> Outcome:
        self.kept.setdefault(delivery.id, (delivery, self._clock.now_ms()))
        self.sent[delivery.id] += 1
        return Outcome("sent", "accepted")


class PlainWriter:
    """Says nothing nicely: the tests of letters look at words."""

    def reminder(self, letter: Any) -> Letter:
        return Letter("reminder", "", str(len(letter.lines)))

    def alert(self, letter: Any) -> Letter:
        return Letter("alert", "", "")

    def digest(self, letter: Any, language: str) -> Letter:
        return Letter("digest", "", language)

    def headline(self, letter: Any, language: str) -> str:
        return language


@dataclass(slots=True)
class Instance:
    """One life of one process."""

    notify: Notify
    fate: Fate


@dataclass(slots=True)
class Stage:
    """Instances over one store, by name."""

    path: Path
    clock: FixedClock
    channel: Recorder
    mortal: bool
    instances: dict[str, Instance] = field(default_factory=dict)
    crashes: int = 0
    allowed_repeats: Counter[str] = field(default_factory=Counter)

    async def start(self, name: str) -> None:
        """Begin a life of this instance, and take up what an earlier one was sending."""
        fate = Fate()
        store = await EmbeddedDocuments.connect(self.path, COLLECTIONS)
        settings = NotifySettings(
            store_url=f"sqlite://{self.path}",
            token_secret="a secret of the tests, long enough to sign",
            instance=name,
            mail_at_once=50,
        )
        used: Any = MortalStore(store, fate) if self.mortal else store
        notify = await compose(
            settings, clock=self.clock, channels={"email": self.channel}, store=used, writer=PlainWriter()
        )
        self.instances[name] = Instance(notify, fate)
        await notify.work.deliver.resume()

    async def stop(self, name: str) -> None:
        await self.instances.pop(name).notify.stop()

    async def hear(self, name: str, states: Sequence[State]) -> None:
        """Deliver events, some side by side, as a broker does; what a crash interrupts is delivered again."""
        follow = self.instances[name].notify.work.follow.follow
        for start in range(0, len(states), 50):
            await _all(follow(samples.envelope(state)) for state in states[start : start + 50])

    async def look(self, *names: str) -> None:
        """One pass of the reminders' jobs by each of these instances, side by side."""
        await _all(self._look(self.instances[name].notify) for name in names)

    async def _look(self, notify: Notify) -> None:
        now_ms = self.clock.now_ms()
        await notify.work.plan_rungs.run(now_ms)
        await notify.work.remind.run(now_ms)
        await notify.work.deliver.run(now_ms)

    async def crash(self, name: str) -> None:
        """The instance died: note which messages left without a record, and start its next life."""
        self.crashes += 1
        await self.stop(name)
        store = await EmbeddedDocuments.connect(self.path, COLLECTIONS)
        async for document in scan(store, "deliveries", {"status": "SENDING"}, order_by="created_at_ms"):
            if self.channel.sent[document["_id"]]:
                self.allowed_repeats[document["_id"]] += 1
        await store.aclose()
        await self.start(name)

    async def rows(self) -> dict[str, tuple[Key, str, str]]:
        """Row id -> (what it is about, status, decision)."""
        store = next(iter(self.instances.values())).notify.store
        return {
            row["_id"]: ((row["obligation"], row["rung"], row["due_at_ms"]), row["status"], row["decision"])
            async for row in scan(store, "reminders", order_by="fire_at_ms")
        }


async def _all(calls: Any) -> None:
    """Await all, to their ends; then raise the first error."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer


@asynccontextmanager
async def stage(folder: Path, clock: FixedClock, *names: str, mortal: bool = False) -> AsyncIterator[Stage]:
    """Instances with these names over a fresh store, stopped at the end. In memory where there is such a place."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else folder) as place:
        async with _stage(Path(place) / "notify.sqlite3", clock, *names, mortal=mortal) as made:
            yield made


@asynccontextmanager
async def _stage(path: Path, clock: FixedClock, *names: str, mortal: bool = False) -> AsyncIterator[Stage]:
    made = Stage(path, clock, Recorder(clock), mortal)
    try:
        for name in names:
            await made.start(name)
        yield made
    finally:
        for name in list(made.instances):
            await made.stop(name)
