"""Random numbers by number: any draw can be computed alone, in parallel, or again after a crash, to the same bytes.

Philox 4x64 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") with key = SHA-256 of the run's id and
counter = (stream, draw). Only the raw 64-bit words of numpy are used, whose sequence is fixed by the algorithm; what
is made of them is computed here, so that another version of numpy changes nothing.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from services.scoring.domain.cells import Floats, Ints

ROUNDS_MAX = 200
"""Of rejection: a gamma number is accepted with a probability above 0.95 a round."""


class Draws:
    """The random numbers of one run."""

    def __init__(self, run: str) -> None:
        digest = hashlib.sha256(run.encode()).digest()
        self._bits = np.random.Philox(key=int.from_bytes(digest[:16], "big"))
        self._state = self._bits.state

    def raw(self, draw: int, count: int, *, stream: int = 0) -> NDArray[np.uint64]:
        """`count` words of a draw. Streams of one draw are independent of each other."""
        self._state["state"]["counter"][:] = (0, 0, stream, draw)
        self._state["buffer_pos"] = 4
        self._bits.state = self._state
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def uniform(self, draw: int, count: int, *, stream: int = 0) -> Floats:
        """Uniform in [0, 1), multiples of 2^-53."""
        return (self.raw(draw, count, stream=stream) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, draw: int, count: int, *, stream: int = 0) -> Floats:
        """Standard normal, by Box and Muller."""
        pairs = (count + 1) // 2
        u = self.uniform(draw, 2 * pairs, stream=stream)
        radius, angle = np.sqrt(-2.0 * np.log1p(-u[:pairs])), 2.0 * np.pi * u[pairs:]
        return np.concatenate((radius * np.cos(angle), radius * np.sin(angle)))[:count]

    def below(self, draw: int, limits: Ints, *, stream: int = 0) -> Ints:
        """One whole number in [0, limit) for every limit (at least 1)."""
        found = np.floor(self.uniform(draw, len(limits), stream=stream) * limits).astype(np.int64)
        return np.minimum(found, limits - 1)

    def gamma(self, draw: int, shapes: Floats, *, stream: int = 0) -> Floats:
        """One gamma number of scale 1 for every shape; 0 for shape 0. Marsaglia and Tsang (2000).

        The stream's later counters feed the rounds, so `stream` must leave room: it takes `stream` to
        `stream + ROUNDS_MAX`.
        """
        boosted = np.where(shapes < 1.0, shapes + 1.0, shapes)
        d = boosted - 1.0 / 3.0
        c = 1.0 / np.sqrt(9.0 * d)
        found = np.zeros(len(shapes))
        open_ = np.flatnonzero(shapes > 0)
        for turn in range(ROUNDS_MAX):
            if len(open_) == 0:
                break
            x = self.normal(draw, len(shapes), stream=stream + turn)[open_]
            # The normal numbers took the first words of this stream, at most one more than there are shapes.
            u = self.uniform(draw, 2 * len(shapes) + 2, stream=stream + turn)[len(shapes) + 2 :][open_]
            v = (1.0 + c[open_] * x) ** 3
            limit = 0.5 * x * x + d[open_] - d[open_] * v + d[open_] * np.log(np.where(v > 0, v, 1.0))
            taken = (v > 0) & (np.log1p(-u) < limit)
            found[open_[taken]] = d[open_[taken]] * v[taken]
            open_ = open_[~taken]
        lift = self.uniform(draw, len(shapes), stream=stream + ROUNDS_MAX)
        with np.errstate(divide="ignore"):
            power = np.where(shapes < 1.0, (1.0 - lift) ** (1.0 / np.where(shapes > 0, shapes, 1.0)), 1.0)
        return np.where(shapes > 0, found * power, 0.0)
