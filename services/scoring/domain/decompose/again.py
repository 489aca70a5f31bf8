"""An evaluation computed once more another way: by the plan version of another, from other sources."""

from __future__ import annotations

from services.scoring.domain.computation import Computation
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.inputs import Inputs, gather
from services.scoring.domain.sources import Sources


def by_method_of(other: Computation, held: Computation, sources: Sources | None = None) -> Evaluation:
    """`held` by the plan version and the frozen numbers of `other`; from other `sources` where given."""
    plan, year = other.evaluation.plan, held.evaluation.year
    return evaluate(plan, year, gather(plan, sources or held.sources, held.now_ms), reference=other.evaluation.frozen)


def same_method(one: Computation, other: Computation) -> bool:
    """Whether the two were computed by the same plan version with the same frozen numbers."""
    left, right = one.evaluation, other.evaluation
    return left.plan == right.plan and left.frozen == right.frozen


def inputs_of(held: Computation) -> Inputs:
    """The arrays that it was computed from."""
    return gather(held.evaluation.plan, held.sources, held.now_ms)


def with_inputs(held: Computation, inputs: Inputs) -> Evaluation:
    """The same evaluation from other arrays."""
    return evaluate(held.evaluation.plan, held.evaluation.year, inputs, reference=held.evaluation.frozen)
