"""When an attempt that failed for now is repeated: one ladder per channel, at once and then with growing delay.

The delay is spread by up to a tenth, the same for the same delivery and attempt, so that what failed together does
not come back together, and a second look at the same row gives the same instant.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from services.notify.domain.instants import HOUR_MS, MINUTE_MS

SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class RetryLadder:
    """Delay before the second, third, ... attempt; the last one repeats. Given up `for_ms` after the first attempt."""

    delays_ms: tuple[int, ...]
    for_ms: int


_MINUTES = (0, 2, 5, 10, 20, 40, 60)
_WEBHOOK_MINUTES = (0, 1, 5, 15, 30, 60, 120, 240, 480, 720)

EMAIL = RetryLadder(tuple(minutes * MINUTE_MS for minutes in _MINUTES), 4 * HOUR_MS)
WEBHOOK = RetryLadder(tuple(minutes * MINUTE_MS for minutes in _WEBHOOK_MINUTES), 72 * HOUR_MS)
LADDERS = {"email": EMAIL, "webhook": WEBHOOK, "chat": EMAIL, "sms": EMAIL}


def expires_at_ms(channel: str, first_try_ms: int) -> int:
    """The instant from which a failed attempt is the last one."""
    return first_try_ms + LADDERS.get(channel, EMAIL).for_ms


def next_try_ms(
    channel: str, *, key: str, attempts: int, first_try_ms: int, now_ms: int, retry_after_ms: int = 0
) -> int:
    """When to try again after `attempts` attempts; not before what the receiver asked for, not after the expiry.

    The last attempt is made at the expiry itself, so that every hour of the time given is used.
    """
    ladder = LADDERS.get(channel, EMAIL)
    delay_ms = ladder.delays_ms[min(attempts, len(ladder.delays_ms)) - 1]
    wanted_ms = now_ms + max(delay_ms + int(delay_ms * SPREAD * _share(key, attempts)), retry_after_ms)
    return min(wanted_ms, expires_at_ms(channel, first_try_ms))


def _share(key: str, attempts: int) -> float:
    """A number in [0, 1) that belongs to this delivery and attempt."""
    return int.from_bytes(hashlib.sha256(f"{key}\n{attempts}".encode()).digest()[:4], "big") / 2**32
