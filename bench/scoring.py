"""Whole evaluations against a bare numpy pass in the same run: `python -m bench.scoring`.

Prints, for 1,000 and 10,000 units x 26 indicators in 5 pillars with 5 % missing, the CPU milliseconds of the bare pass
(shares, weighted means, half-up, competition ranks), of the engine, of the engine with contributions, and of the engine
from ledger and reports as they stand in the store; each as a ratio to the bare pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from services.scoring.domain.cells import Floats
from services.scoring.domain.computation import compute
from services.scoring.domain.contributions import contributions
from services.scoring.domain.evaluate import evaluate
from services.scoring.domain.inputs import Accepted, Inputs, Sources, gather
from services.scoring.domain.ledger import Owed
from shared.plan.model import Plan

INDICATORS, PILLARS, PEER_GROUPS = 26, 5, 4
NAMES = {"vi": "x", "en": "x"}


def sample_plan() -> Plan:
    """Goalposts only: the cheapest method, so that the ratio shows what the engine adds."""
    leaves = [
        {
            "code": f"I{n:02}", "names": NAMES, "type": "number", "measure": "", "frequency": "annual", "time": "stock",
            "weight": 1.0 + n % 3, "method": {"kind": "min_max_goalposts", "low": 0, "high": 100}, "target_basis": "x",
        }
        for n in range(INDICATORS)
    ]  # fmt: skip
    groups = [
        {"code": f"P{p}", "names": NAMES, "weight": 1.0, "aggregate": "arithmetic", "indicators": leaves[p::PILLARS]}
        for p in range(PILLARS)
    ]
    return Plan.model_validate(
        {
            "schema_version": 1, "code": "BENCH", "version": "1", "names": NAMES,
            "effective": {"first": "2000-01-01"}, "scoring": {"aggregate": "arithmetic", "missing": "reweight"},
            "peer_groups": [{"code": f"G{n}", "names": NAMES} for n in range(PEER_GROUPS)], "groups": groups,
            "regimes": [{"code": "R"}],
            "forms": [{"code": "F", "names": NAMES, "frequency": "annual", "regime": "R", "tier": "t"}],
        }
    )  # fmt: skip


def sample_sources(values: Floats) -> Sources:
    """One obligation and one report for every unit; NaN is left out of the report."""
    obligations, accepted = [], []
    for at, row in enumerate(values.T.tolist()):
        unit, group = f"u{at:06}", f"G{at % PEER_GROUPS}"
        obligations.append(
            Owed(f"obligation-{unit}", "1", "F", unit, group, "2011", 1, 2, "FULFILLED", "ON_TIME", 0, 1)
        )
        cells = [{"indicator": f"I{n:02}", "status": "reported", "value": v} for n, v in enumerate(row) if v == v]  # noqa: PLR0124
        accepted.append(Accepted(f"report-{unit}", f"obligation-{unit}", 1, False, 1, 1, cells))
    return Sources(tuple(obligations), tuple(accepted))


def bare(values: Floats, weights: Floats, peer: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    """The same arithmetic with nothing around it."""
    has = np.isfinite(values)
    share = np.where(has, np.clip(values / 100.0, 0, 1), 0.0)
    pillars = []
    for p in range(PILLARS):
        w = weights[p::PILLARS, None]
        pillars.append((share[p::PILLARS] * w).sum(0) / (has[p::PILLARS] * w).sum(0))
    index = np.mean(pillars, axis=0)
    q = np.floor(index * 1e4 + 0.5 + 1e-9).astype(np.int64)
    rank = np.empty_like(q)
    for g in range(PEER_GROUPS):
        inside = peer == g
        counts = np.bincount(q[inside], minlength=10_002)
        rank[inside] = inside.sum() - np.cumsum(counts)[q[inside]] + 1
    return np.asarray(rank, dtype=np.float64)


def cpu_ms(work: Callable[[], object], repeats: int) -> float:
    """Least CPU milliseconds of some runs."""
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        work()
        best = min(best, (time.process_time() - started) * 1000)
    return best


def measure(units: int) -> None:
    plan = sample_plan()
    chance = np.random.default_rng(7)
    values = chance.uniform(0, 100, (INDICATORS, units))
    values[chance.random(values.shape) < 0.05] = np.nan
    sources = sample_sources(values)
    inputs: Inputs = gather(plan, sources, 10)
    weights = np.array([indicator.weight for indicator in sorted(plan.indicators(), key=lambda i: i.code)])
    ranks = bare(values, weights, inputs.cohort.peer)
    assert np.array_equal(evaluate(plan, 2011, inputs).ranking.rank, ranks), "the bare pass computes the same ranks"
    floor = cpu_ms(lambda: bare(values, weights, inputs.cohort.peer), 30)
    rows = {
        "engine": cpu_ms(lambda: evaluate(plan, 2011, inputs), 15),
        "engine with contributions": cpu_ms(lambda: contributions(evaluate(plan, 2011, inputs).index), 15),
        "from ledger and reports": cpu_ms(lambda: compute(plan, "x", 2011, sources, 10), 3),
        "from ledger to announced content": cpu_ms(lambda: compute(plan, "x", 2011, sources, 10).units(), 3),
    }
    print(f"{units} units x {INDICATORS} indicators: bare numpy {floor:.2f} ms")
    for name, spent in rows.items():
        print(f"  {name:34} {spent:9.2f} ms  {spent / floor:7.1f} x bare, {spent / units * 1000:7.2f} us a unit")


def main() -> None:
    for units in (1_000, 10_000):
        measure(units)


if __name__ == "__main__":
    main()
