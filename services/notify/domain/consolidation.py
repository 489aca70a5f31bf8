"""One message per recipient and slot: what goes into it, what it already holds, what waits for the next slot.

The slot of reminders is the recipient's local day, that of alert notices a fixed window. Content is pinned when the
message is made, so whatever becomes due after that waits; nothing is added to a message that exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """A message that exists for the recipient: its slot and the keys of what it tells."""

    slot: str
    covers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Share:
    """What one recipient gets now: keys to `send` in a new message, keys `told` already, keys that `wait`."""

    send: tuple[str, ...]
    told: tuple[str, ...]
    wait: tuple[str, ...]


def share_out(keys: Sequence[str], made: Sequence[Made], slot: str) -> Share:
    """Divide due keys for one recipient. Each key is in exactly one part, in the given order."""
    covered = frozenset().union(*(message.covers for message in made))
    told = tuple(key for key in keys if key in covered)
    rest = tuple(key for key in keys if key not in covered)
    if any(message.slot == slot for message in made):
        return Share((), told, rest)
    return Share(rest, told, ())
