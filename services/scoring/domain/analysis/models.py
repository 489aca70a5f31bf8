"""One evaluation as a model that can be run again and again with other weights and switches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from services.scoring.domain.analysis.prepare import prepare
from services.scoring.domain.analysis.prepared import Prepared
from services.scoring.domain.analysis.products import index_rows
from services.scoring.domain.analysis.ranking import FULL_DECIMALS, Ranker, Ranks
from services.scoring.domain.analysis.slots import Slots, reweighted, slots_of
from services.scoring.domain.analysis.variations import Case, Switch, switched
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.overall import tie_breaks


@dataclass(frozen=True, slots=True)
class Drawn:
    """What draws are ranked by, each draws x units: the index, and the scores of each of the plan's tie-breaks."""

    index: Floats
    breaks: tuple[Floats, ...] = ()

    def put(self, at: Sequence[int], some: Drawn) -> None:
        """Write some draws into their rows."""
        for mine, theirs in zip((self.index, *self.breaks), (some.index, *some.breaks), strict=True):
            mine[at] = theirs


@dataclass(frozen=True, slots=True)
class Ready:
    """Ready for other weights. A tie-break is a group, or the shares of an indicator, which no weight moves."""

    index: Prepared
    breaks: tuple[Prepared | Floats, ...]

    def drawn(self, weights: Floats) -> Drawn:
        return Drawn(index_rows(self.index, weights), tuple(self._rows(each, weights) for each in self.breaks))

    def _rows(self, each: Prepared | Floats, weights: Floats) -> Floats:
        if isinstance(each, Prepared):
            return index_rows(each, weights)
        return np.broadcast_to(each, (len(weights), len(each)))


def drawn_by_engine(evaluations: Sequence[Evaluation]) -> Drawn:
    """One draw for each of these evaluations, of the same units by plans that rank alike."""
    rows = [(each.full, *tie_breaks(each.plan.scoring, each.index, each.leaves)) for each in evaluations]
    index, *breaks = (np.array(row) for row in zip(*rows, strict=True))
    return Drawn(index, tuple(breaks))


class Models:
    """Draws of an evaluation: by products where only weights and switches vary, by the engine where more does."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._ready: dict[Switch, Ready | None] = {}
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
        peers = max(len(cohort.peer_groups), 1) if within else 1
        return Ranker(peer, peers, decimals, dense=scoring.rank_rule == "dense")

    @cached_property
    def ranks(self) -> Ints:
        """Ranks of the evaluation itself."""
        return np.asarray(self.ranked(drawn_by_engine([self.case.evaluation]))[0], dtype=np.int64)

    @property
    def rule(self) -> dict[str, Any]:
        """How the ranks of an analysis are counted: said in every answer.

        By the plan's own rule and tie-breaks. A fractional rank stands beside the competition rank, which is the one
        that everything sorts by, here too.
        """
        scoring = self.case.plan.scoring
        return {
            "rank_rule": "dense" if scoring.rank_rule == "dense" else "competition",
            "plan_rank_rule": scoring.rank_rule,
            "tie_break": list(scoring.tie_break),
        }

    def of(self, switch: Switch) -> Case:
        """The evaluation with the switch thrown."""
        if switch not in self._cases:
            plan = switched(self.case.plan, switch)
            self._cases[switch] = self.case.changed(plan)
        return self._cases[switch]

    def ready(self, switch: Switch) -> Ready | None:
        """Ready for other weights; None where the engine has to compute every draw."""
        if switch not in self._ready:
            self._ready[switch] = _made_ready(self.of(switch).evaluation)
        return self._ready[switch]

    def drawn(self, switches: Sequence[Switch], weights: Floats) -> Drawn:
        """Each row of the weights (draws x slots) under its switch."""
        kinds = list(dict.fromkeys(switches))
        if len(kinds) == 1:
            return self._under(kinds[0], weights)
        shape = (len(weights), len(self.case.evaluation.cohort.units))
        found = Drawn(np.empty(shape), tuple(np.empty(shape) for _ in self.case.plan.scoring.tie_break))
        for switch in kinds:
            at = [row for row, own in enumerate(switches) if own == switch]
            found.put(at, self._under(switch, weights[at]))
        return found

    def ranked(self, drawn: Drawn) -> Ranks:
        """Ranks (draws x units) by the plan's rule."""
        return self.ranker.rows(drawn.index, drawn.breaks)

    def _under(self, switch: Switch, weights: Floats) -> Drawn:
        ready = self.ready(switch)
        if ready is not None:
            return ready.drawn(weights)
        case = self.of(switch)
        plans = [reweighted(case.plan, self.slots, self.slots.named(row)) for row in weights]
        return drawn_by_engine([case.again(plan) for plan in plans])


def _made_ready(evaluation: Evaluation) -> Ready | None:
    index = prepare(evaluation)
    if index is None:
        return None
    breaks: list[Prepared | Floats] = []
    for code in evaluation.plan.scoring.tie_break:
        own = evaluation.leaves[code].share if code in evaluation.leaves else prepare(evaluation, code)
        assert own is not None, "a plan whose index can be made ready has groups that can"
        breaks.append(own)
    return Ready(index, tuple(breaks))
