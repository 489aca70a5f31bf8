"""The nearest value at which a goal is reached, by bisection on the engine's own answer: no derivative, no inverse."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

BISECTIONS_MAX = 200
PRECISION = 1e-13
DIGITS = 12

Reached = Callable[[float], bool]


def nearest(start: float, points: Sequence[float], reached: Reached, *, whole: bool = False) -> float | None:
    """The value nearest to `start`, on either side, at which the goal is reached; None when it is at none.

    `points`: where the share bends or jumps, up to the ends of its scale: between two neighbours it only rises or only
    falls. `whole`: only whole numbers count.
    """
    ahead = sorted({point for point in points if point > start})
    behind = sorted({point for point in points if point < start}, reverse=True)
    found = [one for one in (_outward(start, side, reached, whole) for side in (ahead, behind)) if one is not None]
    return min(found, key=lambda value: (abs(value - start), value), default=None)


def _outward(start: float, side: Sequence[float], reached: Reached, whole: bool) -> float | None:
    before = start
    for point in side:
        if reached(point):
            return _neat(_between(before, point, reached), start, point, reached, whole)
        before = point
    return None


def _between(short: float, far: float, reached: Reached) -> float:
    """The value between one that falls short and one that reaches, nearest to the former, within 1e-13 of the way."""
    least = PRECISION * abs(far - short)
    for _ in range(BISECTIONS_MAX):
        middle = short / 2 + far / 2
        if abs(far - short) <= least or middle in (short, far):
            break
        if reached(middle):
            far = middle
        else:
            short = middle
    return far


def _neat(value: float, start: float, end: float, reached: Reached, whole: bool) -> float | None:
    """The whole number next beyond; else twelve digits where they still reach, which spares people the dust."""
    if whole:
        rounded = float(math.ceil(value - 1e-9) if value > start else math.floor(value + 1e-9))
        within = rounded <= math.ceil(end) if value > start else rounded >= math.floor(end)
        return rounded if within and rounded != start and reached(rounded) else None
    plain = float(f"{value:.{DIGITS}g}")
    return plain if plain != start and reached(plain) else value
