"""Whether the tree of a plan can be computed: what would otherwise be found out when a year is scored.

Aggregates and their parameters, weights, coverage, bands, ranks, and weights of single peer groups.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.plan.check_weights import weight_findings
from shared.plan.faults import PathKey, did_you_mean
from shared.plan.groups import Combination
from shared.plan.model import Group, Indicator, Plan

_Finding = tuple[PathKey, str, str | None]

POWER_MAX = 100.0
WITH_ZEROS = frozenset({"geometric", "harmonic", "power"})
"""Aggregates that a zero policy says something about."""
PLACES = frozenset({"borda", "copeland"})
"""Aggregates that give places, not amounts."""


def group_findings(plan: Plan) -> Iterator[_Finding]:
    """What is wrong with the groups and the scoring section of the plan."""
    for path, spec, groups, indicators in combinations(plan):
        for check in (_aggregate, _power, _order, _zero, _coverage):
            yield from check(path, spec, len(groups) + len(counting(indicators)))
        if spec.aggregate == "points":
            yield from _under_points(path, groups)
        if spec.zero_policy == "error":
            yield from _zero_of_missing(plan, path, groups, indicators)
    yield from weight_findings(plan, list(combinations(plan)))
    for rule in (_shared_codes, _ranks, _bands, _confidence):
        yield from rule(plan)


def combinations(
    plan: Plan,
) -> Iterator[tuple[PathKey, Combination, tuple[Group, ...], tuple[Indicator, ...]]]:
    """The index and every group: path, how it is made, groups and indicators inside."""

    def walk(
        path: PathKey, group: Group
    ) -> Iterator[tuple[PathKey, Combination, tuple[Group, ...], tuple[Indicator, ...]]]:
        yield path, group, group.groups, group.indicators
        for at, child in enumerate(group.groups):
            yield from walk((*path, "groups", at), child)

    yield ("scoring",), plan.scoring, plan.groups, ()
    for at, group in enumerate(plan.groups):
        yield from walk(("groups", at), group)


def counting(indicators: tuple[Indicator, ...]) -> list[Indicator]:
    """Those that weigh something: the informational ones never do."""
    return [one for one in indicators if one.method.kind != "informational"]


def _aggregate(path: PathKey, spec: Combination, children: int) -> Iterator[_Finding]:
    if spec.aggregate != "mean_min" and spec.minimum_share != 0.5:
        yield (*path, "minimum_share"), f"{spec.aggregate} has no use for it", "leave it out, or use `mean_min`"


def _power(path: PathKey, spec: Combination, children: int) -> Iterator[_Finding]:
    here = (*path, "power")
    if spec.aggregate == "power" and spec.power is None:
        yield path, "aggregate `power` needs an exponent", "add `power: ...`, such as 0.5; 0 is the geometric mean"
    if spec.aggregate != "power" and spec.power is not None:
        yield here, f"{spec.aggregate} has no exponent", "leave `power` out, or write `aggregate: power`"
    if spec.power is not None and not abs(spec.power) <= POWER_MAX:
        yield here, f"an exponent is between -{POWER_MAX:g} and {POWER_MAX:g}", "for the extremes use `minimum`"


def _order(path: PathKey, spec: Combination, children: int) -> Iterator[_Finding]:
    here, given = (*path, "order_weights"), len(spec.order_weights)
    if spec.aggregate != "owa":
        if given:
            yield here, f"{spec.aggregate} has no order weights", "leave them out, or write `aggregate: owa`"
        return
    if given != children:
        says = f"owa needs an order weight for each of the {children} children, there are {given}"
        yield here if given else path, says, "list them from the best child to the worst"
    elif sum(spec.order_weights) <= 0:
        yield here, "the order weights must sum to more than 0", None


def _zero(path: PathKey, spec: Combination, children: int) -> Iterator[_Finding]:
    if spec.zero_policy != "strict" and spec.aggregate not in WITH_ZEROS:
        hint = "leave it out: it is for geometric, harmonic and power"
        yield (*path, "zero_policy"), f"a zero is no matter to {spec.aggregate}", hint


def _coverage(path: PathKey, spec: Combination, children: int) -> Iterator[_Finding]:
    if spec.min_children > children:
        says = f"{spec.min_children} children are asked for, there are {children}"
        yield (*path, "min_children"), says, "it would never have a score"
    if spec.coverage_by == "count" and spec.min_coverage == 0:
        yield (*path, "coverage_by"), "no coverage is asked for", "add `min_coverage: ...`, or leave it out"


def _under_points(path: PathKey, groups: tuple[Group, ...]) -> Iterator[_Finding]:
    prefix: PathKey = () if path == ("scoring",) else path
    for at, group in enumerate(groups):
        if group.aggregate in PLACES:
            says = f"{group.aggregate} gives places among the units, which are not points"
            yield (*prefix, "groups", at, "aggregate"), says, "put it under a mean, or use points here"


def _zero_of_missing(
    plan: Plan, path: PathKey, groups: tuple[Group, ...], indicators: tuple[Indicator, ...]
) -> Iterator[_Finding]:
    """`zero_policy: error` where the first report that is missing would make a zero."""
    above = _policy_above(plan, path)
    policies = [indicator.missing or above for indicator in counting(indicators)] + [above for _ in groups]
    if any(policy in ("zero", "void") for policy in policies):
        says = "missing values score 0 here, so the first of them would make the plan uncomputable"
        yield (*path, "zero_policy"), says, "write `missing: reweight`, or another zero_policy"


def _policy_above(plan: Plan, path: PathKey) -> str:
    policy: str = plan.scoring.missing
    groups = plan.groups
    for at in (part for part in path if isinstance(part, int)):
        policy, groups = groups[at].missing or policy, groups[at].groups
    return policy


def _shared_codes(plan: Plan) -> Iterator[_Finding]:
    """A group and an indicator of one code: weights, ties and contributions could not tell them apart."""
    codes = {indicator.code for indicator in plan.indicators()}
    for path, spec, _, _ in combinations(plan):
        if isinstance(spec, Group) and spec.code in codes:
            yield (*path, "code"), f"`{spec.code}` is a group and an indicator", "give one of them another code"


def known_codes(plan: Plan) -> set[str]:
    """Codes of groups and of indicators that count."""
    groups = {spec.code for _, spec, _, _ in combinations(plan) if isinstance(spec, Group)}
    return groups | {indicator.code for indicator in counting(plan.indicators())}


def _ranks(plan: Plan) -> Iterator[_Finding]:
    known, seen = known_codes(plan), set[str]()
    for at, code in enumerate(plan.scoring.tie_break):
        here: PathKey = ("scoring", "tie_break", at)
        if code not in known:
            hint = did_you_mean(code, known) or "name groups and indicators that count"
            yield here, f"there is no group or indicator `{code}` to break ties by", hint
        elif code in seen:
            yield here, f"`{code}` is used twice", "it cannot decide the second time"
        seen.add(code)


def _bands(plan: Plan) -> Iterator[_Finding]:
    scoring = plan.scoring
    if scoring.bands_from != "fixed" and len(scoring.bands) < 2:
        says = f"bands from {scoring.bands_from} need at least two bands"
        yield ("scoring", "bands_from"), says, "list `bands`, or leave it out"
    if scoring.band_guardrail is not None and scoring.bands_from == "fixed":
        yield ("scoring", "band_guardrail"), "fixed cuts do not move", "leave it out, or set `bands_from`"
    if scoring.band_hysteresis > 0 and not scoring.bands:
        yield ("scoring", "band_hysteresis"), "there are no bands", "list `bands`, or leave it out"
    widths = [high.at_least - low.at_least for high, low in zip(scoring.bands, scoring.bands[1:], strict=False)]
    if scoring.bands_from == "fixed" and widths and scoring.band_hysteresis >= min(widths):
        says = f"the narrowest band is {min(widths):g} wide, a unit could stay beyond it"
        yield ("scoring", "band_hysteresis"), says, "make it smaller than every band"


def _confidence(plan: Plan) -> Iterator[_Finding]:
    best, middle, worst = plan.scoring.confidence.grades
    if not best > middle > worst:
        here: PathKey = ("scoring", "confidence", "grades")
        yield here, "the limits of grades A, B and C must fall", "such as [0.9, 0.75, 0.6]"
