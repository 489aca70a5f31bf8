"""What recomputation has to know of sealed editions: whose numbers stand, and which numbers are frozen. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events.score import EvaluationPhase

ANEW: frozenset[EvaluationPhase] = frozenset({"FINAL_REVIEW", "SEALED", "PUBLISHED", "CORRECTED"})
"""Phases whose numbers are final: what is taken from data is derived anew. What is reviewed is what is sealed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The edition whose numbers stand. `inputs_at_ms` is the `now_ms` of the computation that was sealed."""

    edition: str
    inputs_sha256: str
    inputs_at_ms: int
