"""Posts: the numbers that a method takes from data: of the last final edition where frozen, else of who reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from services.scoring.domain.cells import Bools, Floats, Ints
from services.scoring.domain.methods_question import Answer, Question
from services.scoring.domain.undefined import Undefined

EVERYBODY = ""
Derive = Callable[[Floats], dict[str, float]]
"""From the reported values in rising order (so that a sum knows no order of units) to posts; without values, none."""


@dataclass(frozen=True, slots=True)
class Posts:
    """Posts per group compared within, in the order of the groups; `group` numbers each unit's, None for one group."""

    numbers: dict[str, dict[str, float]]
    taken: tuple[bool, ...]
    group: Ints | None
    units: int

    def row(self, name: str, default: float = np.nan) -> float | Floats:
        """The post of each unit's group; one number where everybody is compared with everybody."""
        found = [posts.get(name, default) for posts in self.numbers.values()]
        if self.group is None:
            return found[0]
        return np.array(found, dtype=np.float64)[self.group]

    def shown(self, name: str) -> Floats:
        """`row` with one entry per unit, whatever it was compared with."""
        return np.broadcast_to(np.asarray(self.row(name)), (self.units,))

    def frozen(self) -> Bools:
        if self.group is None:
            return np.broadcast_to(np.asarray(self.taken[0]), (self.units,))
        return np.array(self.taken, dtype=bool)[self.group]


def compared(question: Question, within: str) -> Iterator[tuple[str, Bools]]:
    """Every group compared within and its cells that posts may be taken from."""
    if within == "all":
        yield EVERYBODY, question.basis
    else:
        for number, code in enumerate(question.peer_groups):
            yield code, question.basis & (question.peer == number)


def posts_of(question: Question, *, within: str, source: str, needs: tuple[str, ...], derive: Derive) -> Posts:
    """The posts of every group: those of the reference set where `source` is `frozen` and it has all that is needed."""
    numbers, taken = {}, []
    for code, members in compared(question, within):
        held: Mapping[str, float] = question.frozen.get(code, {}) if source == "frozen" else {}
        use = all(name in held for name in needs)
        numbers[code] = dict(held) if use else derive(np.sort(question.value[members]))
        taken.append(use)
    return Posts(numbers, tuple(taken), None if within == "all" else question.peer, len(question.value))


def told(question: Question, answer: Answer, posts: Posts, source: str, names: tuple[str, ...]) -> Answer:
    """The answer with the posts that it used, and where they come from."""
    flags = dict(answer.flags)
    if source == "frozen":
        frozen = posts.frozen()
        flags |= {"frozen": question.has_value & frozen, "current_posts": question.has_value & ~frozen}
    reference = {**answer.reference, **{name: posts.shown(name) for name in names}}
    return replace(answer, flags=flags, reference=reference, posts={k: v for k, v in posts.numbers.items() if v})


def without_range(question: Question, answer: Answer, flat: Bools | bool, policy: str) -> Answer:
    """Where nobody differs (`flat`): left out for everybody compared, 0.5, 1, or Undefined, as the plan says."""
    if not np.any(flat):
        return answer
    concerned = np.broadcast_to(np.asarray(flat), question.value.shape)
    flags = {**answer.flags, "zero_range": concerned if policy == "exclude" else concerned & question.has_value}
    if policy == "exclude":
        return replace(answer, excluded=concerned, flags=flags)
    if policy == "error" and bool(np.any(concerned & question.has_value)):
        raise Undefined(question.indicator.code, "zero_range")
    share = np.where(concerned, 0.5 if policy == "neutral" else 1.0, answer.share)
    return replace(answer, share=share, flags=flags)
