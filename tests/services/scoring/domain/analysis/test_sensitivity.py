"""Sobol' points and Jansen's indices, on functions whose indices are known."""

from __future__ import annotations

import numpy as np
import pytest

from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.analysis.jansen import design
from services.scoring.domain.analysis.outcome import Outcome
from services.scoring.domain.analysis.sobol import Sobol, SobolParameters
from services.scoring.domain.analysis.sobol_numbers import DIRECTIONS
from services.scoring.domain.analysis.sobol_points import DIMENSIONS_MAX, sobol_points
from services.scoring.domain.cells import Floats
from shared.refusal import Refusal
from tests.services.scoring.domain.analysis.cases import case


def ishigami(points: Floats) -> Floats:
    x = np.pi * (2 * points - 1)
    return np.asarray(np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def test_every_dimension_is_a_net_however_it_is_scrambled() -> None:
    """Of 2^m points each interval [k 2^-m, (k + 1) 2^-m) holds exactly one."""
    for run in ("a", "b"):
        points = sobol_points(256, DIMENSIONS_MAX, Draws(run))
        for dimension in range(DIMENSIONS_MAX):
            assert sorted(np.floor(points[:, dimension] * 256).astype(int).tolist()) == list(range(256))


def test_pairs_of_dimensions_fill_the_square_evenly() -> None:
    points = sobol_points(1024, 12, Draws("square"))
    for one in range(12):
        for other in range(one):
            cells = np.floor(points[:, [one, other]] * 4).astype(int) @ np.array([4, 1])
            assert np.bincount(cells, minlength=16).tolist() == [64] * 16


def test_direction_numbers_are_odd_and_small_and_their_polynomials_primitive() -> None:
    for polynomial, first in DIRECTIONS:
        degree = polynomial.bit_length() - 1
        assert len(first) == degree
        assert all(m % 2 == 1 and m < 2 ** (k + 1) for k, m in enumerate(first))
        assert order_of_x(polynomial) == 2**degree - 1


def order_of_x(polynomial: int) -> int:
    """The least n > 0 with x^n = 1 modulo the polynomial over GF(2)."""
    degree = polynomial.bit_length() - 1
    power, found = 2 if degree > 1 else 1, 1
    while power != 1:
        power <<= 1
        if power >> degree & 1:
            power ^= polynomial
        found += 1
    return found


def test_indices_of_the_ishigami_function_are_found() -> None:
    """Ishigami and Homma (1990), a = 7, b = 0.1: S = 0.3139, 0.4424, 0; S_T = 0.5576, 0.4424, 0.2437."""
    found = design(ishigami, factors=3, rows=4096, draws=Draws("ishigami"))
    np.testing.assert_allclose(found.first, [0.3139, 0.4424, 0.0], atol=0.02)
    np.testing.assert_allclose(found.total, [0.5576, 0.4424, 0.2437], atol=0.02)
    assert found.variance == pytest.approx(13.8446, rel=0.02)
    assert (found.first_low <= found.first).all()
    assert (found.total <= found.total_high).all()
    assert (found.total_high - found.total_low < 0.08).all()


def test_an_additive_function_has_no_interactions() -> None:
    found = design(lambda x: x @ np.array([1.0, 2.0, 4.0]), factors=3, rows=1024, draws=Draws("additive"))
    np.testing.assert_allclose(found.first, np.array([1, 4, 16]) / 21, atol=0.02)
    np.testing.assert_allclose(found.total, found.first, atol=0.02)


def run(**parameters: object) -> Outcome:
    analysis = Sobol(case(units=15, missing=0.1), SobolParameters.model_validate(parameters), run="s")
    return analysis.finish([analysis.step(number) for number in range(analysis.steps)])


def test_factors_are_the_weights_and_the_switches() -> None:
    outcome = run(rows=64, means=["geometric"], missing=["zero"])
    names = [factor["factor"] for factor in outcome.summary["factors"]]
    assert names == ["weight:P0", "weight:P1", "weight:P2", "inside:P0", "inside:P1", "inside:P2", "mean", "missing"]
    shown = [factor["total_shown"] for factor in outcome.summary["factors"]]
    assert all(0 <= value <= 1 for value in shown)
    assert max(shown) == shown[names.index("missing")] or max(shown) == shown[names.index("mean")]
    assert outcome.summary["runs"] == 64 * 10
    assert len(outcome.rows) == 15
    assert run(rows=64, means=["geometric"], missing=["zero"]) == outcome


def test_a_choice_that_changes_nothing_explains_nothing() -> None:
    outcome = run(rows=64, inside=False, means=["arithmetic"])
    mean = outcome.summary["factors"][-1]
    assert (mean["factor"], mean["total"]) == ("mean", 0)


def test_a_design_that_does_not_fit_is_refused() -> None:
    with pytest.raises(Refusal, match="power of two"):
        run(rows=100)
