"""How many messages a recipient gets on one day. What is too many waits for the next morning; nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from services.notify.domain.deliveries import Delivery
from services.notify.domain.instants import at_local, local_day

OVER_BUDGET = "over_budget"
MORNING = "09:00"
_LINK = re.compile(r"^[^\n]*: https?://\S+$")
SPENT_MAX = 500
"""Legal notices and digests are counted and never held, so a day's list is bounded here."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was let out to one recipient on one local day (ISO date): ids of deliveries."""

    id: str
    day: str
    deliveries: tuple[str, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FoldedLetter:
    """The held messages of one recipient, oldest first: (title, text) each. `path`: where the dashboard shows more."""

    items: tuple[tuple[str, str], ...]
    language: str
    path: str = ""

    @property
    def parts(self) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
        """(title, how many messages have it, what they say): each paragraph once, without title, links and foot."""
        counted: dict[str, int] = {}
        said: dict[str, dict[str, None]] = {}
        for title, text in self.items:
            counted[title] = counted.get(title, 0) + 1
            said.setdefault(title, {}).update(dict.fromkeys(_paragraphs(title, text)))
        return tuple((title, counted[title], tuple(said[title])) for title in counted)


def _paragraphs(title: str, text: str) -> list[str]:
    body = text.partition("\n--\n")[0]
    found = [part.strip("\n") for part in body.split("\n\n")]
    return [part for part in found if part.strip() not in ("", title) and not _LINK.search(part)]


def is_exempt(delivery: Delivery) -> bool:
    """Legal notices and those of inspections, digests, and what stands for something that was counted before."""
    return delivery.legal or delivery.kind in ("digest", "inspection") or delivery.origin != ""


def spend(spent: Spent, delivery: Delivery, *, day: str, most: int) -> Spent | None:
    """The day's account with this delivery in it; None when the day's budget is used up. Asked twice, counted once."""
    today = spent if spent.day == day else replace(spent, day=day, deliveries=())
    if delivery.id in today.deliveries:
        return today
    if len(today.deliveries) >= most and not is_exempt(delivery):
        return None
    return replace(today, deliveries=(*today.deliveries, delivery.id)[-SPENT_MAX:])


def next_morning_ms(now_ms: int, time_zone: str) -> int:
    """When what exceeds a day's budget is sent: 09:00 of the recipient's next day."""
    return at_local(local_day(now_ms, time_zone) + timedelta(days=1), MORNING, time_zone)
