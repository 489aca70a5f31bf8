"""One evaluation as a model that can be run again and again with other weights and switches."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from services.scoring.domain.analysis.prepare import prepare
from services.scoring.domain.analysis.prepared import Prepared
from services.scoring.domain.analysis.products import index_rows
from services.scoring.domain.analysis.ranking import FULL_DECIMALS, Ranker
from services.scoring.domain.analysis.slots import Slots, reweighted, slots_of
from services.scoring.domain.analysis.variations import Case, Switch, switched
from services.scoring.domain.cells import Floats, Ints


class Models:
    """Draws of an evaluation: by products where only weights and switches vary, by the engine where more does."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._prepared: dict[Switch, Prepared | None] = {}
        self._cases: dict[Switch, Case] = {Switch(): case}

    @cached_property
    def slots(self) -> Slots:
        return slots_of(self.case.evaluation)

    @cached_property
    def ranker(self) -> Ranker:
        scoring, cohort = self.case.plan.scoring, self.case.evaluation.cohort
        within = scoring.rank_within == "peer_group"
        peer = cohort.peer if within else np.zeros(len(cohort.units), dtype=np.int64)
        decimals = scoring.decimals if scoring.rank_on == "published" else FULL_DECIMALS
        return Ranker(peer, max(len(cohort.peer_groups), 1) if within else 1, decimals)

    @cached_property
    def ranks(self) -> Ints:
        """Competition ranks of the evaluation itself."""
        return np.asarray(self.ranker.rows(self.case.evaluation.full[None, :])[0], dtype=np.int64)

    @property
    def rule(self) -> dict[str, Any]:
        """How the ranks of an analysis are counted, beside the plan's rule: said in every answer.

        Draws are ranked by competition on the index alone. A tie-break or another rule would cost every draw its node
        scores, and moves ranks by places that tied units share anyway.
        """
        scoring = self.case.plan.scoring
        return {
            "rank_rule": "competition",
            "plan_rank_rule": scoring.rank_rule,
            "plan_tie_break": list(scoring.tie_break),
        }

    def of(self, switch: Switch) -> Case:
        """The evaluation with the switch thrown."""
        if switch not in self._cases:
            plan = switched(self.case.plan, switch)
            self._cases[switch] = self.case.changed(plan)
        return self._cases[switch]

    def prepared(self, switch: Switch) -> Prepared | None:
        """Ready for other weights; None where the engine has to compute every draw."""
        if switch not in self._prepared:
            self._prepared[switch] = prepare(self.of(switch).evaluation)
        return self._prepared[switch]

    def index(self, switch: Switch, weights: Floats) -> Floats:
        """Indices (draws x units) for weights (draws x slots) under a switch."""
        prepared = self.prepared(switch)
        if prepared is not None:
            return index_rows(prepared, weights)
        case = self.of(switch)
        return np.array([case.again(reweighted(case.plan, self.slots, self.slots.named(row))).full for row in weights])
