"""What a recipient wants: kinds of messages, language, channels in their order, quiet hours. And what follows.

The legal-notice class (overdue, escalation) cannot be switched off. Quiet hours delay everything and lose nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.notify.domain.contacts import LANGUAGES, Target
from services.notify.domain.deliveries import Delivery
from services.notify.domain.instants import DAY_MS, at_local, local_day, wall_time

KINDS = ("reminder", "alert", "digest")
CHANNELS = ("email", "webhook", "chat", "sms")
QUIET_MINUTES_MAX = 14 * 60
"""Longer quiet hours would delay a legal notice by more than a night."""

TRAIL_MAX = 20
_CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Preferences:
    """One recipient's, found by mail address. `off`: kinds switched off. `channels`: in the order of trying.

    `language` empty: as the unit's contact says. `quiet_begin` and `quiet_end` (HH:MM, recipient's zone) empty: none.
    """

    recipient: str
    off: tuple[str, ...] = ()
    language: str = ""
    channels: tuple[Target, ...] = ()
    quiet_begin: str = ""
    quiet_end: str = ""
    changed_at_ms: int = 0
    changed_by: str = ""
    revision: int = 0
    trail: tuple[dict[str, Any], ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def id(self) -> str:
        return preference_id(self.recipient)

    @property
    def targets(self) -> tuple[Target, ...]:
        """Where to send, in the order of trying. The mail address on record is the last resort, never left out."""
        if any(target.channel == "email" for target in self.channels):
            return self.channels
        return (*self.channels, Target("email", self.recipient))


def preference_id(recipient: str) -> str:
    return "preference-" + hashlib.sha256(recipient.encode()).hexdigest()[:32]


def changed(held: Preferences, wanted: Preferences, *, by: str, how: str, now_ms: int) -> Preferences | None:
    """The preferences as wanted, with who changed what in the trail; None when nothing is different."""
    names = ("off", "language", "channels", "quiet_begin", "quiet_end")
    fresh = replace(wanted, off=tuple(sorted(set(wanted.off))))
    what = [name for name in names if getattr(fresh, name) != getattr(held, name)]
    if not what:
        return None
    step = {"what": "+".join(what), "how": how, "by": by, "off": ",".join(fresh.off), "at_ms": now_ms}
    return replace(
        fresh,
        kept=held.kept,
        changed_at_ms=now_ms,
        changed_by=by,
        revision=held.revision + 1,
        trail=(*held.trail, step)[-TRAIL_MAX:],
    )


def faults(wanted: Preferences) -> list[str]:
    """What is wrong with wanted preferences, as named reasons; empty when they can be kept."""
    found = ["kind_unknown"] if set(wanted.off) - set(KINDS) else []
    if wanted.language and wanted.language not in LANGUAGES:
        found.append("language_unknown")
    names = [target.channel for target in wanted.channels]
    if set(names) - set(CHANNELS):
        found.append("channel_unknown")
    if len(set(names)) != len(names):
        found.append("channel_twice")
    if any(target.channel == "email" and target.address != wanted.recipient for target in wanted.channels):
        found.append("email_is_the_contacts")
    return found + _quiet_faults(wanted.quiet_begin, wanted.quiet_end)


def _quiet_faults(begin: str, end: str) -> list[str]:
    if not begin and not end:
        return []
    if not (_CLOCK_TIME.fullmatch(begin) and _CLOCK_TIME.fullmatch(end)) or begin == end:
        return ["quiet_hours_not_valid"]
    minutes = (_minutes(end) - _minutes(begin)) % (24 * 60)
    return ["quiet_hours_too_long"] if minutes > QUIET_MINUTES_MAX else []


def _minutes(clock_time: str) -> int:
    return int(clock_time[:2]) * 60 + int(clock_time[3:])


def quiet_until_ms(preferences: Preferences, now_ms: int, time_zone: str) -> int | None:
    """The end of the quiet hours that hold this instant; None when it is in none."""
    begin, end = preferences.quiet_begin, preferences.quiet_end
    if not begin or not end:
        return None
    clock_time = wall_time(now_ms, time_zone)
    spans_midnight = begin > end
    inside = clock_time >= begin or clock_time < end if spans_midnight else begin <= clock_time < end
    if not inside:
        return None
    days_on = 1 if spans_midnight and clock_time >= begin else 0
    return at_local(local_day(now_ms + days_on * DAY_MS, time_zone), end, time_zone)


def is_switched_off(delivery: Delivery, preferences: Preferences) -> bool:
    """Whether the recipient does not want this kind, and may not want it."""
    return not delivery.legal and delivery.kind in preferences.off


def ordered(channels: Sequence[Target], names: Sequence[str]) -> tuple[Target, ...]:
    """The channels in another order; those not named follow in the order they had."""
    place = {name: number for number, name in enumerate(names)}
    return tuple(sorted(channels, key=lambda target: place.get(target.channel, len(place))))
