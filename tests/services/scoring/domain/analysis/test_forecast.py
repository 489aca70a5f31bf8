"""Lateness: probabilities from a unit's own history, shrunk to its peers, and how good they have been."""

from __future__ import annotations

import numpy as np
import pytest

from services.scoring.domain.analysis.forecast import PRIOR, Forecast, ForecastParameters, calibration, history
from services.scoring.domain.ledger import Owed

DAY_MS = 86_400_000


def owed(unit: str, period: int, *, late: bool | None, group: str = "P", form: str = "F") -> Owed:
    """Due on day `period`; late None: not received."""
    timeliness = "" if late is None else "LATE" if late else "ON_TIME"
    return Owed(
        obligation=f"o-{form}-{unit}-{period}",
        plan_version="1",
        form=form,
        unit=unit,
        peer_group=group,
        period=f"{period}",
        period_end_ms=period * DAY_MS,
        due_at_ms=period * DAY_MS,
        outcome="PENDING" if late is None else "FULFILLED",
        timeliness=timeliness,
        returned_count=0,
        changed_at_ms=0,
    )


def told(ledger: list[Owed], day: int, **parameters: int) -> dict[str, float]:
    outcome = Forecast(ledger, ForecastParameters(**parameters), now_ms=day * DAY_MS).finish([])
    return {row[0]: row[5] for row in outcome.rows}


def test_the_formula_by_hand() -> None:
    ledger = [owed("u", n, late=n <= 3) for n in range(1, 5)] + [owed("v", n, late=False) for n in range(1, 7)]
    ledger += [owed("u", 20, late=None), owed("new", 20, late=None)]
    everyone = (3 + 0.5) / (10 + 1)
    peers = (3 + PRIOR * everyone) / (10 + PRIOR)
    found = told(ledger, 10)
    assert found["u"] == pytest.approx((3 + PRIOR * peers) / (4 + PRIOR))
    assert found["new"] == pytest.approx(peers), "without history the peers speak"


def test_a_long_history_overrules_the_peers() -> None:
    ledger = [owed("late", n, late=True) for n in range(1, 101)]
    ledger += [owed(f"v{k}", n, late=False) for k in range(9) for n in range(1, 101)]
    ledger += [owed("late", 200, late=None), owed("v1", 200, late=None)]
    found = told(ledger, 150)
    assert found["late"] > 0.9
    assert found["v1"] < 0.02


def test_what_is_overdue_counts_as_late_and_is_not_forecast() -> None:
    past, open_ = history([owed("u", 5, late=None), owed("u", 50, late=None), owed("u", 60, late=False)], 10 * DAY_MS)
    assert [(one.due_at_ms // DAY_MS, late) for one, late in past] == [(5, True), (60, False)]
    assert [one.due_at_ms // DAY_MS for one in open_] == [50]


def test_only_the_next_days_are_told() -> None:
    ledger = [owed("u", 20, late=None), owed("v", 40, late=None)]
    assert set(told(ledger, 10)) == {"u", "v"}
    assert set(told(ledger, 10, days=15)) == {"u"}


def test_forecasts_of_units_that_differ_are_better_than_the_rate() -> None:
    chance = np.random.default_rng(4)
    rates = {f"u{k:02}": rate for k, rate in enumerate(np.tile([0.05, 0.5, 0.9], 10))}
    ledger = [owed(unit, n, late=bool(chance.random() < rate)) for n in range(1, 25) for unit, rate in rates.items()]
    past, _ = history(ledger, 1000 * DAY_MS)
    found = calibration(past)
    assert found["forecasts"] == 30 * 23, "those of the first day have nothing before them"
    assert found["brier"] < found["brier_of_the_rate"]
    assert found["skill"] > 0.2
    for one in found["bins"]:
        assert abs(one["mean_probability"] - one["late"]) < 0.15


def test_nothing_is_forecast_from_what_came_later() -> None:
    ledger = [owed("u", 1, late=False), owed("u", 2, late=True)]
    past, _ = history(ledger, 100 * DAY_MS)
    assert calibration(past)["forecasts"] == 1
    assert calibration(past[:1]) == {
        "forecasts": 0,
        "brier": None,
        "brier_of_the_rate": None,
        "skill": None,
        "bins": [],
    }
