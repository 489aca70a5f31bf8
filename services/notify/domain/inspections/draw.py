"""The random draw of units to inspect: announced before its seed is known, repeatable by anybody. Pure.

The rule, which anybody can repeat with a pocket calculator and a SHA-256 tool:

1. Take the unit codes of the announced list, each once.
2. For each, write the seed, one line feed (byte 0A) and the code as UTF-8, and take its SHA-256 in hexadecimal.
3. Sort by that text, ties (there are none) by code; the first ceil(n * percent / 100) are drawn.

The commitment is the SHA-256 of the canonical JSON (RFC 8785) of the rule, the percentage and the sorted list. It is
published with a public source of the seed and a day on which that source will speak, so nobody who announces a draw
can know whom it takes, and nobody who enters the seed can change the list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from services.notify.domain.inspections.refusals import forbidden_seed, refused
from shared.canonical import canonical
from shared.refusal import Refusal

RULE = "sha256(seed + LF + unit), ascending, first ceil(n * percent / 100)"
UNITS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw of one plan's year. `drawn` is empty and `seed` None until the seed is entered. Instants in epoch ms."""

    id: str
    plan: str
    year: int
    percent: int
    units: tuple[str, ...]
    rule: str
    commitment: str
    seed_source: str
    seed_day: str
    announced_by: str
    announced_at_ms: int
    seed: str | None = None
    drawn: tuple[str, ...] = ()
    drawn_by: str | None = None
    drawn_at_ms: int | None = None
    rev: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """What repeating a draw gives. `commitment_now` and `drawn_now` are computed from the stored list and seed."""

    commitment_holds: bool
    draw_holds: bool | None
    seed_after_announcement: bool | None
    commitment_now: str
    drawn_now: tuple[str, ...]


def draw(units: Iterable[str], seed: str, percent: int) -> tuple[str, ...]:
    """The drawn units in the order of the draw. The order of `units`, and naming one twice, change nothing."""
    codes = sorted(set(units))
    ranked = sorted(codes, key=lambda code: (hashlib.sha256(f"{seed}\n{code}".encode()).hexdigest(), code))
    return tuple(ranked[: -(-len(codes) * percent // 100)])


def commitment(units: Iterable[str], percent: int, *, rule: str = RULE) -> str:
    """What is published before the seed is known: SHA-256 over rule, percentage and the list of units."""
    told: dict[str, Any] = {"percent": percent, "rule": rule, "units": sorted(set(units))}
    return hashlib.sha256(canonical(told)).hexdigest()


def draw_id(plan: str, year: int) -> str:
    """One draw a plan and year: who could draw again would draw until they like the result."""
    return f"draw-{plan}-{year}"


def announced(
    plan: str,
    year: int,
    units: Iterable[str],
    percent: int,
    *,
    seed_source: str,
    seed_day: str,
    today: str,
    by: str,
    now_ms: int,
) -> Draw:
    """The announcement. Refused where nobody can be drawn, or where the seed could be known already."""
    codes = tuple(sorted(set(units)))
    if not codes:
        raise refused("no_units", "Không có đơn vị nào để bốc thăm.", "There is no unit to draw from.")
    if len(codes) > UNITS_MAX:
        raise refused("too_many_units", f"Tối đa {UNITS_MAX} đơn vị.", f"At most {UNITS_MAX} units.")
    if seed_day <= today:
        raise Refusal(
            "not_valid",
            f"Ngày công bố số ngẫu nhiên phải sau hôm nay ({today}).",
            f"The seed must become known after today ({today}).",
            pointer="/seed_day",
            members={"reason": "seed_known_already"},
        )
    return Draw(
        id=draw_id(plan, year),
        plan=plan,
        year=year,
        percent=percent,
        units=codes,
        rule=RULE,
        commitment=commitment(codes, percent),
        seed_source=seed_source,
        seed_day=seed_day,
        announced_by=by,
        announced_at_ms=now_ms,
    )


def drawn(held: Draw, seed: str, *, today: str, by: str, now_ms: int) -> Draw:
    """The draw with its seed. Refused before the seed's day, and when another seed was entered: there is one."""
    if held.seed is not None:
        raise refused(
            "already_drawn",
            "Đã bốc thăm; mỗi năm chỉ bốc thăm một lần.",
            "The draw was made; there is one a year.",
            drawn_at_ms=held.drawn_at_ms,
        )
    if today < held.seed_day:
        raise refused(
            "seed_not_due",
            f"Số ngẫu nhiên chỉ được công bố từ ngày {held.seed_day}.",
            f"The seed is not known before {held.seed_day}.",
            seed_day=held.seed_day,
        )
    if seed != seed.strip() or not seed.isprintable() or not seed:
        raise forbidden_seed()
    return replace(held, seed=seed, drawn=draw(held.units, seed, held.percent), drawn_by=by, drawn_at_ms=now_ms)


def verified(held: Draw) -> Verified:
    """Everything again from what is stored: the commitment from the list, the result from the seed."""
    now = commitment(held.units, held.percent, rule=held.rule)
    again = draw(held.units, held.seed, held.percent) if held.seed is not None else ()
    is_drawn = held.seed is not None
    after = held.drawn_at_ms is not None and held.drawn_at_ms > held.announced_at_ms
    return Verified(
        commitment_holds=now == held.commitment,
        draw_holds=again == held.drawn if is_drawn else None,
        seed_after_announcement=after if is_drawn else None,
        commitment_now=now,
        drawn_now=again,
    )
