"""Identity of evaluations and scores."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

PREFIX = "evaluation-"


@dataclass(frozen=True, slots=True)
class Mark:
    """One (plan, year) that waits to be recomputed. `cause`: trace (W3C) of the first change that it waits for."""

    id: str
    plan: str
    year: int
    cause: str | None = None


def evaluation_id(plan: str, year: int) -> str:
    return f"{PREFIX}{plan}-{year}"


def plan_and_year(evaluation: str) -> tuple[str, int]:
    """The reverse of `evaluation_id`."""
    plan, _, year = evaluation.removeprefix(PREFIX).rpartition("-")
    return plan, int(year)


def content_sha256(content: dict[str, Any]) -> str:
    """Over the canonical text of plain values: equal exactly when the content is."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
