"""Lists by cursor: one shape of page, one bound, everywhere."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

LIMIT_DEFAULT = 50
LIMIT_MAX = 500
CURSOR_CHARACTERS_MAX = 1000

Item = TypeVar("Item")


class Listing(BaseModel, Generic[Item]):
    """Some items in order, and the opaque cursor of what follows (null at the end)."""

    items: list[Item]
    next_cursor: str | None = Field(default=None, description="Give it as `cursor` for the next page; null at the end.")


Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Most items in the answer.")]
Cursor = Annotated[str | None, Query(max_length=CURSOR_CHARACTERS_MAX, description="`next_cursor` of the page before.")]
