"""What becomes of a message after its handler returned or raised. Pure: a table of cases, and a reason for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from shared.errors import Permanent

REASON_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Delay before each further attempt. After the last delay has been used a failure is final."""

    delays_seconds: tuple[float, ...] = (2.0, 10.0, 60.0, 300.0, 1800.0)

    def __post_init__(self) -> None:
        if not self.delays_seconds or min(self.delays_seconds) <= 0:
            raise ValueError("a retry policy needs delays above zero: without a delay a failing message loops hot")

    @property
    def attempts_max(self) -> int:
        return len(self.delays_seconds) + 1


@dataclass(frozen=True, slots=True)
class Settlement:
    """`ack`, `retry` after `delay_seconds` (never zero), or `dead_letter`; and why."""

    kind: Literal["ack", "retry", "dead_letter"]
    reason: str
    delay_seconds: float = 0.0


def settle(error: Exception | None, attempts: int, policy: RetryPolicy) -> Settlement:
    """Decide on a message whose handling ended with `error` (None: it succeeded) at its `attempts`-th attempt (from 1).

    What cannot succeed unchanged is dead-lettered at once; everything else, faults of our own code included, climbs
    the ladder of delays first, because a deployment or a recovered neighbour may mend it.
    """
    if error is None:
        return Settlement("ack", "handled")
    said = describe(error)
    if is_invalid(error):
        return Settlement("dead_letter", f"permanent: {said}")
    if attempts >= policy.attempts_max:
        return Settlement("dead_letter", f"gave up after {attempts} attempts: {said}")
    return Settlement("retry", said, policy.delays_seconds[max(attempts, 1) - 1])


def is_invalid(error: Exception) -> bool:
    """Whether the message itself is at fault, so that no later attempt can succeed."""
    return isinstance(error, (Permanent, ValidationError))


def describe(error: BaseException) -> str:
    """Type and text of an error on one line, bounded."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:REASON_LENGTH_MAX]
