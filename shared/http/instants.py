"""Instants in bodies: RFC 3339 with an offset."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.clock import from_iso
from shared.http.language import Text
from shared.http.problems import Problem

Instant = Annotated[
    str, Field(max_length=40, description="RFC 3339 with an offset, such as 2011-03-31T17:00:00+07:00.")
]


def instant_ms(text: str | None, pointer: str) -> int | None:
    """The instant in epoch milliseconds, None for none. 422 with the place for anything else."""
    if text is None:
        return None
    try:
        return from_iso(text)
    except (ValueError, OverflowError) as error:
        detail = Text("Viết theo RFC 3339, ví dụ 2012-01-01T00:00:00+07:00.", str(error))
        raise Problem(422, detail=detail, pointer=pointer) from error
