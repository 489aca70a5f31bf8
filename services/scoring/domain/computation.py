"""One computation of an evaluation with all that identifies it: from what stands in the store to what is announced."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.scoring.domain.appraised import Layer
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.inputs import Sources, as_of_ms, gather, in_layer, inputs_sha256
from services.scoring.domain.layers import Override
from services.scoring.domain.ledger import next_change_ms
from services.scoring.domain.phase import FIRST, provisional
from services.scoring.domain.reference import Reference
from services.scoring.domain.summary import mean, optional, peer_contents, unit_contents
from shared.events.score import EvaluationPhase
from shared.plan.model import Plan

LAYERS: tuple[Layer, ...] = ("self", "appraised", "final")
NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Computation:
    """`now_ms` decides only what is due. `next_change_ms` is when that changes next.

    `evaluation` is the final layer. `reported` and `appraised` are the other two; where nothing was appraised
    `reported` is the same object as `evaluation`, and `appraised` is None. `overrides` say which cells were appraised.
    """

    evaluation: Evaluation
    sources: Sources
    now_ms: int
    inputs_sha256: str
    as_of_ms: int
    provisional: bool
    next_change_ms: int | None
    reported: Evaluation
    appraised: Evaluation | None = None
    overrides: Mapping[str, Override] = field(default_factory=dict)
    phase: EvaluationPhase = FIRST
    reference: Reference | None = None
    plan_sha256: str = ""

    def layer(self, layer: Layer) -> Evaluation | None:
        """The evaluation of a layer; None for the appraised one while nothing is appraised."""
        return {"self": self.reported, "appraised": self.appraised, "final": self.evaluation}[layer]

    def units(self) -> list[dict[str, Any]]:
        """The content of every unit's score, in the order of the cohort."""
        contents = unit_contents(self.evaluation, provisional=self.provisional)
        final, reported = optional(self.evaluation.published), optional(self.reported.published)
        appraised = optional(self.appraised.published) if self.appraised else [None] * len(final)
        for content, *layers in zip(contents, reported, appraised, final, strict=True):
            content["layers"] = dict(zip(LAYERS, layers, strict=True))
        self._mark_appraised(contents)
        return contents

    def content(self) -> dict[str, Any]:
        """Everything of an `EvaluationState` that the inputs determine."""
        evaluation = self.evaluation
        peers = [{**peer, "bands": _keys(peer["bands"])} for peer in peer_contents(evaluation)]
        return {
            "plan_version": evaluation.plan.version,
            "phase": self.phase,
            "provisional": self.provisional,
            "units": len(evaluation.cohort.units),
            "ranked": int((evaluation.ranking.rank > 0).sum()),
            "mean_index": mean(evaluation.published),
            "peers": peers,
            "inputs_sha256": self.inputs_sha256,
            "as_of_ms": self.as_of_ms,
        }

    def _mark_appraised(self, contents: Sequence[dict[str, Any]]) -> None:
        places = {code: place for place, code in enumerate(self.evaluation.leaves)}
        for code, override in self.overrides.items():
            for at in np.flatnonzero(override.appraised(len(contents))).tolist():
                contents[at]["indicators"][places[code]]["appraised"] = True


def compute(
    plan: Plan,
    plan_sha256: str,
    year: int,
    sources: Sources,
    now_ms: int,
    *,
    phase: EvaluationPhase = FIRST,
    reference: Reference | None = None,
) -> Computation:
    """Compute the evaluation as of `now_ms`. The same sources, dues, phase and reference give the same content.

    `reference`: frozen numbers of the last final, in a round that is not final itself.
    """
    inputs = gather(plan, sources, now_ms)
    final = evaluate(plan, year, inputs, reference=reference)
    others: list[Evaluation] = []
    if inputs.overrides:
        others = [
            evaluate(plan, year, in_layer(plan, inputs, sources, layer), reference=reference) for layer in LAYERS[:2]
        ]
    return Computation(
        evaluation=final,
        sources=sources,
        now_ms=now_ms,
        inputs_sha256=inputs_sha256(plan_sha256, sources, now_ms, reference=reference),
        as_of_ms=as_of_ms(sources, now_ms),
        provisional=provisional(phase),
        next_change_ms=next_change_ms(sources.owed, now_ms),
        reported=others[0] if others else final,
        appraised=others[1] if others else None,
        overrides=inputs.overrides,
        phase=phase,
        reference=reference,
        plan_sha256=plan_sha256,
    )


def _keys(bands: dict[str, int]) -> dict[str, int]:
    """Band codes as keys that the store takes: letters, digits and `_`."""
    return {NOT_IN_KEYS.sub("_", code): count for code, count in bands.items()}
