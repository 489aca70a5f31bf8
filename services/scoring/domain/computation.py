"""One computation of an evaluation with all that identifies it: from what stands in the store to what is announced."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.inputs import Sources, as_of_ms, gather, inputs_sha256
from services.scoring.domain.ledger import next_change_ms
from services.scoring.domain.phase import FIRST, provisional
from services.scoring.domain.summary import mean, peer_contents, unit_contents
from shared.plan.model import Plan

NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Computation:
    """`now_ms` decides only what is due. `next_change_ms` is when that changes next."""

    evaluation: Evaluation
    sources: Sources
    now_ms: int
    inputs_sha256: str
    as_of_ms: int
    provisional: bool
    next_change_ms: int | None

    def units(self) -> list[dict[str, Any]]:
        """The content of every unit's score, in the order of the cohort."""
        return unit_contents(self.evaluation, provisional=self.provisional)

    def content(self) -> dict[str, Any]:
        """Everything of an `EvaluationState` that the inputs determine."""
        evaluation = self.evaluation
        peers = [{**peer, "bands": _keys(peer["bands"])} for peer in peer_contents(evaluation)]
        return {
            "plan_version": evaluation.plan.version,
            "phase": FIRST,
            "provisional": self.provisional,
            "units": len(evaluation.cohort.units),
            "ranked": int((evaluation.ranking.rank > 0).sum()),
            "mean_index": mean(evaluation.published),
            "peers": peers,
            "inputs_sha256": self.inputs_sha256,
            "as_of_ms": self.as_of_ms,
        }


def compute(plan: Plan, plan_sha256: str, year: int, sources: Sources, now_ms: int) -> Computation:
    """Compute the evaluation as of `now_ms`. The same sources and dues give the same content."""
    return Computation(
        evaluation=evaluate(plan, year, gather(plan, sources, now_ms)),
        sources=sources,
        now_ms=now_ms,
        inputs_sha256=inputs_sha256(plan_sha256, sources, now_ms),
        as_of_ms=as_of_ms(sources, now_ms),
        provisional=provisional(FIRST),
        next_change_ms=next_change_ms(sources.obligations, now_ms),
    )


def _keys(bands: dict[str, int]) -> dict[str, int]:
    """Band codes as keys that the store takes: letters, digits and `_`."""
    return {NOT_IN_KEYS.sub("_", code): count for code, count in bands.items()}
