"""Random numbers by number: the same bytes whenever, wherever, in whatever order they are asked for."""

from __future__ import annotations

import hashlib

import numpy as np

from services.scoring.domain.analysis.draws import Draws


def test_a_draw_is_the_same_alone_in_order_and_out_of_order() -> None:
    run = Draws("run")
    forwards = [run.uniform(number, 7).tobytes() for number in range(50)]
    backwards = [run.uniform(number, 7).tobytes() for number in reversed(range(50))]
    alone = [Draws("run").uniform(number, 7).tobytes() for number in range(50)]
    assert forwards == backwards[::-1] == alone
    assert len(set(forwards)) == 50


def test_runs_draws_and_streams_differ() -> None:
    words = {Draws(run).raw(draw, 4, stream=stream).tobytes() for run in "ab" for draw in (0, 1) for stream in (0, 1)}
    assert len(words) == 8


def test_the_bytes_of_a_thousand_draws_are_pinned() -> None:
    """Philox 4x64 is fixed by its paper: another numpy, another machine must give these."""
    run = Draws("pinned")
    found = hashlib.sha256()
    for number in range(1000):
        found.update(run.raw(number, 5).tobytes())
    assert found.hexdigest() == "ef943ca5bb1c651a07954b33877f4448eb6d25960b24b06df1f2343c744e65a6"


def test_a_longer_draw_begins_like_a_shorter_one() -> None:
    run = Draws("run")
    assert np.array_equal(run.uniform(3, 100)[:9], run.uniform(3, 9))


def test_distributions_have_their_moments() -> None:
    run = Draws("moments")
    u, z = run.uniform(0, 40_000), run.normal(1, 40_001)
    assert (len(z), u.min() >= 0, u.max() < 1) == (40_001, True, True)
    assert abs(u.mean() - 0.5) < 0.01
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 1) < 0.02
    for shape in (0.3, 1.0, 7.5):
        gamma = run.gamma(2, np.full(40_000, shape))
        assert abs(gamma.mean() / shape - 1) < 0.05
        assert abs(gamma.var() / shape - 1) < 0.1
    assert run.gamma(2, np.array([0.0, 2.0]))[0] == 0


def test_whole_numbers_stay_below_their_limits() -> None:
    found = Draws("limits").below(0, np.full(10_000, 3))
    assert set(found.tolist()) == {0, 1, 2}
