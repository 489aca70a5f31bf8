"""Sobol' points: low-discrepancy points of the unit cube, scrambled so that estimates have no bias.

Scrambling is Matousek's (1998) random linear scramble with a digital shift: it keeps the points a net, and makes each
one uniform. The same run id gives the same points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.analysis.sobol_numbers import DIRECTIONS
from services.scoring.domain.cells import Floats

BITS = 32
DIMENSIONS_MAX = len(DIRECTIONS) + 1
SCRAMBLE = 1 << 24
"""Stream of the random numbers that scramble."""
Words = NDArray[np.uint64]


def sobol_points(count: int, dimensions: int, draws: Draws) -> Floats:
    """`count` (a power of two) points x dimensions, in the open cube."""
    if dimensions > DIMENSIONS_MAX or count & (count - 1) or count < 1:
        raise ValueError(f"a power of two of points in at most {DIMENSIONS_MAX} dimensions, not {count}, {dimensions}")
    number = np.arange(count, dtype=np.uint64)
    found = np.empty((count, dimensions))
    for dimension in range(dimensions):
        lots = draws.raw(dimension, BITS + 1, stream=SCRAMBLE)
        columns = _scrambled(_columns(dimension), lots[:BITS])
        point = np.full(count, lots[BITS] >> np.uint64(64 - BITS))
        for bit in range(BITS):
            chosen = (number >> np.uint64(bit)) & np.uint64(1)
            point ^= chosen * columns[bit]
        found[:, dimension] = (point + 0.5) * 2.0**-BITS
    return found


def _columns(dimension: int) -> Words:
    """v_1 ... v_32 of a dimension, each as a word whose highest of 32 bits is the first binary digit."""
    if dimension == 0:
        m = [1] * BITS
    else:
        polynomial, first = DIRECTIONS[dimension - 1]
        degree, m = polynomial.bit_length() - 1, list(first)
        for k in range(degree, BITS):
            value = m[k - degree] ^ (m[k - degree] << degree)
            for step in range(1, degree):
                if polynomial >> (degree - step) & 1:
                    value ^= m[k - step] << step
            m.append(value)
    return np.array([value << (BITS - 1 - k) for k, value in enumerate(m)], dtype=np.uint64)


def _scrambled(columns: Words, lots: Words) -> Words:
    """Every column multiplied by one random lower triangular matrix over GF(2) with ones on its diagonal."""
    found = np.zeros(BITS, dtype=np.uint64)
    for row in range(BITS):
        place = BITS - 1 - row
        # Row `row` of the matrix: its diagonal digit and random digits before it.
        before = ((1 << BITS) - 1) ^ ((1 << (place + 1)) - 1)
        mask = np.uint64((int(lots[row]) & before) | (1 << place))
        parity = np.bitwise_count(columns & mask).astype(np.uint64) & np.uint64(1)
        found |= parity << np.uint64(place)
    return found
