"""Pace: what was reached against the share of the year that has passed."""

from __future__ import annotations

import numpy as np
import pytest

from services.scoring.domain.computation import compute
from services.scoring.domain.evaluate import evaluate
from services.scoring.domain.inputs import Accepted, Sources
from services.scoring.domain.ledger import Owed
from services.scoring.domain.pace import Progress, pace_contents, pace_of, paces
from tests.services.scoring.domain.test_inputs import owed
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import group, indicator, plan, quotient
from tests.services.scoring.world import small_plan

YEAR = 2011
TARGET = {"kind": "linear_to_target"}


def mailed(owed: Owed) -> Accepted:
    values = [{"indicator": "MAIL", "numerator": 50.0, "denominator": 100.0}]
    return Accepted(f"report-{owed.obligation}", owed.obligation, 1, False, 1, 1, values)


def pace_ratios(leaf: dict[str, object], value: float, due: int) -> tuple[float, float]:
    made = plan(group("G", indicators=[leaf]))
    inputs = matrix(made, {"u": "ALL"}, {"I": np.array([value])})
    progress = Progress({"I": np.array([due])}, {"I": np.zeros(1, dtype=np.int64)})
    found = paces(evaluate(made, YEAR, inputs).leaves["I"], progress, np.arange(1))
    return float(found.expected[0]), float(found.ratio[0])


def test_what_accumulates_is_held_against_the_part_of_the_year() -> None:
    leaf = indicator("I", TARGET, type="count", frequency="quarterly", time="flow", targets={YEAR: 100})
    assert pace_ratios(leaf, 24.0, 1) == (0.25, 0.96)
    assert pace_ratios(leaf, 24.0, 2) == (0.5, 0.48)
    assert pace_ratios(leaf, 24.0, 4) == (1.0, 0.24)


def test_what_does_not_accumulate_is_held_against_its_whole_target() -> None:
    leaf = indicator("I", TARGET, frequency="quarterly", time="stock", targets={YEAR: 100})
    assert pace_ratios(leaf, 80.0, 1) == (1.0, 0.8)


def test_lower_is_better_is_the_other_way_round() -> None:
    leaf = indicator(
        "I", {"kind": "lower_is_better", "worst": 90.0}, frequency="quarterly", time="stock", targets={YEAR: 30}
    )
    assert pace_ratios(leaf, 40.0, 2) == (1.0, 0.75)


def test_nothing_due_or_no_target_has_no_pace() -> None:
    leaf = indicator("I", TARGET, frequency="quarterly", time="stock", targets={YEAR: 100})
    assert np.isnan(pace_ratios(leaf, 80.0, 0)[1])
    other = indicator("I", TARGET, frequency="quarterly", time="stock", targets={YEAR + 1: 100})
    assert np.isnan(pace_ratios(other, 80.0, 4)[1])


@pytest.mark.parametrize(
    ("ratio", "word"),
    [
        (0.95, "on_track"),
        (2.0, "on_track"),
        (0.9499, "lagging"),
        (0.75, "lagging"),
        (0.7499, "at_risk"),
        (0.0, "at_risk"),
    ],
)
def test_the_limits_are_inclusive(ratio: float, word: str) -> None:
    assert pace_of(ratio) == word


def test_units_are_told_with_counts() -> None:
    leaves = [
        quotient("A", TARGET, targets={YEAR: 1.0}),
        indicator("B", TARGET, targets={YEAR: 10.0}),
    ]
    made = plan(group("G", indicators=leaves))
    inputs = matrix(
        made,
        {"u1": "ALL", "u2": "ALL"},
        {"B": np.array([10.0, np.nan])},
        parts={"A": (np.array([5.0, 9.0]), np.array([10.0, 10.0]))},
    )
    progress = Progress(inputs.due, {"A": np.array([0, 0]), "B": np.array([0, 2])})
    first, second = pace_contents(evaluate(made, YEAR, inputs), progress, np.arange(2))
    assert (first["unit"], first["on_track"], first["at_risk"]) == ("u1", 1, 1)
    assert [(one["code"], one["pace"]) for one in second["indicators"]] == [("A", "lagging"), ("B", "stale")]
    assert (second["lagging"], second["stale"]) == (1, 1)


def test_two_periods_due_without_a_report_at_the_end_are_stale_and_earlier_ones_are_not() -> None:
    made = small_plan()
    found = {}
    for reported in ((0, 1, 2, 3), (0, 1, 3), (0, 1), (3,)):
        ledger = tuple(owed("u", n, peer_group="A") for n in range(4))
        sources = Sources(ledger, tuple(mailed(ledger[n]) for n in reported))
        computed = compute(made, "sha", YEAR, sources, 10_000)
        found[reported] = int(computed.progress.silent["MAIL"][0])
        assert (computed.units()[0]["indicators"][0]["pace"]["verdict"] == "stale") is (reported == (0, 1))
    assert found == {(0, 1, 2, 3): 0, (0, 1, 3): 0, (0, 1): 2, (3,): 0}


def test_a_pace_is_told_until_the_evaluation_is_sealed() -> None:
    ledger = (owed("u", 0, peer_group="A"),)
    sources = Sources(ledger, (mailed(ledger[0]),))
    open_, sealed = (compute(small_plan(), "sha", YEAR, sources, 10_000, phase=at) for at in ("APPRAISAL", "SEALED"))
    assert open_.units()[0]["indicators"][0]["pace"] == {"ratio": 0.625, "verdict": "at_risk"}
    assert "pace" not in sealed.units()[0]["indicators"][0]
