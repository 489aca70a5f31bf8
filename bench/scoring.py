"""Whole evaluations against a bare numpy pass in the same run: `python -m bench.scoring [UNITS ...]`.

60 indicators in 6 pillars, 5 % missing, pillars demand 60 % of their weight, 4 peer groups, 4 decimals. For 1,000,
10,000 and 100,000 units prints the CPU and wall milliseconds of the bare pass (shares, weighted means, half-up,
competition ranks), of the engine with coverage rule, bands, ranks and contributions, of a what-if on weights as the API
answers it, and of rank intervals of 1,000 draws on two threads as a job computes them; each as a ratio to the bare
numpy that does the same, with the memory that it took at most. Last, 51 units x 49 indicators without gaps, where
COINr 1.1.14 takes 17.7 s for 1,000 draws.
"""

from __future__ import annotations

import resource
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.analysis.intervals import IntervalParameters, Intervals
from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.outcome import Outcome
from services.scoring.domain.analysis.prepare import prepare
from services.scoring.domain.analysis.slots import Uniform
from services.scoring.domain.analysis.variations import Case
from services.scoring.domain.analysis.what_if import WhatIfWeights, what_if_weights
from services.scoring.domain.annual import Reported
from services.scoring.domain.cells import Bools, Floats, Ints
from services.scoring.domain.contributions import contributions
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.inputs import Inputs, cohort_of
from shared.plan.model import Plan

PILLARS, PEER_GROUPS, DRAWS, DECIMALS = 6, 4, 1000, 4
COINR_SECONDS = 17.7
YEAR = 2011
NAMES = {"vi": "x", "en": "x"}
CUTS = (0.55, 0.5, 0.45, 0.0)


@dataclass(frozen=True, slots=True)
class Spent:
    """Least milliseconds of some runs."""

    cpu_ms: float
    wall_ms: float


def sample_plan(indicators: int) -> Plan:
    """Goalposts only: the cheapest method, so that the ratio shows what the engine adds."""
    leaves = [
        {
            "code": f"I{n:02}", "names": NAMES, "type": "number", "measure": "", "frequency": "annual", "time": "stock",
            "weight": 1.0 + n % 3, "method": {"kind": "min_max_goalposts", "low": 0, "high": 100}, "target_basis": "x",
        }
        for n in range(indicators)
    ]  # fmt: skip
    groups = [
        {
            "code": f"P{p}", "names": NAMES, "weight": 1.0, "aggregate": "arithmetic", "min_coverage": 0.6,
            "indicators": leaves[p::PILLARS],
        }
        for p in range(PILLARS)
    ]  # fmt: skip
    scoring = {
        "aggregate": "arithmetic", "missing": "reweight", "decimals": DECIMALS,
        "bands": [{"code": f"B{n}", "names": NAMES, "at_least": cut} for n, cut in enumerate(CUTS)],
    }  # fmt: skip
    return Plan.model_validate(
        {
            "schema_version": 1, "code": "BENCH", "version": "1", "names": NAMES,
            "effective": {"first": "2000-01-01"}, "scoring": scoring,
            "peer_groups": [{"code": f"G{n}", "names": NAMES} for n in range(PEER_GROUPS)], "groups": groups,
            "regimes": [{"code": "R"}],
            "forms": [{"code": "F", "names": NAMES, "frequency": "annual", "regime": "R", "tier": "t"}],
        }
    )  # fmt: skip


def sample_inputs(plan: Plan, values: Floats) -> Inputs:
    """One report of every unit; NaN is left out of it."""
    units = values.shape[1]
    cohort = cohort_of({f"u{at:06}": f"G{at % PEER_GROUPS}" for at in range(units)})
    reported = {}
    for indicator in plan.indicators():
        row = values[int(indicator.code[1:])]
        at = np.flatnonzero(np.isfinite(row))
        none = np.full(len(at), np.nan)
        end, kind = np.ones(len(at), dtype=np.int64), np.zeros(len(at), dtype=np.int8)
        reported[indicator.code] = Reported(at, end, kind, row[at], none, none)
    nothing = (np.zeros(units), np.zeros(units))
    counted = {"reports_on_time": nothing, "findings_remedied": nothing}
    return Inputs(cohort, reported, dict.fromkeys(reported, np.ones(units, dtype=np.int64)), counted)


class Bare:
    """The same arithmetic with nothing around it: one contiguous row per indicator, counting ranks."""

    def __init__(self, plan: Plan, values: Floats, peer: Ints) -> None:
        order = [int(indicator.code[1:]) for indicator in plan.indicators()]
        self.weights = np.array([indicator.weight for indicator in plan.indicators()])
        self.values = np.ascontiguousarray(values[order])
        self.peer = peer
        sizes = [len(group.indicators) for group in plan.groups]
        ends = np.cumsum(sizes)
        self.parts = [slice(int(end - size), int(end)) for size, end in zip(sizes, ends, strict=True)]
        self.share: Floats = np.zeros(0)
        self.has: Bools = np.zeros(0, dtype=bool)

    def shares(self) -> None:
        self.has = np.isfinite(self.values)
        self.share = np.where(self.has, np.clip(self.values / 100.0, 0, 1), 0.0)

    def index(self, weights: Floats) -> Floats:
        pillars = []
        for part in self.parts:
            w = weights[part, None]
            counted = (self.has[part] * w).sum(0)
            score = (self.share[part] * w).sum(0) / np.where(counted > 0, counted, 1.0)
            pillars.append(np.where(counted >= 0.6 * w.sum() - 1e-12, score, np.nan))
        return np.asarray(np.nanmean(pillars, axis=0))

    def ranks(self, index: Floats) -> Ints:
        q = np.floor(index * 10.0**DECIMALS + 0.5 + 1e-9).astype(np.int64)
        key = self.peer * 10_002 + q
        counts = np.bincount(key, minlength=10_002 * PEER_GROUPS).reshape(PEER_GROUPS, -1)
        better = counts.sum(axis=1, keepdims=True) - np.cumsum(counts, axis=1)
        return np.asarray(better.ravel()[key] + 1)

    def whole(self) -> Ints:
        """Shares, pillars, index, half-up, ranks, bands."""
        self.shares()
        index = self.index(self.weights)
        np.searchsorted(np.array(CUTS[::-1]), index, side="right")
        return self.ranks(index)


def spent(work: Callable[[], object], repeats: int) -> Spent:
    cpu = wall = float("inf")
    for _ in range(repeats):
        started, began = time.process_time(), time.perf_counter()
        work()
        wall = min(wall, (time.perf_counter() - began) * 1000)
        cpu = min(cpu, (time.process_time() - started) * 1000)
    return Spent(cpu, wall)


def at_most_mb(work: Callable[[], object]) -> float:
    """Megabytes that numpy and Python held at most while it ran, beyond what they held before."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def full(plan: Plan, inputs: Inputs) -> Evaluation:
    """Everything that a recomputation decides, with what every indicator brings to every unit."""
    evaluation = evaluate(plan, YEAR, inputs)
    contributions(evaluation.index)
    return evaluation


def intervals(case: Case) -> Outcome:
    """As a job computes them: steps on two threads."""
    parameters = IntervalParameters(draws=DRAWS, weights=Uniform(kind="uniform"))
    analysis = Intervals(case, parameters, run="bench")
    with ThreadPoolExecutor(2) as threads:
        return analysis.finish(list(threads.map(analysis.step, range(analysis.steps))))


def made(units: int, indicators: int, *, missing: float = 0.05) -> tuple[Plan, Inputs, Floats]:
    plan = sample_plan(indicators)
    chance = np.random.default_rng(7)
    values = chance.uniform(0, 100, (indicators, units))
    values[chance.random(values.shape) < missing] = np.nan
    return plan, sample_inputs(plan, values), values


def measure(units: int) -> None:
    plan, inputs, values = made(units, 60)
    bare = Bare(plan, values, inputs.cohort.peer)
    evaluation = full(plan, inputs)
    assert np.array_equal(evaluation.ranking.rank, bare.whole()), "the bare pass computes the same ranks"
    few = 3 if units > 50_000 else 10
    floor = spent(bare.whole, few)
    again = spent(lambda: bare.ranks(bare.index(bare.weights)), few)
    case = Case(evaluation, inputs)
    models = Models(case)
    asked = WhatIfWeights(weights={"": {"P0": 2.0}, "P3": {"I03": 9.0}}, units=("u000000",))
    what_if_weights(models, asked)
    print(f"\n{units:,} units x 60 indicators: bare pass {floor.cpu_ms:.1f} ms CPU, {floor.wall_ms:.1f} ms")
    row(
        "engine",
        spent(lambda: evaluate(plan, YEAR, inputs), few),
        floor.cpu_ms,
        at_most_mb(lambda: evaluate(plan, YEAR, inputs)),
    )
    row(
        "engine with contributions",
        spent(lambda: full(plan, inputs), few),
        floor.cpu_ms,
        at_most_mb(lambda: full(plan, inputs)),
    )
    row("preparing other weights", spent(lambda: prepare(evaluation), few), floor.cpu_ms)
    row("what-if on weights", spent(lambda: what_if_weights(models, asked), 10), again.cpu_ms)
    once = spent(lambda: intervals(case), 1)
    row(f"{DRAWS:,} draws, intervals", once, again.cpu_ms * DRAWS)
    print(f"  {'resident at most':34} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:9.0f} MB")


def row(name: str, cost: Spent, floor_ms: float, megabytes: float | None = None) -> None:
    memory = "" if megabytes is None else f", {megabytes:6.0f} MB"
    print(f"  {name:34} {cost.cpu_ms:9.1f} ms CPU {cost.wall_ms:9.1f} ms  {cost.cpu_ms / floor_ms:7.2f} x bare{memory}")


def small() -> None:
    plan, inputs, _ = made(51, 49, missing=0.0)
    case = Case(evaluate(plan, YEAR, inputs), inputs)
    intervals(case)
    cost = spent(lambda: intervals(case), 5)
    times = COINR_SECONDS * 1000 / cost.wall_ms
    print(
        f"\n51 units x 49 indicators, {DRAWS:,} draws: {cost.wall_ms:.0f} ms, {times:.0f} x faster than COINr's 17.7 s"
    )


def main() -> None:
    for units in [int(given) for given in sys.argv[1:]] or (1_000, 10_000, 100_000):
        measure(units)
    small()


if __name__ == "__main__":
    main()
