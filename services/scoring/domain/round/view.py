"""What recomputation and editions see of a round: one frozen read model.

Whoever needs it declares a Protocol `Rounds` with `async def of(plan, year, *, as_of_ms=None) -> RoundView`;
`repository/rounds_view.py` is the implementation. A (plan, year) without a round is DRAFT: `RoundView(plan, year)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.scoring.domain.appraised import Appraised
from shared.events.score import EvaluationPhase

CLOSED: frozenset[EvaluationPhase] = frozenset({"SEALED", "PUBLISHED", "CORRECTED"})
"""Phases in which the sealed numbers stand and nothing below them may be written."""


@dataclass(frozen=True, slots=True)
class RoundView:
    """The round of (plan, year) as it stands, or stood at the `as_of_ms` that was asked for. Instants are epoch ms.

    `revision` is 0 without a round. `deadlines`: `self_scoring_opens`, `self_scoring_closes`, `appraisal_opens`,
    `appraisal_closes`, `clarification_opens`, `clarification_closes` -> instant; empty without a round.
    `cut_off_day`: the last day (ISO) whose evidence counts.
    `appraised`: what takes the place of the reported values in the final layer, by (unit, indicator), one row each.
    `unsettled`: how many requests are undecided and criteria without a referee; it must be 0 before sealing.
    """

    plan: str
    year: int
    phase: EvaluationPhase = "DRAFT"
    revision: int = 0
    opened_at_ms: int | None = None
    entered_at_ms: int | None = None
    deadlines: Mapping[str, int] = field(default_factory=dict)
    cut_off_day: str | None = None
    appraised: tuple[Appraised, ...] = ()
    unsettled: int = 0

    @property
    def exists(self) -> bool:
        """Whether a round was opened."""
        return self.revision > 0

    @property
    def closed(self) -> bool:
        """Whether the sealed numbers stand: no score is announced any more, every write is refused."""
        return self.phase in CLOSED
