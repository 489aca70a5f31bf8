"""What may stand in addresses and queries: bounded, and only what can be part of a code."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path, Query

CODE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$"
_ID = r"^[A-Za-z][A-Za-z0-9_.-]{0,299}$"

CodeInPath = Annotated[str, Path(pattern=CODE)]
IdInPath = Annotated[str, Path(pattern=_ID)]
CodeFilter = Annotated[str | None, Query(pattern=CODE)]
DayFilter = Annotated[date | None, Query(description="A day, such as 2011-03-01.")]
YearFilter = Annotated[int | None, Query(ge=1, le=9998)]
