"""The weights of a plan's tree as one vector: a slot for every child of every node, and how they may be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.tree import Node, walk
from shared.plan.base import Model
from shared.plan.groups import Group, Manual, Scoring
from shared.plan.model import Plan

Weights = Mapping[str, Mapping[str, float]]
"""Node ("" for the index) -> child -> weight."""


class Uniform(Model):
    """Each weight moves by up to `spread` of itself either way; then the node's weights are normalised to their sum."""

    kind: Literal["uniform"]
    spread: Annotated[float, Field(gt=0, lt=1)] = 0.25


class Dirichlet(Model):
    """A node's weights are Dirichlet(kappa * w), w normalised: the larger `kappa`, the closer to the plan's."""

    kind: Literal["dirichlet"]
    kappa: Annotated[float, Field(gt=0, le=1e6)] = 100.0


class Experts(Model):
    """Nodes weighted by budget allocation take the points of one expert at random; the others keep their weights."""

    kind: Literal["experts"]


WeightNoise = Annotated[Uniform | Dirichlet | Experts, Field(discriminator="kind")]


@dataclass(frozen=True)
class Slots:
    """Every child of every node, the index first, then groups as the plan lists them.

    `first[k]` is where node k begins, `weight` is what the evaluation counted each child with.
    """

    nodes: tuple[str, ...]
    children: tuple[tuple[str, ...], ...]
    weight: Floats
    experts: Mapping[int, Floats]
    """Node number -> points, experts x children."""

    @cached_property
    def first(self) -> Ints:
        return np.concatenate(([0], np.cumsum([len(children) for children in self.children]))).astype(np.int64)

    @cached_property
    def at(self) -> dict[tuple[str, str], int]:
        """(node, child) -> slot."""
        pairs = [(node, child) for node, inside in zip(self.nodes, self.children, strict=True) for child in inside]
        return {pair: slot for slot, pair in enumerate(pairs)}

    def part(self, node: int) -> slice:
        return slice(int(self.first[node]), int(self.first[node + 1]))

    def normalised(self, weights: Floats) -> Floats:
        """Weights (draws x slots) such that every node's sum to what the plan's sum to."""
        starts = self.first[:-1]
        given, meant = np.add.reduceat(weights, starts, axis=1), np.add.reduceat(self.weight, starts)
        factor = np.where(given > 0, meant / np.where(given > 0, given, 1.0), 1.0)
        return np.asarray(weights * np.repeat(factor, np.diff(self.first), axis=1))

    def named(self, weights: Floats) -> dict[str, dict[str, float]]:
        """One vector by names."""
        return {
            node: dict(zip(self.children[k], weights[self.part(k)].tolist(), strict=True))
            for k, node in enumerate(self.nodes)
        }

    def vector(self, weights: Weights) -> Floats:
        """The vector with these weights, the others as they are. KeyError for a child that is not there."""
        found = self.weight.copy()
        for node, children in weights.items():
            for child, weight in children.items():
                found[self.at[node, child]] = weight
        return found


def slots_of(evaluation: Evaluation) -> Slots:
    """The slots of an evaluation with the weights that its tree counted, before the sets of single peer groups."""
    nodes = (evaluation.index, *walk(evaluation.index))
    children = tuple(tuple(child.code for child in node.children) for node in nodes)
    weights = [node.weights.values[code] for node, inside in zip(nodes, children, strict=True) for code in inside]
    experts = {at: points for at, node in enumerate(nodes) if (points := _experts(node)) is not None}
    return Slots(tuple(node.code for node in nodes), children, np.array(weights, dtype=np.float64), experts)


def draw_weights(slots: Slots, noise: Uniform | Dirichlet | Experts, draws: Draws, numbers: Sequence[int]) -> Floats:
    """Weights (draws x slots) of the draws of these numbers."""
    if isinstance(noise, Uniform):
        u = np.array([draws.uniform(number, len(slots.weight)) for number in numbers])
        return slots.normalised(slots.weight * (1.0 + noise.spread * (2.0 * u - 1.0)))
    if isinstance(noise, Dirichlet):
        starts, sizes = slots.first[:-1], np.diff(slots.first)
        sums = np.repeat(np.add.reduceat(slots.weight, starts), sizes)
        shapes = noise.kappa * slots.weight / np.where(sums > 0, sums, 1.0)
        return slots.normalised(np.array([draws.gamma(number, shapes) for number in numbers]))
    found = np.repeat(slots.weight[None, :], len(numbers), axis=0)
    for row, number in enumerate(numbers):
        chosen = draws.uniform(number, len(slots.nodes))
        for node, points in slots.experts.items():
            found[row, slots.part(node)] = points[min(int(chosen[node] * len(points)), len(points) - 1)]
    return slots.normalised(found)


def reweighted(plan: Plan, slots: Slots, weights: Weights) -> Plan:
    """The plan with these weights (of every node), as manual weights; not checked for coherence.

    A group of points inside points hands its own change on to what is inside. The weights of peer groups that have
    their own move by the same factors.
    """
    scoring = plan.scoring
    totals = {node: float(slots.weight[slots.part(k)].sum()) for k, node in enumerate(slots.nodes)}
    groups = _groups(scoring, plan.groups, weights[""], 1.0, (weights, totals))
    factor = {
        child: weights[node][child] / slots.weight[slot]
        for (node, child), slot in slots.at.items()
        if slots.weight[slot] > 0
    }
    sets = tuple(
        own.model_copy(update={"weights": {code: w * factor.get(code, 1.0) for code, w in own.weights.items()}})
        for own in scoring.weight_sets
    )
    changed = {"weighting": Manual(kind="manual"), "weight_sets": sets}
    return plan.model_copy(update={"groups": groups, "scoring": scoring.model_copy(update=changed)})


def _groups(
    parent: Group | Scoring,
    groups: Sequence[Group],
    own: Mapping[str, float],
    scale: float,
    given: tuple[Weights, Mapping[str, float]],
) -> tuple[Group, ...]:
    """`given`: the weights, and what each node's sum to in the plan, against which points inside points are scaled."""
    found = []
    for group in groups:
        weight, inside, total = own[group.code] * scale, given[0][group.code], given[1][group.code]
        summed = parent.aggregate == group.aggregate == "points" and total > 0
        inner = weight / total if summed else 1.0
        leaves = tuple(leaf.model_copy(update={"weight": inside[leaf.code] * inner}) for leaf in group.indicators)
        changed = {
            "weight": weight,
            "weighting": Manual(kind="manual"),
            "indicators": leaves,
            "groups": _groups(group, group.groups, inside, inner, given),
        }
        found.append(group.model_copy(update=changed))
    return tuple(found)


def _experts(node: Node) -> Floats | None:
    """The points of a node weighted by budget allocation, experts x children; an informational child has none."""
    source = node.spec.weighting
    if source.kind != "budget_allocation":
        return None
    values = np.array(list(node.weights.values.values()))
    counting = np.flatnonzero(values > 0) if len(source.experts[0].points) != len(values) else np.arange(len(values))
    points = np.array([expert.points for expert in source.experts], dtype=np.float64)
    if points.shape[1] != len(counting):
        return None
    found = np.zeros((len(points), len(values)))
    found[:, counting] = points
    return found
