"""Which version of a plan an evaluation is computed with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """What is known of a published version without reading it."""

    id: str
    version: str
    effective_from: str
    published_at_ms: int
    sha256: str


def in_force(held: Iterable[PlanVersion], named: frozenset[str], year: int) -> PlanVersion | None:
    """Of the versions that the year's obligations name and that begin by the end of the year: the one in force last.

    None while no such version has arrived; the evaluation is computed when it does.
    """
    last_day = f"{year:04d}-12-31"
    fitting = [entry for entry in held if entry.version in named and entry.effective_from <= last_day]
    return max(fitting, key=lambda entry: (entry.effective_from, entry.published_at_ms, entry.version), default=None)
