"""What must hold for every plan: symmetries, monotonicity, and that not applicable is not zero."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scoring.domain.evaluate import Evaluation, evaluate
from shared.plan.model import Plan
from tests.services.scoring.domain.random_plans import YEAR, Case, cases
from tests.services.scoring.matrices import matrix
from tests.services.scoring.oracle import Cell
from tests.services.scoring.plans import goalposts, group, indicator, plan

relaxed = settings(
    max_examples=120,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
rows = st.lists(st.integers(-100, 100).map(float), min_size=2, max_size=12)


def by_unit(computed: Evaluation) -> dict[str, tuple[Any, ...]]:
    columns = (
        computed.full,
        computed.published,
        computed.ranking.rank,
        computed.band,
        computed.index.combined.coverage,
    )
    return {unit: tuple(row[at].item() for row in columns) for at, unit in enumerate(computed.cohort.units)}


def shares(method: dict[str, Any], values: list[float], **fields: Any) -> list[float]:
    one = plan(group("G", indicators=[indicator("X", method, **fields)]))
    units = {f"u{n:03}": "ALL" for n in range(len(values))}
    return list(evaluate(one, YEAR, matrix(one, units, {"X": np.array(values)})).leaves["X"].share.tolist())


@relaxed
@given(case=cases(), seed=st.randoms(use_true_random=False))
def test_the_order_of_units_changes_no_number(case: Case, seed: Any) -> None:
    names = [f"v{n}" for n in range(len(case.units))]
    seed.shuffle(names)
    renamed = dict(zip(case.units, names, strict=True))
    # Units with targets of their own keep their names' meaning only without overrides.
    stripped = case.plan.model_dump(mode="json")
    _strip(stripped["groups"])
    plain = replace(case, plan=Plan.model_validate(stripped))
    moved = Case(
        plain.plan,
        {renamed[unit]: group_ for unit, group_ in case.units.items()},
        {code: {renamed[unit]: cell for unit, cell in cells.items()} for code, cells in case.cells.items()},
    )
    before = by_unit(evaluate(plain.plan, YEAR, plain.inputs()))
    after = by_unit(evaluate(moved.plan, YEAR, moved.inputs()))
    for unit, row in before.items():
        np.testing.assert_equal(after[renamed[unit]], row)


def _strip(groups: list[dict[str, Any]]) -> None:
    for one in groups:
        for leaf in one["indicators"]:
            leaf["target_overrides"] = []
        _strip(one["groups"])


@relaxed
@given(case=cases())
def test_an_indicator_that_applies_to_nobody_changes_nothing(case: Case) -> None:
    document = case.plan.model_dump(mode="json")
    first = document["groups"][0]
    first["indicators"].append(Plan.model_validate(document).indicators()[0].model_dump(mode="json") | EXTRA)
    first["weight"] += 7.0 if first["aggregate"] == "points" else 0.0
    if document["scoring"]["aggregate"] == "points" and first["aggregate"] != "points":
        first["weight"] = case.plan.groups[0].weight
    wider = Case(
        Plan.model_validate(document), case.units, {**case.cells, "EXTRA": {unit: Cell("n/a") for unit in case.units}}
    )
    if case.plan.scoring.aggregate != "points" and first["aggregate"] == "points":
        return  # the group's own weight among its siblings has grown with its points: another plan
    before, after = (by_unit(evaluate(one.plan, YEAR, one.inputs())) for one in (case, wider))
    np.testing.assert_equal(after, before)


EXTRA = {
    "code": "EXTRA", "weight": 7.0, "method": goalposts(0, 1), "type": "number",
    "numerator": None, "denominator": None, "targets": {},
}  # fmt: skip


@relaxed
@given(values=rows, factor=st.integers(1, 9), shift=st.integers(-50, 50))
def test_scale_and_origin_of_the_values_do_not_matter_when_posts_move_with_them(
    values: list[float], factor: int, shift: int
) -> None:
    moved = [value * factor + shift for value in values]
    posts = goalposts(-40 * factor + shift, 60 * factor + shift)
    np.testing.assert_allclose(shares(posts, moved), shares(goalposts(-40, 60), values), atol=1e-12)
    method = {"kind": "zscore_minmax"}
    np.testing.assert_allclose(shares(method, moved), shares(method, values), atol=1e-12)


@relaxed
@given(values=rows)
def test_reflecting_values_and_direction_gives_the_same_shares(values: list[float]) -> None:
    mirrored = [-value for value in values]
    expected = shares(goalposts(-40, 60), values)
    np.testing.assert_allclose(shares(goalposts(-60, 40), mirrored, direction="lower"), expected, atol=1e-12)
    method = {"kind": "zscore_minmax"}
    np.testing.assert_allclose(shares(method, mirrored, direction="lower"), shares(method, values), atol=1e-12)


@relaxed
@given(
    table=st.lists(st.tuples(*[st.integers(1, 99)] * 3), min_size=1, max_size=8),
    aggregate=st.sampled_from(["points", "arithmetic", "geometric"]),
    rise=st.integers(1, 30),
)
def test_raising_a_value_never_lowers_the_own_index_nor_worsens_the_own_rank(
    table: list[tuple[int, ...]], aggregate: str, rise: int
) -> None:
    leaves = [indicator(f"X{n}", goalposts(0, 100), weight=n + 1.0) for n in range(3)]
    one = plan(group("G", aggregate=aggregate, weight=6, indicators=leaves))
    units = {f"u{n:03}": "ALL" for n in range(len(table))}
    values = {f"X{n}": np.array([row[n] for row in table], dtype=float) for n in range(3)}
    before = evaluate(one, YEAR, matrix(one, units, values))
    values["X1"][0] += rise
    after = evaluate(one, YEAR, matrix(one, units, values))
    assert after.full[0] >= before.full[0]
    assert after.ranking.rank[0] <= before.ranking.rank[0]


@relaxed
@given(case=cases(), factor=st.sampled_from([0.5, 4.0, 1024.0]))
def test_only_the_ratio_of_weights_matters(case: Case, factor: float) -> None:
    document = case.plan.model_dump(mode="json")

    def scale(groups: list[dict[str, Any]]) -> None:
        for one in groups:
            one["weight"] *= factor
            for leaf in one["indicators"]:
                leaf["weight"] *= factor
            scale(one["groups"])

    scale(document["groups"])
    scaled = replace(case, plan=Plan.model_validate(document))
    before, after = (by_unit(evaluate(one.plan, YEAR, one.inputs())) for one in (case, scaled))
    np.testing.assert_equal(after, before)


@relaxed
@given(case=cases())
def test_competition_ranks_have_at_least_r_units_up_to_rank_r(case: Case) -> None:
    computed = evaluate(case.plan, YEAR, case.inputs())
    everyone = case.plan.scoring.rank_within == "all"
    groups = [None] if everyone else sorted(set(case.units.values()))
    for name in groups:
        inside = [at for at, unit in enumerate(computed.cohort.units) if name in (None, case.units[unit])]
        ranks = [rank for rank in computed.ranking.rank[inside].tolist() if rank]
        assert all(sum(rank <= place for rank in ranks) >= place for place in ranks)
        assert not ranks or min(ranks) == 1


@relaxed
@given(case=cases())
def test_the_index_stays_between_the_smallest_and_largest_share(case: Case) -> None:
    computed = evaluate(case.plan, YEAR, case.inputs())
    top = max(1.0, *(getattr(leaf.indicator.method, "cap", 1.0) for leaf in computed.leaves.values()))
    assert all(math.isnan(index) or 0 <= index <= top for index in computed.full.tolist())
