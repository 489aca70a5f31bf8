"""What stands in the addresses of scoring, and who may ask about what in a round."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from services.scoring.domain.round.appraising import Criterion
from shared.http.identity import Principal, require, unauthorized, who
from shared.http.language import Text
from shared.http.parameters import CODE
from shared.http.problems import Problem
from shared.http.reach import check_reach

PlanInPath = Annotated[str, Path(pattern=CODE, description="Code of the plan.")]
YearInPath = Annotated[int, Path(ge=1900, le=2200, description="Evaluation year.")]
UnitInPath = Annotated[str, Path(pattern=CODE, description="Code of the unit.")]
IndicatorInPath = Annotated[str, Path(pattern=CODE, description="Code of the indicator.")]


async def _criterion(plan: PlanInPath, year: YearInPath, unit: UnitInPath, indicator: IndicatorInPath) -> Criterion:
    return Criterion(plan, year, unit, indicator)


CriterionInPath = Annotated[Criterion, Depends(_criterion)]
"""The criterion that an address names."""

Reader = Annotated[Principal, Depends(require("evaluation:read"))]
Appraiser = Annotated[Principal, Depends(require("evaluation:appraise"))]
RoundKeeper = Annotated[Principal, Depends(require("evaluation:round"))]
UnitVoice = Annotated[Principal, Depends(require("evaluation:clarify"))]


async def _reader_or_unit(principal: Annotated[Principal | None, Depends(who)]) -> Principal:
    if principal is None:
        raise unauthorized()
    if principal.may("evaluation:read") or principal.may("evaluation:clarify"):
        return principal
    return await require("evaluation:read")(principal)


ReaderOrUnit = Annotated[Principal, Depends(_reader_or_unit)]
"""Who may read evaluations, or speaks for a unit (and then sees that unit only)."""


def check_speaks_for(principal: Principal, unit: str) -> None:
    """403 unless the principal is of this unit: nobody speaks for another one."""
    if principal.unit is None:
        detail = Text("Chỉ cán bộ của đơn vị được gửi.", "Only somebody of the unit can do this.")
        raise Problem(403, detail=detail)
    check_reach(principal, unit=unit)
