"""What may stand in addresses and queries: bounded, and only what can be part of a code."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, Request

from shared.http.language import Text
from shared.http.problems import Problem

CODE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$"
_ID = r"^[A-Za-z][A-Za-z0-9_.-]{0,299}$"

CodeInPath = Annotated[str, Path(pattern=CODE)]
IdInPath = Annotated[str, Path(pattern=_ID)]
CodeFilter = Annotated[str | None, Query(pattern=CODE)]
DayFilter = Annotated[date | None, Query(description="A day, such as 2011-03-01.")]
YearFilter = Annotated[int | None, Query(ge=1, le=9998)]

_YES, _NO = frozenset({"true", "1"}), frozenset({"false", "0"})


def flag(request: Request, name: str) -> bool:
    """A yes or no of the query, no where it is not given; 422 for anything but true, false, 1, 0.

    For routes that are called so often that they take no declared parameters: each costs some 20 us.
    """
    given = request.query_params.get(name)
    if given is None or given.lower() in _NO:
        return False
    if given.lower() in _YES:
        return True
    detail = Text(f"{name} nhận true hoặc false.", f"{name} is true or false.")
    raise Problem(422, detail=detail, members={"parameter": name, "got": given[:40]})


def documented(name: str, place: str, description: str, **schema: Any) -> dict[str, Any]:
    """A parameter for the `openapi_extra` of a route that reads it by hand."""
    told = {"name": name, "in": place, "required": False, "description": description}
    return {**told, "schema": schema or {"type": "string"}}
