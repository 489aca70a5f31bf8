"""What people do at notify's desks, as plain data; and the course of an inspection."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.services.notify.year.days import clock, first_working, working
from tests.services.notify.year.words import HOME, REMEDY_DAYS, STEP_DAYS, YEAR


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person does (or a mail server: `breaks`, `works`) at an instant."""

    at_ms: int
    what: str
    about: dict[str, Any]


def inspection_of(draw: random.Random, unit: str) -> list[Act]:
    """One inspection from the proposal to the closure, with steps and remedies that are early, late, or given back."""
    day = first_working(date(YEAR, draw.randint(1, 6), draw.randint(1, 28)))
    acts = [_act(day, 10, "propose", unit)]
    for step in ("decision", "visit"):
        day = working(day, draw.randint(1, STEP_DAYS[step] + 4))
        acts.append(_act(day, 11, "step", unit, step=step))
    severities = [draw.choice(("high", "medium", "low")) for _ in range(draw.randint(0, 3))]
    acts += [_act(day, 15, "find", unit, severity=severity, number=n + 1) for n, severity in enumerate(severities)]
    day = working(day, draw.randint(1, STEP_DAYS["conclusion"] + 4))
    acts.append(_act(day, 16, "step", unit, step="conclusion"))
    settled = [day]
    for number, severity in enumerate(severities, start=1):
        shown = day + timedelta(days=draw.randint(1, REMEDY_DAYS[severity] + 14))
        if draw.random() < 0.4:
            acts.append(_act(shown, 10, "remedy", unit, number=number))
            acts.append(_act(shown + timedelta(days=1), 17, "give_back", unit, number=number))
            shown += timedelta(days=draw.randint(2, 20))
        acts.append(_act(shown, 20, "remedy", unit, number=number))
        settled.append(shown + timedelta(days=draw.randint(1, 9)))
        acts.append(_act(settled[-1], 18, "accept", unit, number=number))
    acts.append(_act(working(max(settled), draw.randint(1, 14)), 19, "step", unit, step="closure"))
    return acts


def _act(day: date, hour: int, what: str, unit: str, **more: Any) -> Act:
    return Act(clock(day, f"{hour}:00", HOME) + more.get("number", 0) * 60_000, what, {"unit": unit, **more})
