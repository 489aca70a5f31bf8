"""The engine agrees with a slow evaluation in exact fractions, for random plans with every method and policy."""

from __future__ import annotations

import math

from hypothesis import HealthCheck, given, settings

from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.contributions import contributions
from services.scoring.domain.evaluate import evaluate
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.summary import LABELS
from tests.services.scoring import oracle
from tests.services.scoring.domain.random_plans import YEAR, Case, cases

relaxed = settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def close(found: float, expected: float | None) -> bool:
    return math.isnan(found) if expected is None else math.isclose(found, expected, rel_tol=1e-10, abs_tol=1e-12)


@relaxed
@given(case=cases())
def test_every_number_agrees_with_exact_fractions(case: Case) -> None:
    computed = evaluate(case.plan, YEAR, case.inputs())
    expected = oracle.evaluate(case.plan, YEAR, case.units, case.cells)
    for at, unit in enumerate(computed.cohort.units):
        want = expected[unit]
        assert {code: LABELS[leaf.status[at]] for code, leaf in computed.leaves.items()} == want.statuses
        for code, leaf in computed.leaves.items():
            assert close(leaf.share[at], want.shares[code]), (unit, code)
        assert close(computed.full[at], want.index), unit
        assert close(computed.published[at], want.published), unit
        assert close(computed.index.combined.coverage[at], want.coverage), unit


@relaxed
@given(case=cases())
def test_ranks_and_bands_follow_from_the_values_by_definition(case: Case) -> None:
    computed = evaluate(case.plan, YEAR, case.inputs())
    scoring = case.plan.scoring
    value = (computed.published if scoring.rank_on == "published" else computed.full).tolist()
    for at, unit in enumerate(computed.cohort.units):
        everyone = scoring.rank_within == "all"
        peers = [
            v
            for v, u in zip(value, computed.cohort.units, strict=True)
            if everyone or case.units[u] == case.units[unit]
        ]
        rated = [v for v in peers if not math.isnan(v)]
        rank = UNRANKED if math.isnan(value[at]) else 1 + sum(v > value[at] for v in rated)
        assert computed.ranking.rank[at] == rank
        assert computed.ranking.ranked[at] == len(rated)
        shown = computed.published[at]
        bands = [number for number, band in enumerate(scoring.bands) if shown >= band.at_least]
        assert computed.band[at] == (bands[0] if bands else NOT_RATED)


@relaxed
@given(case=cases())
def test_contributions_sum_to_the_index(case: Case) -> None:
    computed = evaluate(case.plan, YEAR, case.inputs())
    brought = contributions(computed.index)
    for at, unit in enumerate(computed.cohort.units):
        total = sum(brought[code][at] for code in computed.leaves)
        index = 0.0 if math.isnan(computed.full[at]) else computed.full[at]
        assert math.isclose(total, index, rel_tol=1e-12, abs_tol=1e-12), unit
