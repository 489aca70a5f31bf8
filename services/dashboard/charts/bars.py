"""Bars of shares in [0, 1]. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MINI_HEIGHT = 20
MINI_STEP = 7


def percent_of(share: float | None) -> float:
    """Width of a bar in per cent, clipped to the drawn range; 0 where there is no value."""
    return round(100 * min(1.0, max(0.0, share or 0.0)), 1)


@dataclass(frozen=True, slots=True)
class MiniBar:
    """One upright bar of a small group."""

    x: int
    y: float
    height: float
    empty: bool


def mini_bars(shares: Sequence[float | None]) -> tuple[MiniBar, ...]:
    """Upright bars side by side; a missing value is an empty one, a zero a line on the ground."""
    return tuple(_mini(place, share) for place, share in enumerate(shares))


def _mini(place: int, share: float | None) -> MiniBar:
    height = round(max(1.0, MINI_HEIGHT * min(1.0, max(0.0, share or 0.0))), 1)
    return MiniBar(place * MINI_STEP, round(MINI_HEIGHT - height, 1), height, share is None)


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a stacked bar, in per cent of its length."""

    look: str
    x: float
    width: float


def stacked(parts: Sequence[tuple[str, int]]) -> tuple[Piece, ...]:
    """Parts of a whole, one after the other; parts of nothing are left out."""
    total = sum(number for _, number in parts)
    pieces: list[Piece] = []
    x = 0.0
    for look, number in parts:
        if number:
            width = 100 * number / total
            pieces.append(Piece(look, round(x, 2), round(width, 2)))
            x += width
    return tuple(pieces)
