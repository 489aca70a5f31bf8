"""Weights from comparing children two by two (analytic hierarchy process). Plain Python: a plan has few children."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.plan.groups import Comparison

# Mean consistency index of random judgements of n things (Saaty 1980); beyond 15 it hardly grows.
_RANDOM_INDEX = (0.0, 0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
_STEPS_MAX = 10_000
_SETTLED = 1e-15


@dataclass(frozen=True, slots=True)
class Judged:
    """Weights in the order of the codes, summing to 1, and how much the judgements contradict each other (0: not)."""

    weights: tuple[float, ...]
    inconsistency: float


def judged(codes: Sequence[str], comparisons: Iterable[Comparison]) -> Judged:
    """The principal eigenvector of the matrix of comparisons and its consistency ratio.

    Every pair must be compared once, as publication makes sure; a pair that is not counts as equal.
    """
    matrix = _matrix(codes, comparisons)
    size = len(codes)
    vector = [1.0 / size] * size
    for _ in range(_STEPS_MAX):
        image = _image(matrix, vector)
        total = sum(image)
        following = [part / total for part in image]
        moved = max(abs(a - b) for a, b in zip(following, vector, strict=True))
        vector = following
        if moved <= _SETTLED:
            break
    # The columns of a vector that sums to 1 sum to the eigenvalue.
    largest = sum(_image(matrix, vector))
    return Judged(tuple(vector), _ratio(largest, size))


def _matrix(codes: Sequence[str], comparisons: Iterable[Comparison]) -> list[list[float]]:
    position = {code: at for at, code in enumerate(codes)}
    matrix = [[1.0] * len(codes) for _ in codes]
    for one in comparisons:
        first, second = position[one.first], position[one.second]
        matrix[first][second], matrix[second][first] = one.times, 1.0 / one.times
    return matrix


def _image(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _ratio(largest: float, size: int) -> float:
    """(largest eigenvalue - n) / (n - 1), as a share of that of random judgements; two things never contradict."""
    if size < 3:
        return 0.0
    return max(0.0, (largest - size) / (size - 1)) / _RANDOM_INDEX[min(size, len(_RANDOM_INDEX) - 1)]
