"""Whether the weights of a plan are weights: percentages, experts, comparisons, sets of single peer groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations as pairs_of

from shared.plan.faults import PathKey, did_you_mean
from shared.plan.groups import BudgetAllocation, Combination, FromData, Manual, PairwiseComparison
from shared.plan.model import Group, Indicator, Plan
from shared.plan.pairwise import judged

_Finding = tuple[PathKey, str, str | None]
Combinations = Sequence[tuple[PathKey, Combination, tuple[Group, ...], tuple[Indicator, ...]]]

NOISE = 1e-9
TIMES_MAX = 9.0


def weight_findings(plan: Plan, nodes: Combinations) -> Iterator[_Finding]:
    """What is wrong with the weights of the index and of every group."""
    for path, spec, groups, indicators in nodes:
        codes = [one.code for one in indicators if one.method.kind != "informational"]
        codes += [one.code for one in groups]
        weights = [one.weight for one in indicators] + [one.weight for one in groups]
        yield from _source(path, spec, codes, weights)
    yield from _sets(plan, nodes)


def _source(path: PathKey, spec: Combination, codes: list[str], weights: list[float]) -> Iterator[_Finding]:
    here, source = (*path, "weighting"), spec.weighting
    if isinstance(source, Manual):
        yield from _manual(path, spec, source, weights)
        return
    if spec.aggregate == "points":
        yield here, "points are declared, they have no other source", "write `aggregate: arithmetic`, or leave it out"
    elif isinstance(source, BudgetAllocation):
        yield from _experts(here, source, codes)
    elif isinstance(source, PairwiseComparison):
        yield from _comparisons(here, source, codes)
    elif isinstance(source, FromData) and len(codes) < 2:
        yield here, f"{source.kind} weighs children against each other, and there is one", "leave it out"


def _manual(path: PathKey, spec: Combination, source: Manual, weights: list[float]) -> Iterator[_Finding]:
    total = math.fsum(weights)
    if total <= 0 and not (isinstance(spec, Group) and spec.weight == 0):
        yield path, "all weights inside are 0, so there is nothing to count", "give one of them a weight"
    elif source.unit == "percent" and abs(total - 100.0) > NOISE:
        yield (
            (*path, "weighting"),
            f"the weights inside sum to {total:.12g} %, not to 100 %",
            "mend them; they are not stretched",
        )


def _experts(here: PathKey, source: BudgetAllocation, codes: list[str]) -> Iterator[_Finding]:
    for at, expert in enumerate(source.experts):
        path: PathKey = (*here, "experts", at, "points")
        if len(expert.points) != len(codes):
            says = f"there are {len(codes)} children, the expert gives points to {len(expert.points)}"
            yield path, says, f"give points to {', '.join(codes)}, in this order"
        elif abs(math.fsum(expert.points) - 100.0) > NOISE:
            yield path, f"the points sum to {math.fsum(expert.points):.12g}, not to 100", None


def _comparisons(here: PathKey, source: PairwiseComparison, codes: list[str]) -> Iterator[_Finding]:
    seen: set[frozenset[str]] = set()
    faults: list[_Finding] = []
    for at, one in enumerate(source.comparisons):
        path: PathKey = (*here, "comparisons", at)
        for key, code in (("first", one.first), ("second", one.second)):
            if code not in codes:
                hint = did_you_mean(code, codes) or f"the children are {', '.join(codes)}"
                faults.append(((*path, key), f"there is no child `{code}` to compare", hint))
        pair = frozenset((one.first, one.second))
        if len(pair) == 1:
            faults.append((path, f"`{one.first}` is compared with itself", "leave it out"))
        elif pair in seen:
            faults.append((path, f"{one.first} and {one.second} are compared twice", "keep one of the two"))
        seen.add(pair)
        if not 1 / TIMES_MAX - NOISE <= one.times <= TIMES_MAX + NOISE:
            faults.append(((*path, "times"), "one thing matters 1/9 to 9 times as much as another", None))
    missing = [pair for pair in pairs_of(codes, 2) if frozenset(pair) not in seen]
    if missing:
        says = f"{len(missing)} pairs are not compared, such as {missing[0][0]} and {missing[0][1]}"
        faults.append(((*here, "comparisons"), says, "compare every pair once"))
    yield from faults or _consistent(here, source, codes)


def _consistent(here: PathKey, source: PairwiseComparison, codes: list[str]) -> Iterator[_Finding]:
    ratio = judged(codes, source.comparisons).inconsistency
    if ratio > source.inconsistency_max:
        says = f"the judgements contradict each other: consistency ratio {ratio:.3f} > {source.inconsistency_max:g}"
        yield (*here, "comparisons"), says, "mend the comparisons that do not follow from the others"


def _sets(plan: Plan, nodes: Combinations) -> Iterator[_Finding]:
    """Weights of single peer groups: their codes, that nobody is in two, and that something remains to count."""
    scoring, taken = plan.scoring, set[str]()
    if scoring.weight_sets and scoring.rank_within == "all":
        says = "peer groups with weights of their own cannot be ranked with the others"
        yield ("scoring", "rank_within"), says, "write `rank_within: peer_group`, or drop weight_sets"
    peers = [peer.code for peer in plan.peer_groups]
    for at, one in enumerate(scoring.weight_sets):
        path: PathKey = ("scoring", "weight_sets", at)
        for number, peer in enumerate(one.peer_groups):
            if peer not in peers:
                yield (*path, "peer_groups", number), f"there is no peer group `{peer}`", did_you_mean(peer, peers)
            elif peer in taken:
                yield (*path, "peer_groups", number), f"`{peer}` is in two sets", "leave it in one"
            taken.add(peer)
        yield from _set(path, one.weights, nodes)


def _set(path: PathKey, weights: dict[str, float], nodes: Combinations) -> Iterator[_Finding]:
    homes = {one.code: spec for _, spec, groups, leaves in nodes for one in (*_coded(groups), *_coded(leaves))}
    for code in weights:
        here: PathKey = (*path, "weights", code)
        if code not in homes:
            yield here, f"there is no group or indicator `{code}`", did_you_mean(code, homes)
        elif homes[code].weighting.kind not in ("manual", "equal"):
            says = f"its siblings have weights from {homes[code].weighting.kind}"
            yield here, says, "sets replace weights that are declared, not those that are derived"
    for _, spec, groups, leaves in nodes:
        inside = [(one.code, one.weight) for one in (*_coded(groups), *_coded(leaves))]
        touched = any(code in weights for code, _ in inside)
        if touched or (spec.aggregate == "points" and isinstance(spec, Group) and spec.code in weights):
            total = math.fsum(weights.get(code, weight) for code, weight in inside)
            yield from _remains(path, spec, total, weights)


def _remains(path: PathKey, spec: Combination, total: float, weights: dict[str, float]) -> Iterator[_Finding]:
    name = spec.code if isinstance(spec, Group) else "the index"
    if total <= 0:
        yield (*path, "weights"), f"no weight remains in {name}", "give one of its children a weight"
    elif spec.aggregate == "points" and isinstance(spec, Group):
        own = weights.get(spec.code, spec.weight)
        if abs(total - own) > NOISE:
            says = f"in this set the points inside {name} sum to {total:g}, it has {own:g}"
            yield (*path, "weights"), says, "let them agree"


def _coded(children: Iterable[Group] | Iterable[Indicator]) -> list[Group | Indicator]:
    return list(children)
