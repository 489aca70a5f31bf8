"""What a method is asked and what it answers, and the arithmetic that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from services.scoring.domain.cells import Bools, Floats, Ints
from shared.plan.model import Indicator

Frozen = Mapping[str, Mapping[str, float]]
"""Group compared within ("" for all) -> name of a post -> number."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be scored: one row per name, NaN in `value` where the cell carries none.

    `basis` marks the cells that posts may be taken from: reported ones, never imputed ones. `frozen` holds the posts
    of the last final edition, where there is one.
    """

    indicator: Indicator
    value: Floats
    numerator: Floats
    denominator: Floats
    target: Floats
    peer: Ints
    peer_groups: tuple[str, ...]
    basis: Bools
    has_value: Bools
    frozen: Frozen = field(default_factory=dict)

    @property
    def lower(self) -> bool:
        return self.indicator.direction == "lower"


@dataclass(frozen=True, slots=True)
class Answer:
    """Shares (NaN where none), cells to leave out or to refuse, flags, what the method compared with (a row per name).

    `excluded` cells do not count, whether they have a value or not. `posts` are the numbers taken from data, ready to
    freeze.
    """

    share: Floats
    excluded: Bools | None = None
    invalid: Bools | None = None
    flags: dict[str, Bools] = field(default_factory=dict)
    reference: dict[str, Floats] = field(default_factory=dict)
    posts: dict[str, dict[str, float]] = field(default_factory=dict)
    formula: str = ""


def ratio(value: Floats, start: float | Floats, end: float | Floats) -> Floats:
    """(value - start) / (end - start), unbounded; in halves where the range is beyond 1.8e308: none overflows."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        span = np.subtract(end, start)
        if np.isfinite(span).all():
            found = value - start
            found /= span
        else:
            found = (value / 2 - np.asarray(start) / 2) / (np.asarray(end) / 2 - np.asarray(start) / 2)
    return found


def clip(share: Floats, top: float = 1.0) -> Floats:
    """The same row, held between 0 and `top`."""
    return np.clip(share, 0.0, top, out=share)


def linear(value: Floats, start: float | Floats, end: float | Floats) -> Floats:
    """`ratio`, clipped to [0, 1]."""
    return clip(ratio(value, start, end))


def beyond(value: Floats, low: float | Floats, high: float | Floats) -> Bools:
    """Outside the posts; never for NaN."""
    return (value < low) | (value > high)


def reflected(question: Question, answer: Answer) -> Answer:
    """One less the share where lower is better: direction is applied in score space, never to the input."""
    if not question.lower:
        return answer
    return replace(answer, share=np.subtract(1.0, answer.share, out=answer.share))
