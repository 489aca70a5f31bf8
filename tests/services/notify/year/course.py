"""The course of the year: when somebody looks at the clock, and what has happened by then."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta

from shared.events.base import State
from tests.services.notify.samples import plan_state
from tests.services.notify.year.acts import Act
from tests.services.notify.year.days import DAY, clock, local
from tests.services.notify.year.scenario import Scenario
from tests.services.notify.year.words import HOME, YEAR

LOOKS = ("00:00", "00:15", "07:00", "08:00", "09:00", "09:15", "14:00", "15:00")
"""Local times of the looks: the end of a day, the digests, nine o'clock in Tokyo, at home, and in Paris in summer and
in winter. All of them on the quarter of an hour, so that the timers of groups tick exactly at looks."""

MORE_LOOKS = ("06:00", "12:00", "21:30")
"""Now and then at other times, two of them within quiet hours."""

FIRST = clock(local(0, HOME).date().replace(year=2010, month=12, day=10), "00:00", HOME)
BEGIN = FIRST
DAYS = 22 + 365 + 20


@dataclass(slots=True)
class Step:
    """One look, and what happened since the last one: states heard, acts of people. `is_rare`: audited as well."""

    at_ms: int
    states: list[State] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    is_rare: bool = False


def outages(draw: random.Random) -> list[tuple[int, int]]:
    """Three times in the year nobody looks for three days."""
    months = draw.sample(range(1, 12), 3)
    begins = [
        clock(local(0, HOME).date().replace(year=YEAR, month=month, day=draw.randint(5, 18)), "04:30", HOME)
        + draw.randint(0, 9) * 3_600_000
        for month in months
    ]
    return [(begin, begin + 3 * DAY) for begin in begins]


def course(made: Scenario, away: list[tuple[int, int]]) -> list[Step]:
    """Every look of the year outside of outages. While nobody is there people wait with what they do."""
    steps = [Step(at_ms, is_rare=is_rare) for at_ms, is_rare in _looks(away)]
    steps[0].states = [plan_state(made.plan), *made.units]
    events, acts = iter(made.events), iter(_postponed(made.acts, away))
    event, act = next(events, None), next(acts, None)
    for step in steps:
        while event is not None and event[0] <= step.at_ms:
            step.states.append(event[1])
            event = next(events, None)
        while act is not None and act.at_ms <= step.at_ms:
            step.acts.append(act)
            act = next(acts, None)
    return steps


def _looks(away: list[tuple[int, int]]) -> list[tuple[int, bool]]:
    found: list[tuple[int, bool]] = []
    first = local(BEGIN, HOME).date()
    for number in range(DAYS):
        day = first + timedelta(days=number)
        times = sorted((*LOOKS, *MORE_LOOKS)) if number % 3 == 0 else LOOKS
        found += [(clock(day, at, HOME), at == "14:00" and day.day == 20) for at in times]
    return [one for one in found if not any(begin <= one[0] < end for begin, end in away)]


def _postponed(acts: list[Act], away: list[tuple[int, int]]) -> list[Act]:
    found: list[Act] = []
    for act in acts:
        ends = [end for begin, end in away if begin <= act.at_ms < end]
        found.append(replace(act, at_ms=ends[0]) if ends and act.what not in ("breaks", "works") else act)
    return sorted(found, key=lambda act: act.at_ms)


def disorder(draw: random.Random, steps: list[Step]) -> list[Step]:
    """Some events come some looks later, some twice, and none in order. The plan and the units come first.

    Nobody audits: of a report that was days on its way the auditor rightly says that it was sent after all was done.
    """
    states: list[list[State]] = [[] for _ in steps]
    for place, step in enumerate(steps[1:], start=1):
        for state in step.states:
            for _ in range(2 if draw.random() < 0.1 else 1):
                later = draw.randint(1, 12) if draw.random() < 0.1 else 0
                states[min(place + later, len(steps) - 1)].append(state)
    for found in states:
        draw.shuffle(found)
    states[0] = steps[0].states
    return [replace(step, states=found, is_rare=False) for step, found in zip(steps, states, strict=True)]
