"""What the handlers share that ask notify: several things at once, and what came of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from services.dashboard.domain.asking import Away, Refused

T = TypeVar("T")
AT_ONCE_MAX = 100
"""Things that one request changes at most."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change of several things: how many were changed, and the refusals by id.

    `away`: notify stopped answering, so nobody knows whether the thing that was being changed was; the rest was left.
    """

    done: tuple[str, ...] = ()
    refused: tuple[tuple[str, Refused], ...] = ()
    away: str = ""

    @property
    def is_whole(self) -> bool:
        return not self.refused and not self.away


async def one_by_one(ids: Iterable[str], change: Callable[[str], Awaitable[None]]) -> Outcome:
    """Change each, in order. A refusal leaves that one; `Away` ends it there."""
    done: list[str] = []
    refused: list[tuple[str, Refused]] = []
    for id in ids:
        try:
            await change(id)
        except Refused as refusal:
            refused.append((id, refusal))
            if refusal.status in (401, 403):
                break  # it will say the same of every other
        except Away:
            return Outcome(tuple(done), tuple(refused), id)
        else:
            done.append(id)
    return Outcome(tuple(done), tuple(refused))


async def answer_or_none(asked: Awaitable[T]) -> T | None:
    """What notify answers; None when it does not answer. `Refused` passes."""
    try:
        return await asked
    except Away:
        return None
