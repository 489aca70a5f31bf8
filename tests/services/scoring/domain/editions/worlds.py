"""Small years as plain inputs, computed without a store."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.editions.content import Content, content_of
from services.scoring.domain.inputs import Accepted, Sources
from services.scoring.domain.ledger import Owed
from shared.plan.load import plan_sha256
from shared.plan.model import Plan
from tests.services.scoring.plans import NAMES, goalposts, group, indicator, plan

YEAR = 2011
DAY_MS = 86_400_000
END_MS = 1_325_376_000_000
CODES = ("STAFF", "SITES", "FLAG")
Values = Mapping[str, float]
"""Indicator -> value of one unit."""


def small_plan(version: str = "1", **scoring: Any) -> Plan:
    """One number against posts, one against the best of the peers (so that every unit depends on the others)."""
    bands = [{"code": code, "names": NAMES, "at_least": low} for code, low in (("HI", 0.7), ("MID", 0.3), ("LO", 0))]
    leaves = [
        indicator("STAFF", goalposts(0, 100), weight=2.0),
        indicator("SITES", {"kind": "share_of_peer_max"}),
        indicator("FLAG", goalposts(0, 10)),
    ]
    pillar = group("PILLAR", indicators=leaves)
    return plan(
        pillar, peer_groups=("A", "B"), scoring={"aggregate": "arithmetic", "bands": bands, **scoring}, version=version
    )


def sources(units: Mapping[str, Values], *, shuffled: int = 0) -> Sources:
    """Every unit (its first letter is its peer group) with one annual report; `shuffled` seeds another order."""
    owed = [
        Owed(
            obligation=f"obligation-{unit}",
            plan_version="1",
            form="F-ANNUAL",
            unit=unit,
            peer_group=unit[0].upper(),
            period="2011",
            period_end_ms=END_MS,
            due_at_ms=END_MS + 10 * DAY_MS,
            outcome="FULFILLED",
            timeliness="ON_TIME",
            returned_count=0,
            changed_at_ms=END_MS,
        )
        for unit in units
    ]
    accepted = [
        Accepted(
            report=f"report-{unit}",
            obligation=f"obligation-{unit}",
            version=1,
            nil=False,
            received_at_ms=END_MS + DAY_MS,
            changed_at_ms=END_MS + DAY_MS,
            values=[{"indicator": code, "value": value} for code, value in values.items()],
        )
        for unit, values in units.items()
    ]
    order = random.Random(shuffled)
    order.shuffle(owed)
    order.shuffle(accepted)
    return Sources(tuple(owed), tuple(accepted))


def computed(units: Mapping[str, Values], *, of: Plan | None = None, shuffled: int = 0) -> Computation:
    made = of or small_plan()
    return compute(made, plan_sha256(made), YEAR, sources(units, shuffled=shuffled), END_MS + 30 * DAY_MS)


def content(units: Mapping[str, Values], *, of: Plan | None = None, number: int = 1, shuffled: int = 0) -> Content:
    computation = computed(units, of=of, shuffled=shuffled)
    return content_of(computation, code_version="c1", edition=f"edition-TEST-{YEAR}-{number}")


def some_units(count: int, seed: int = 1) -> dict[str, dict[str, float]]:
    luck = random.Random(seed)
    return {
        f"{'ab'[number % 2]}{number:03}": {"STAFF": luck.randint(0, 100), "SITES": luck.randint(1, 9), "FLAG": 5.0}
        for number in range(count)
    }
