"""What a unit's system does about one obligation. Pure: the same seed always gives the same year."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Kind = Literal["on_time", "late", "copied", "wrong_then_right", "amended", "missing", "nil"]

# Out of 100 obligations; what is left reports on time.
LATE, COPIED, WRONG, AMENDED, MISSING, NIL = 9, 4, 5, 4, 4, 2
POSTING_HOUR = 15


def chance(*key: object) -> float:
    """A number in [0, 1) that depends on the key alone."""
    digest = hashlib.sha256("|".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


@dataclass(frozen=True, slots=True)
class Action:
    """One request that a unit's system sends, at an instant of virtual time."""

    at_ms: int
    unit: str
    form: str
    period: str
    what: Literal["report", "copy", "wrong", "amend", "nil"]


def kind_of(seed: int, unit: str, form: str, period: str) -> Kind:
    """How this obligation is treated. Some units are careless: everything but on time happens to them more often."""
    careless = 2.2 if chance(seed, "careless", unit) < 0.18 else 0.7
    draw = chance(seed, "kind", unit, form, period) * 100 / careless
    limit = 0.0
    kinds: list[tuple[Kind, int]] = [
        ("late", LATE),
        ("copied", COPIED),
        ("wrong_then_right", WRONG),
        ("amended", AMENDED),
        ("missing", MISSING),
        ("nil", NIL),
    ]
    for kind, share in kinds:
        limit += share
        if draw < limit:
            return kind
    return "on_time"


def actions(
    *, seed: int, unit: str, form: str, period: str, open_at_ms: int, period_end_ms: int, due_at_ms: int, zone: ZoneInfo
) -> tuple[Action, ...]:
    """What the unit's system sends for the obligation, in order. Nobody reports before the period has ended."""
    kind = kind_of(seed, unit, form, period)
    earliest = _afternoon(max(open_at_ms, period_end_ms), 0, zone)
    last_day = _afternoon(due_at_ms, 0, zone)
    if last_day > due_at_ms:
        last_day = _afternoon(due_at_ms, -1, zone)
    days = max(0, (last_day - earliest) // 86_400_000)
    in_time = earliest + int(chance(seed, "day", unit, form, period) * (days + 1)) * 86_400_000
    late = last_day + (1 + int(chance(seed, "late", unit, form, period) * 11)) * 86_400_000

    def one(at_ms: int, what: Literal["report", "copy", "wrong", "amend", "nil"]) -> Action:
        return Action(at_ms, unit, form, period, what)

    plans: dict[Kind, tuple[Action, ...]] = {
        "on_time": (one(in_time, "report"),),
        "late": (one(late, "report"),),
        "copied": (one(in_time, "copy"),),
        "wrong_then_right": (one(in_time, "wrong"), one(in_time + 86_400_000, "report")),
        "amended": (one(in_time, "report"), one(in_time + 3 * 86_400_000, "amend")),
        "nil": (one(in_time, "nil"),),
        "missing": (),
    }
    return plans[kind]


def _afternoon(instant_ms: int, days: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(instant_ms / 1000, tz=zone) + timedelta(days=days)
    at = local.replace(hour=POSTING_HOUR, minute=0, second=0, microsecond=0)
    return int(at.timestamp() * 1000)
