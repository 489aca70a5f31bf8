"""Where an evaluation stands, and what that means for its numbers."""

from __future__ import annotations

from shared.events.score import EvaluationPhase

FIRST: EvaluationPhase = "DRAFT"
"""Every evaluation is computed from the first report on; the round that appraises and seals it comes later."""

_SEALED = frozenset({"SEALED", "PUBLISHED", "CORRECTED"})


def provisional(phase: str) -> bool:
    """Whether the scores may still change: until the evaluation is sealed, however complete the reports are."""
    return phase not in _SEALED
