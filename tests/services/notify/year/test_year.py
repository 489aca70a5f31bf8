"""A year of every message for a thousand units and two forms: zero difference from the naive oracle, come what may."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from shared.clock import FixedClock
from tests.services.notify.year.compare import differences, told_once
from tests.services.notify.year.course import BEGIN, Step, course, disorder, outages
from tests.services.notify.year.desks import perform
from tests.services.notify.year.oracle import Oracle
from tests.services.notify.year.scenario import scenario
from tests.services.notify.year.stage import Stage, stage
from tests.services.notify.year.store import Killed
from tests.services.notify.year.words import AUDIENCES

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(2400)]

UNITS = 1000
SEEDS = (1,)
"""A chaotic year takes some minutes; any other seed may be put beside it."""
KINDS = frozenset(
    {"day", "digest", "alert first", "alert new_alerts", "alert new_resolved", "alert all_resolved", "alert repeat"}
)
RULES = frozenset({"R1", "R2", "R3", "R9", "MISSING_CONTACT", "DELIVERY_PROBLEM"})


async def test_a_year_of_a_thousand_units_differs_in_nothing_from_the_oracle() -> None:
    clock, naive = FixedClock(BEGIN), Oracle()
    async with stage(clock, "one") as held:
        for step in course(scenario(2011, units=UNITS), []):
            await _act(held, naive, step, "one")
            clock.set(step.at_ms)
            naive.hear(step.states)
            naive.look(step.at_ms)
            await held.hear("one", step.states)
            await held.look("one", rare=step.is_rare)
        assert await differences(held, naive) == []
        assert told_once(naive)
        assert set(held.channel.sent.values()) == {1}
        counts = _counted(naive)
        print(f"seed 2011: {sum(counts.values())} messages, {dict(counts)}")
        assert counts.keys() == KINDS
        assert {
            name.split()[1] for message in naive.messages if message.kind == "alert" for name in message.about
        } == RULES
        assert {message.why for message in naive.messages if message.kind == "digest"} == set(AUDIENCES)
        assert any("finding" in about for message in naive.messages if message.kind == "day" for about in message.about)
        assert any(not message.arrived for message in naive.messages)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_year_of_outages_crashes_disorder_and_two_instances_loses_nothing(seed: int) -> None:
    draw = random.Random(seed)
    clock, naive = FixedClock(BEGIN), Oracle()
    steps = disorder(draw, course(scenario(seed, units=UNITS), outages(draw)))
    async with stage(clock, "one", "two", turns=random.Random(seed)) as held:
        for step in steps:
            await _act(held, naive, step, draw.choice(("one", "two")))
            clock.set(step.at_ms)
            naive.hear(step.states)
            naive.look(step.at_ms)
            await _survive(held, draw, step)
        assert await differences(held, naive) == []
        repeats = {id: times - 1 for id, times in held.channel.sent.items() if times > 1}
        counted = await held.documents("deliveries")
        assert all(times <= held.allowed_repeats[id] for id, times in repeats.items()), "once per crash in between"
        assert all(times <= counted[id]["repeats"] for id, times in repeats.items()), "each repeat is counted"
        assert held.crashes > 30
        assert repeats, "some crash falls between send and record"
        counts = _counted(naive)
        print(f"seed {seed}: {held.crashes} crashes, {sum(repeats.values())} repeats, {dict(counts)}")
        assert counts.keys() == KINDS


async def _act(held: Stage, naive: Oracle, step: Step, name: str) -> None:
    """What people did since the last look, each at its own instant."""
    for act in step.acts:
        held.clock.set(act.at_ms)
        await perform(held.instances[name].notify, held.channel, act)
        naive.act(act)


async def _survive(held: Stage, draw: random.Random, step: Step) -> None:
    """One look by either instance or by both, with a crash here and there; the work goes on until it is done."""
    name = draw.choice(("one", "two"))
    for instance in held.instances.values():
        instance.life.writes_left = draw.choice((None, None, draw.randint(0, 200)))
        instance.life.is_last_done = draw.random() < 0.5
    while True:
        try:
            await held.hear(name, step.states)
            await held.look(*(("one", "two") if draw.random() < 0.3 else (name,)), rare=step.is_rare)
            break
        except Killed:
            for dead in [one for one, instance in held.instances.items() if instance.life.is_over]:
                await held.crash(dead)
                held.instances[dead].life.writes_left = draw.choice((None, draw.randint(0, 200)))
                held.instances[dead].life.is_last_done = draw.random() < 0.5
    for instance in held.instances.values():
        instance.life.writes_left = None  # people's acts are another test's matter


def _counted(naive: Oracle) -> Counter[str]:
    """Messages by kind, alerts by their reason."""
    return Counter("alert " + one.why if one.kind == "alert" else one.kind for one in naive.messages)
