"""Past instants in queries."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from shared.clock import Clock, iso
from shared.http.instants import instant_ms
from shared.http.language import Text
from shared.http.problems import Problem

POINTER = "as_of"
MS_MAX = 253_402_300_799_999
"""The end of the year 9999."""

AsOf = Annotated[
    str | None,
    Query(
        max_length=40,
        description="A past instant, RFC 3339 or epoch ms: the answer as it stood then, the same whenever asked.",
    ),
]


def past_ms(text: str | None, clock: Clock, *, pointer: str = POINTER) -> int | None:
    """The instant in epoch ms, None for none. 422 for what cannot be read and for the future: it is not known yet."""
    if text is None:
        return None
    at_ms = min(int(text), MS_MAX) if text.isascii() and text.isdigit() else instant_ms(text, pointer)
    if at_ms is not None and at_ms > clock.now_ms():
        now = iso(clock.now_ms())
        detail = Text(f"Chỉ hỏi được về quá khứ, đến {now}.", f"Only the past can be asked for, up to {now}.")
        raise Problem(422, detail=detail, pointer=pointer)
    return at_ms
