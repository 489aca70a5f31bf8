"""Skewed rows: when they are treated, how, and that the fast sums are those of the treated row."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.scoring.domain.cells import Floats
from services.scoring.domain.outliers import passes, treated
from tests.services.scoring.domain.columns import flagged, leaf

TREAT = {"kind": "minmax", "outliers": "treat"}


def bulk(n: int, *far: float) -> Floats:
    """Values that spread evenly over [0, 1], and a few that are far."""
    return np.sort(np.concatenate([np.linspace(0, 1, n), np.array(far)]))


def shape(row: Floats) -> tuple[float, float]:
    """Skewness and excess kurtosis of a sample, by their definition."""
    n, apart = len(row), row - row.mean()
    m2, m3, m4 = ((apart**p).mean() for p in (2, 3, 4))
    return (
        math.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5,
        ((n + 1) * (m4 / m2**2 - 3) + 6) * (n - 1) / ((n - 2) * (n - 3)),
    )


def test_a_row_without_outliers_is_left_as_it_is() -> None:
    done = treated(bulk(50))
    assert (done["low"], done["high"], done["bend"]) == (0, 1, 0)
    assert (done["winsorised_low"], done["winsorised_high"]) == (0, 0)


@pytest.mark.parametrize("far", [(900.0,), (900.0, 1e9), (-900.0,), (-900.0, 90000.0), (1e15,)])
def test_few_outliers_are_pulled_in_until_the_row_passes(far: tuple[float, ...]) -> None:
    row = bulk(60, *far)
    done = treated(row)
    assert (done["skewness"], done["kurtosis"]) == pytest.approx(shape(row), rel=1e-6)
    assert not passes(done["skewness"], done["kurtosis"])
    assert (done["bend"], done["low"], done["high"]) == (0, 0, 1)
    assert done["winsorised_low"] == sum(v < 0 for v in far)
    assert done["winsorised_high"] == sum(v > 0 for v in far)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_many_outliers_are_logged(side: float) -> None:
    row = np.sort(side * np.exp(np.linspace(0, 60, 60)))
    done = treated(row)
    assert done["bend"] == side
    assert (done["low"], done["high"]) == (row[0], row[-1])
    shares = leaf(TREAT, row.tolist()).share
    R = row[-1] - row[0]
    logs = np.log(row - row[0] + 0.01 * R) if side > 0 else -np.log(row[-1] + 0.01 * R - row)
    np.testing.assert_allclose(shares, (logs - logs[0]) / (logs[-1] - logs[0]), atol=1e-12)


def test_a_row_that_winsorising_would_make_constant_is_logged() -> None:
    done = treated(np.array([3.0] * 9 + [90.0]))
    assert (done["bend"], done["low"], done["high"]) == (1, 3, 90)


def test_one_percent_of_a_large_row_may_be_pulled_in() -> None:
    row = bulk(5000, *np.linspace(50, 60, 45))
    done = treated(row)
    assert done["bend"] == 0
    assert 5 < done["winsorised_high"] <= 50
    pulled = np.minimum(row, done["high"])
    assert passes(*shape(pulled))
    before = np.minimum(row, row[len(row) - int(done["winsorised_high"])])
    assert not passes(*shape(before)), "one less would not have done"


def test_the_row_is_treated_alike_on_any_scale() -> None:
    row = bulk(40, 70.0)
    plain, large, far = treated(row), treated(row * 1e300), treated(row * 1e3 + 1e9)
    assert plain["winsorised_high"] == large["winsorised_high"] == far["winsorised_high"] == 1


def test_what_was_treated_is_logged_cell_by_cell() -> None:
    found = leaf(TREAT, [*np.linspace(0, 1, 30).tolist(), 500.0])
    assert flagged(found, "winsorised") == flagged(found, "clipped") == [30]
    assert found.share[30] == 1
    assert found.column.value[30] == 500, "the value stays what it was"
    assert found.posts[""]["winsorised_high"] == 1
    assert flagged(leaf(TREAT, np.exp(np.linspace(0, 60, 60)).tolist()), "logged") == list(range(60))
