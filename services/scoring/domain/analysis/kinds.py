"""Every kind of analysis: its parameters, and how it is made of a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from services.scoring.domain.analysis.alternatives import Alternatives, AlternativesParameters
from services.scoring.domain.analysis.audit import Audit, AuditParameters
from services.scoring.domain.analysis.dual_run import DualRun, DualRunParameters
from services.scoring.domain.analysis.forecast import Forecast, ForecastParameters
from services.scoring.domain.analysis.intervals import IntervalParameters, Intervals
from services.scoring.domain.analysis.leave_one_out import LeaveOneOut, LeaveOneOutParameters
from services.scoring.domain.analysis.outcome import Analysis
from services.scoring.domain.analysis.sobol import Sobol, SobolParameters
from services.scoring.domain.analysis.variations import Case
from services.scoring.domain.analysis.what_if import WhatIf, WhatIfParameters
from services.scoring.domain.ledger import Owed
from services.scoring.domain.reference import Reference
from shared.plan.base import Model

Kind = Literal[
    "rank_intervals",
    "sensitivity",
    "leave_one_out",
    "alternatives",
    "what_if",
    "dual_run",
    "audit",
    "forecast",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Material:
    """What an analysis may need. `other` is the same year by another plan version; `ledger` goes back some years."""

    case: Case
    run: str
    now_ms: int
    other: Case | None = None
    ledger: Iterable[Owed] = ()
    last_final: Reference | None = None


PARAMETERS: dict[Kind, type[Model]] = {
    "rank_intervals": IntervalParameters,
    "sensitivity": SobolParameters,
    "leave_one_out": LeaveOneOutParameters,
    "alternatives": AlternativesParameters,
    "what_if": WhatIfParameters,
    "dual_run": DualRunParameters,
    "audit": AuditParameters,
    "forecast": ForecastParameters,
}


def make(kind: Kind, parameters: Any, given: Material) -> Analysis:
    """The analysis; Refusal where its parameters do not fit the case."""
    return _MAKERS[kind](parameters, given)


def _dual_run(_parameters: DualRunParameters, given: Material) -> Analysis:
    assert given.other is not None
    return DualRun(given.case, given.other)


def _audit(parameters: AuditParameters, given: Material) -> Analysis:
    return Audit(given.case, parameters, posts_before=given.last_final.posts if given.last_final else None)


_MAKERS: dict[Kind, Callable[[Any, Material], Analysis]] = {
    "rank_intervals": lambda parameters, given: Intervals(given.case, parameters, run=given.run),
    "sensitivity": lambda parameters, given: Sobol(given.case, parameters, run=given.run),
    "leave_one_out": lambda parameters, given: LeaveOneOut(given.case, parameters),
    "alternatives": lambda parameters, given: Alternatives(given.case, parameters),
    "what_if": lambda parameters, given: WhatIf(given.case, parameters),
    "dual_run": _dual_run,
    "audit": _audit,
    "forecast": lambda parameters, given: Forecast(given.ledger, parameters, now_ms=given.now_ms),
}
