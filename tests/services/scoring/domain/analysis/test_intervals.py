"""Rank intervals: reproducible, resumable, sure where nothing varies, fair to units that are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from services.scoring.domain.analysis.disturbed import imputed, noisy
from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.analysis.encoded import decoded, encoded
from services.scoring.domain.analysis.intervals import IntervalParameters, Intervals
from services.scoring.domain.analysis.outcome import Outcome, Part
from services.scoring.domain.analysis.ranking import kendall_tau, spread
from services.scoring.domain.analysis.slots import Uniform
from services.scoring.domain.analysis.variations import Case, Switch, moved_posts
from services.scoring.domain.cells import Status
from services.scoring.domain.evaluate import evaluate
from shared.refusal import Refusal
from tests.services.scoring.domain.analysis.cases import YEAR, case
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import goalposts, group, indicator, plan

UNIFORM = Uniform(kind="uniform")


def parts_of(analysis: Intervals) -> list[Part]:
    return [analysis.step(number) for number in range(analysis.steps)]


def run(given: Case, name: str = "run", **parameters: Any) -> Outcome:
    analysis = Intervals(given, IntervalParameters(**parameters), run=name)
    return analysis.finish(parts_of(analysis))


def rows(outcome: Outcome) -> list[dict[str, Any]]:
    return [dict(zip(outcome.columns, row, strict=True)) for row in outcome.rows]


def test_a_thousand_draws_replay_bit_for_bit() -> None:
    given = case(units=30, missing=0.2)
    parameters = IntervalParameters(draws=1000, weights=UNIFORM)
    first, again = (parts_of(Intervals(given, parameters, run="replay")) for _ in range(2))
    assert all(a[name].tobytes() == b[name].tobytes() for a, b in zip(first, again, strict=True) for name in a)
    other = parts_of(Intervals(given, parameters, run="another"))
    assert any(a["ranks"].tobytes() != b["ranks"].tobytes() for a, b in zip(first, other, strict=True))


def test_resuming_from_kept_steps_in_any_order_equals_one_go() -> None:
    given = case(units=25, missing=0.2)
    parameters = IntervalParameters(draws=410, weights=UNIFORM, alternatives=(Switch(), Switch(mean="geometric")))
    whole = Intervals(given, parameters, run="r")
    expected = whole.finish(parts_of(whole))
    kept = {number: decoded(encoded(whole.step(number))) for number in (3, 0)}
    resumed = Intervals(given, parameters, run="r")
    for number in reversed(range(resumed.steps)):
        kept.setdefault(number, resumed.step(number))
    assert resumed.finish([kept[number] for number in range(resumed.steps)]) == expected


def test_without_uncertainty_every_interval_is_the_rank() -> None:
    for row in rows(run(case(missing=0.2), draws=50)):
        assert row["rank_low"] == row["rank_median"] == row["rank_high"] == row["rank_mean"] == row["rank"]
        assert (row["rank_sd"], row["unranked"]) == (0, 0)


def test_probabilities_are_those_of_the_draws() -> None:
    given = case(units=8)
    outcome = run(given, draws=200, weights=UNIFORM, top=(1, 8))
    told = rows(outcome)
    assert sum(row["top_1"] for row in told) >= 1
    assert all(row["top_8"] == 1 for row in told)
    for row in told:
        assert sum(row[f"band_{code}"] for code in ("HI", "MID", "LO")) == pytest.approx(1, abs=1e-5)
        assert row["rank_low"] <= row["rank_median"] <= row["rank_high"]
    assert outcome.summary["mean_rank_shift"] > 0
    assert 0 < outcome.summary["kendall_tau"] < 1


def test_units_that_are_alike_have_like_probabilities_and_are_tied() -> None:
    made = plan(
        group("A", indicators=[indicator("IA", goalposts(0, 100))]),
        group("B", indicators=[indicator("IB", goalposts(0, 100))]),
        scoring={"aggregate": "arithmetic", "rank_within": "all"},
    )
    values = {"IA": np.array([60.0, 40.0, 90.0]), "IB": np.array([40.0, 60.0, 95.0])}
    inputs = matrix(made, {"u1": "ALL", "u2": "ALL", "u3": "ALL"}, values)
    outcome = run(Case(evaluate(made, YEAR, inputs), inputs), draws=4000, weights=UNIFORM, top=(2,))
    one, other, best = rows(outcome)
    assert one["top_2"] == pytest.approx(other["top_2"], abs=0.03)
    assert (best["rank_low"], best["rank_high"]) == (1, 1)
    pairs = {(pair["unit"], pair["other"]): pair for pair in outcome.summary["pairs"]}
    assert pairs["u1", "u2"]["tied"]
    assert pairs["u1", "u2"]["above"] == pytest.approx(0.5, abs=0.03)
    assert not pairs["u3", "u1"]["tied"]
    assert pairs["u3", "u1"]["above"] == 1


def test_overlapping_intervals_of_ranks_do_not_make_a_tie() -> None:
    """What moves one moves the other too: the difference is sure, though both ranks are not."""
    made = plan(
        *(group(code, indicators=[indicator(f"I{code}", goalposts(0, 100))]) for code in "AB"),
        scoring={"aggregate": "arithmetic", "rank_within": "all"},
    )
    values = {"IA": np.array([80.0, 79.0, 50.0, 50.5]), "IB": np.array([20.0, 19.0, 50.0, 49.0])}
    inputs = matrix(made, {f"u{n}": "ALL" for n in range(4)}, values)
    outcome = run(Case(evaluate(made, YEAR, inputs), inputs), draws=500, weights=UNIFORM, pairs=(("u0", "u1"),))
    first, second, *_ = rows(outcome)
    assert first["rank_high"] >= second["rank_low"], "the intervals overlap"
    assert not outcome.summary["pairs"][0]["tied"]


def test_units_not_in_the_evaluation_are_refused() -> None:
    with pytest.raises(Refusal, match="nobody"):
        Intervals(case(), IntervalParameters(pairs=(("u0000", "nobody"),)), run="r")


def test_more_ranks_than_memory_is_meant_for_are_refused() -> None:
    with pytest.raises(Refusal, match="draws of so many units"):
        Intervals(case(units=20_001, pillars=1, leaves=1), IntervalParameters(draws=10_000), run="r")


def test_quantiles_are_numpys_and_the_unranked_are_left_out() -> None:
    ranks = np.random.default_rng(2).integers(1, 9, (41, 6)).astype(np.int32)
    found = spread([ranks[:20], ranks[20:]], (0.05, 0.5, 0.95))
    np.testing.assert_allclose(found.quantiles, np.quantile(ranks, (0.05, 0.5, 0.95), axis=0))
    np.testing.assert_allclose(found.mean, ranks.mean(axis=0))
    np.testing.assert_allclose(found.sd, ranks.std(axis=0))
    ranks[3:10, 0] = 0
    ranks[:, 1] = 0
    found = spread([ranks], (0.5,))
    assert found.quantiles[0, 0] == np.median(ranks[ranks[:, 0] > 0, 0])
    assert (found.unranked[0], found.unranked[1]) == (7 / 41, 1)
    assert np.isnan(found.quantiles[0, 1])


def test_kendalls_tau_of_orders_whose_tau_is_known() -> None:
    order = np.arange(1, 6)
    assert kendall_tau(order, order) == 1
    assert kendall_tau(order, order[::-1].copy()) == -1
    assert kendall_tau(order, np.array([2, 1, 3, 4, 5])) == pytest.approx(0.8)


def noisy_case(*, sd: float) -> Case:
    leaves = [
        indicator("FLOW", goalposts(0, 1000), frequency="quarterly", time="flow", type="count", noise_sd=sd),
        indicator("OTHER", goalposts(0, 100)),
    ]
    made = plan(group("G", indicators=leaves), scoring={"aggregate": "arithmetic", "rank_within": "all"})
    values = {"FLOW": np.array([100.0, 900.0, 5.0]), "OTHER": np.array([50.0, 50.0, np.nan])}
    inputs = matrix(made, {"u1": "ALL", "u2": "ALL", "u3": "ALL"}, values)
    return Case(evaluate(made, YEAR, inputs), inputs)


def test_noise_moves_the_annual_value_by_its_declared_error_and_stays_in_its_domain() -> None:
    given = noisy_case(sd=20.0)
    draws = Draws("noise")
    found = np.array([given.again(inputs=noisy(given, draws, n)).leaves["FLOW"].column.value for n in range(400)])
    assert abs(found[:, 1].std() - 20) < 2
    assert abs(found[:, 1].mean() - 900) < 4
    assert found.min() >= 0, "a count does not become negative"
    others = given.again(inputs=noisy(given, draws, 0)).leaves["OTHER"].column.value
    np.testing.assert_array_equal(others, given.evaluation.leaves["OTHER"].column.value)


def test_imputation_takes_the_reports_of_a_peer() -> None:
    given = noisy_case(sd=0.0)
    seen = set()
    for number in range(20):
        leaf = given.again(inputs=imputed(given, Draws("hot deck"), number)).leaves["OTHER"]
        assert leaf.status[2] == Status.OBSERVED
        seen.add(float(leaf.column.value[2]))
    assert seen == {50.0}


def test_everything_at_once_varies_and_replays() -> None:
    given = noisy_case(sd=30.0)
    parameters: dict[str, Any] = {
        "draws": 40,
        "weights": UNIFORM,
        "posts": 0.1,
        "noise": True,
        "imputation": True,
        "alternatives": (Switch(), Switch(mean="geometric"), Switch(normaliser="percentile"), Switch(missing="zero")),
    }
    first, again = run(given, **parameters), run(given, **parameters)
    assert first == again
    assert first.summary["mean_rank_shift"] >= 0


def test_moved_posts_stay_in_order() -> None:
    for number in range(50):
        changed = moved_posts(case().plan, 0.49, Draws("posts"), number)
        for one in changed.indicators():
            assert one.method.kind == "min_max_goalposts"
            assert one.method.low < one.method.high


def test_nobody_rated_and_a_single_unit_are_answered() -> None:
    given = case(units=3, missing=1.0)
    assert all(row["rank"] is None and row["unranked"] == 1 for row in rows(run(given, draws=20, weights=UNIFORM)))
    [only] = rows(run(case(units=1), draws=20, weights=UNIFORM))
    assert (only["rank"], only["rank_low"], only["rank_high"]) == (1, 1, 1)
