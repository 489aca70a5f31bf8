"""Two versions of a plan on the same data: what the change of method alone does to ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.outcome import Once, Outcome, Part
from services.scoring.domain.analysis.shifts import shifts
from services.scoring.domain.analysis.variations import Case
from services.scoring.domain.analysis.what_if import own_standing
from shared.plan.base import Model


class DualRunParameters(Model):
    """The other version; the evaluation's own version is the first of the two."""

    version: Annotated[str, Field(max_length=40)]


class DualRun(Once):
    """`other` is the same year from the same sources, by the other version."""

    def __init__(self, case: Case, other: Case) -> None:
        self._case, self._other = case, other

    def finish(self, parts: Sequence[Part]) -> Outcome:
        """The table of shifts; its summary names both versions and the indicators that only one of them has."""
        found = shifts(own_standing(Models(self._case)), own_standing(Models(self._other)))
        one, other = (set(case.evaluation.leaves) for case in (self._case, self._other))
        named = {
            "version_before": self._case.plan.version,
            "version_after": self._other.plan.version,
            "indicators_dropped": sorted(one - other),
            "indicators_added": sorted(other - one),
        }
        return Outcome({**named, **found.summary}, found.columns, found.rows)
