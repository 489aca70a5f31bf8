"""What somebody is about to do to a delivery: written down before it is done, so that no crash leaves it untold.

Deliveries are many and change all the time; what people do about them is found by this note and not among them.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.notify.domain.deliveries import Delivery

CHAIN = "notify"
"""The audit chain of what concerns no single plan."""


@dataclass(frozen=True, slots=True)
class Act:
    """One intention. `about`: the delivery that it is about; `made`: the one on which it leaves its step."""

    chain: str
    what: str
    about: str
    made: str
    by: str
    at_ms: int

    @property
    def id(self) -> str:
        return f"act-{self.made}-{self.at_ms}"


def was_done(act: Act, made: Delivery | None) -> bool:
    """Whether it happened: its step stands in the delivery's trail."""
    return made is not None and any(step["at_ms"] == act.at_ms for step in made.trail)
