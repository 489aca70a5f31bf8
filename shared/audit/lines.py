"""Lines of the audit log, the anchors of its days, and what a look at a chain finds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One line in its place. `entry` holds what, id, by, and what else is known."""

    chain: str
    seq: int
    at_ms: int
    hash: str
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Anchor:
    """The last link of a chain on a day (UTC): print it elsewhere, and the chain up to it cannot be rewritten."""

    chain: str
    day: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at a part of a chain found. `after_seq`: continue there; None at the end."""

    intact: bool
    links: int
    head: str
    broken_seq: int | None
    reason: str
    after_seq: int | None


@dataclass(frozen=True, slots=True)
class Changed:
    """A thing that was changed: `ids` are the names that its audit lines may have, the first its own.

    `revision` is 0 where the thing has moved on and no longer says which one this was. `is_decision`: one of several
    that the thing remembers, so that its line is known by its very instant; else any line since then will do.
    """

    chain: str
    ids: tuple[str, ...]
    revision: int
    by: str
    at_ms: int
    what: str
    is_decision: bool = False


def anchor_of(line: Line) -> Anchor:
    """The anchor that a line is, as the last of its day."""
    day = (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=line.at_ms)).date()
    return Anchor(line.chain, day.isoformat(), line.seq, line.hash)
