"""One computation of an evaluation with all that identifies it: from what stands in the store to what is announced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.scoring.domain.appraised import Layer
from services.scoring.domain.cells import Ints
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.inputs import Sources, as_of_ms, gather, in_layer, inputs_sha256
from services.scoring.domain.layers import Override
from services.scoring.domain.ledger import next_change_ms
from services.scoring.domain.pace import Progress, progress_of
from services.scoring.domain.phase import FIRST, provisional
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.reference import Reference
from services.scoring.domain.saved import listing_order
from services.scoring.domain.summary import mean, optional, peer_contents, unit_contents
from shared.events.score import EvaluationPhase
from shared.plan.model import Plan

LAYERS: tuple[Layer, ...] = ("self", "appraised", "final")
UNITS_AT_ONCE = 1000
"""Contents held at one time."""
NOTHING_DUE = Progress({}, {})
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
    progress: Progress = NOTHING_DUE

    def layer(self, layer: Layer) -> Evaluation | None:
        """The evaluation of a layer; None for the appraised one while nothing is appraised."""
        return {"self": self.reported, "appraised": self.appraised, "final": self.evaluation}[layer]

    def units(self, at: Ints | None = None) -> list[dict[str, Any]]:
        """The content of the scores of the units at these positions; without them of all, in the cohort's order."""
        at = np.arange(len(self.evaluation.cohort.units)) if at is None else at
        contents = unit_contents(self.evaluation, at, provisional=self.provisional, progress=self._pace)
        final, reported = optional(self.evaluation.published[at]), optional(self.reported.published[at])
        appraised = optional(self.appraised.published[at]) if self.appraised else [None] * len(final)
        for content, *layers in zip(contents, reported, appraised, final, strict=True):
            content["layers"] = dict(zip(LAYERS, layers, strict=True))
        self._mark_appraised(contents, at)
        return contents

    @property
    def _pace(self) -> Progress | None:
        """A pace is told while something can still be done about it."""
        return self.progress if self.provisional else None

    def slices(self, order: Ints | None = None) -> Iterator[Ints]:
        """The positions of the cohort, or of `order`, few enough at a time for their contents to be held at once."""
        order = np.arange(len(self.evaluation.cohort.units)) if order is None else order
        return (order[first : first + UNITS_AT_ONCE] for first in range(0, len(order), UNITS_AT_ONCE))

    def orders(self) -> list[str]:
        """What each unit is sorted by in a list: peer group, rank as it is shown, code."""
        cohort, shown = self.evaluation.cohort, self.evaluation.shown
        ranks = np.where(shown, self.evaluation.ranking.rank, UNRANKED).tolist()
        places = zip(cohort.peer.tolist(), ranks, cohort.units, strict=True)
        return [listing_order(cohort.peer_groups[peer], rank or None, unit) for peer, rank, unit in places]

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
            "plan_sha256": self.plan_sha256,
            "inputs_sha256": self.inputs_sha256,
            "as_of_ms": self.as_of_ms,
        }

    def _mark_appraised(self, contents: Sequence[dict[str, Any]], at: Ints) -> None:
        places = {code: place for place, code in enumerate(self.evaluation.leaves)}
        for code, override in self.overrides.items():
            for row in np.flatnonzero(override.appraised(len(self.evaluation.cohort.units))[at]).tolist():
                contents[row]["indicators"][places[code]]["appraised"] = True


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
        next_change_ms=_next_change_ms(sources, now_ms),
        reported=others[0] if others else final,
        appraised=others[1] if others else None,
        overrides=inputs.overrides,
        phase=phase,
        reference=reference,
        plan_sha256=plan_sha256,
        progress=progress_of(plan, inputs, sources, now_ms),
    )


def _next_change_ms(sources: Sources, now_ms: int) -> int | None:
    """The next instant at which time alone changes the evaluation: a report or a remedy becomes due."""
    ahead = [finding.next_change_ms for finding in sources.findings if not finding.due(now_ms)]
    first = next_change_ms(sources.owed, now_ms)
    return min(ahead if first is None else [first, *ahead], default=None)


def _keys(bands: dict[str, int]) -> dict[str, int]:
    """Band codes as keys that the store takes: letters, digits and `_`."""
    return {NOT_IN_KEYS.sub("_", code): count for code, count in bands.items()}
