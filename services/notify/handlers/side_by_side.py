"""Many small pieces of work that wait for the store: side by side in lanes, in order within each lane.

What may touch the same document belongs into one lane. The store commits what several lanes write in one group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

AT_ONCE = 50
T = TypeVar("T")


def lanes(pieces: Iterable[T], of: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    """The pieces by their lane, in the order given."""
    found: dict[Hashable, list[T]] = {}
    for piece in pieces:
        found.setdefault(of(piece), []).append(piece)
    return found


async def side_by_side(
    work: Mapping[Hashable, Sequence[T]], do: Callable[[T], Awaitable[bool]], *, at_once: int = AT_ONCE
) -> int:
    """Do every piece; how many said True. Raises what the first that failed raised."""

    async def one_lane(pieces: Sequence[T]) -> int:
        return sum([await do(piece) for piece in pieces])

    waiting = list(work.values())
    done = 0
    for start in range(0, len(waiting), at_once):
        done += sum(await asyncio.gather(*(one_lane(pieces) for pieces in waiting[start : start + at_once])))
    return done
