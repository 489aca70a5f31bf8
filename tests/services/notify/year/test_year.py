"""A year of reminders for a thousand units and two forms: zero difference from the naive oracle, come what may."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared.clock import FixedClock
from shared.events.base import State
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from tests.services.notify.samples import CENTER, at, plan_state
from tests.services.notify.year.oracle import Key, Oracle
from tests.services.notify.year.scenario import DAYS_OFF, RUNGS, WORKED_SATURDAYS, YEAR, Scenario, scenario
from tests.services.notify.year.stage import Killed, Stage, stage

pytestmark = pytest.mark.anyio

DAY = 86_400_000
LOOKS = ("07:00", "09:00", "14:00", "15:00")
"""Local times of the looks at the clock: nine o'clock in Tokyo, at home, and in Paris in summer and in winter."""

MORE_LOOKS = ("06:00", "12:00", "21:30")
"""Now and then at other times, two of them within quiet hours."""

BEGIN = at("2010-12-01 00:00")


def looks(outages: list[tuple[int, int]]) -> list[int]:
    """The instants of the year at which somebody looks at the clock."""
    found: list[int] = []
    for day in range(31 + 365 + 31):
        local = datetime.fromtimestamp((BEGIN + day * DAY) / 1000 + 7 * 3600, UTC).date()
        times = sorted((*LOOKS, *MORE_LOOKS)) if day % 3 == 0 else LOOKS
        found += [at(f"{local.isoformat()} {time}") for time in times]
    return [one for one in found if not any(first <= one < last for first, last in outages)]


def oracle() -> Oracle:
    return Oracle(RUNGS, frozenset(DAYS_OFF), frozenset(WORKED_SATURDAYS), CENTER)


def heard_by(made: Scenario, moments: list[int]) -> list[tuple[int, list[State]]]:
    """The events as they reach the service: before the first look that follows them."""
    events = iter(made.events)
    following = next(events, None)
    found: list[tuple[int, list[State]]] = []
    for moment in moments:
        batch: list[State] = []
        while following is not None and following[0] <= moment:
            batch.append(following[1])
            following = next(events, None)
        found.append((moment, batch))
    return found


def tell(naive: Oracle, states: list[State]) -> None:
    naive.hear(state for state in states if isinstance(state, (UnitState, ObligationState)))


async def messages(held: Stage) -> dict[tuple[str, date], set[Key]]:
    """What the channel was given: (recipient, local day) -> what it tells. Never two of the same."""
    rows = await held.rows()
    found: dict[tuple[str, date], set[Key]] = {}
    for delivery, _ in held.channel.kept.values():
        if delivery.kind == "reminder":
            key = (delivery.recipient, date.fromisoformat(delivery.slot))
            assert key not in found, "two messages to one recipient on one day"
            found[key] = {rows[row][0] for row in delivery.covers}
    return found


def told_once(held: dict[tuple[str, date], set[Key]]) -> bool:
    """Nobody is told twice about the same rung."""
    told: dict[str, list[Key]] = defaultdict(list)
    for (recipient, _), keys in held.items():
        told[recipient] += keys
    return all(len(keys) == len(set(keys)) for keys in told.values())


async def compare(held: Stage, naive: Oracle) -> None:
    """Every message, and what became of every rung."""
    sent = await messages(held)
    assert sent.keys() == naive.messages.keys()
    differing = {key: (sent[key], naive.messages[key]) for key in sent if sent[key] != naive.messages[key]}
    assert differing == {}
    assert told_once(sent)
    became = {about: status for about, status, _ in (await held.rows()).values()}
    expected = {key: line.status.replace("REPLANNED", "SUPERSEDED") for key, line in naive.lines.items()}
    assert became == expected


async def test_a_year_of_a_thousand_units_differs_in_nothing_from_the_oracle(tmp_path: Path) -> None:
    made, clock, naive = scenario(2011, units=1000), FixedClock(BEGIN), oracle()
    async with stage(tmp_path, clock, "one") as held:
        first: list[State] = [plan_state(made.plan), *made.units]
        await held.hear("one", first)
        tell(naive, first)
        for moment, states in heard_by(made, looks([])):
            clock.set(moment)
            await held.hear("one", states)
            await held.look("one")
            tell(naive, states)
            naive.look(moment)
        await compare(held, naive)
        assert set(held.channel.sent.values()) == {1}
        # On the minute: a look at nine sends what nine o'clock asks for.
        late = [
            one for one, sent_ms in held.channel.kept.values() if one.kind == "reminder" and sent_ms != one.due_at_ms
        ]
        assert len(late) < 0.02 * len(held.channel.kept), "only what became known between two looks"
        assert len(naive.messages) > 5000


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_year_of_outages_crashes_disorder_and_two_instances_loses_nothing(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    made, clock, naive = scenario(seed, units=50), FixedClock(BEGIN), oracle()
    away = [
        at(f"{YEAR}-{month:02}-{draw.randint(5, 18):02} 0{draw.randint(0, 9)}:30")
        for month in draw.sample(range(1, 12), 3)
    ]
    moments = looks([(start, start + 3 * DAY) for start in away])
    async with stage(tmp_path, clock, "one", "two", mortal=True) as held:
        first: list[State] = [plan_state(made.plan), *made.units]
        await held.hear("one", first)
        tell(naive, first)
        for moment, states in disorder(draw, heard_by(made, moments)):
            clock.set(moment)
            tell(naive, states)
            naive.look(moment)
            await survive(held, draw, states)
        await compare(held, naive)
        repeats = {id: times - 1 for id, times in held.channel.sent.items() if times > 1}
        assert all(times <= held.allowed_repeats[id] for id, times in repeats.items())
        assert held.crashes > 20
        assert sum(repeats.values()) > 0, "some crash falls between send and record"
        print(f"seed {seed}: {held.crashes} crashes, {sum(repeats.values())} repeats, {len(naive.messages)} messages")


def disorder(draw: random.Random, heard: list[tuple[int, list[State]]]) -> list[tuple[int, list[State]]]:
    """Some events come some looks later, some twice, and none in order."""
    found: list[list[State]] = [[] for _ in heard]
    for place, (_, states) in enumerate(heard):
        for state in states:
            for _ in range(2 if draw.random() < 0.1 else 1):
                later = draw.randint(1, 12) if draw.random() < 0.1 else 0
                found[min(place + later, len(heard) - 1)].append(state)
    for states in found:
        draw.shuffle(states)
    return [(moment, states) for (moment, _), states in zip(heard, found, strict=True)]


async def survive(held: Stage, draw: random.Random, states: list[State]) -> None:
    """One look by either instance or by both, with a crash here and there; the work goes on until it is done."""
    name = draw.choice(("one", "two"))
    while True:
        for instance in held.instances.values():
            if instance.fate.writes_left is None:
                instance.fate.writes_left, instance.fate.done = draw.randint(0, 300), draw.random() < 0.5
        try:
            await held.hear(name, states)
            await held.instances[name].notify.work.plan_rungs.run(held.clock.now_ms())
            await held.look(*(("one", "two") if draw.random() < 0.3 else (name,)))
            return
        except Killed:
            for dead in [one for one, instance in held.instances.items() if instance.fate.dead]:
                await held.crash(dead)
