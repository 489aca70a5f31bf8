"""Coherence of a plan: what holds between its parts and cannot be seen in one of them. Pure; tells all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from shared.plan.calendar import obligation_instants, periods_in_force
from shared.plan.check_groups import group_findings
from shared.plan.check_inspection import inspection_findings
from shared.plan.check_rules import rule_findings
from shared.plan.check_scoring import scoring_findings
from shared.plan.faults import PathKey, did_you_mean
from shared.plan.model import CODE_PATTERN, TARGET_METHODS, Form, Group, Indicator, LinearToTarget, LowerIsBetter, Plan
from shared.plan.working_days import working_days_of

Finding = tuple[PathKey, str, str | None]
"""Where, what, and how to mend it."""

FIRST_YEAR, LAST_YEAR = 1900, 2200
YEARS_MAX = 100


def incoherences(plan: Plan) -> list[Finding]:
    """Everything that does not fit together, in no particular order; empty for a plan that may be published."""
    found = [
        *_codes(plan),
        *_frame(plan),
        *_indicators(plan),
        *_forms(plan),
        *rule_findings(plan),
        *inspection_findings(plan),
        *scoring_findings(plan),
        *group_findings(plan),
    ]
    if not found:  # instants can be computed only once every reference resolves
        found = list(_instants(plan))
    return found


def years_in_force(plan: Plan) -> range:
    """The years that the plan version is in force for; of an open-ended one, its first year."""
    last = plan.effective.last or plan.effective.first
    return range(plan.effective.first.year, last.year + 1)


def indicator_paths(plan: Plan) -> Iterator[tuple[PathKey, Indicator]]:
    """Every indicator with its path in the document."""

    def walk(path: PathKey, group: Group) -> Iterator[tuple[PathKey, Indicator]]:
        for position, indicator in enumerate(group.indicators):
            yield (*path, "indicators", position), indicator
        for position, child in enumerate(group.groups):
            yield from walk((*path, "groups", position), child)

    for position, group in enumerate(plan.groups):
        yield from walk(("groups", position), group)


def _group_paths(plan: Plan) -> Iterator[tuple[PathKey, Group]]:
    def walk(path: PathKey, group: Group) -> Iterator[tuple[PathKey, Group]]:
        yield path, group
        for position, child in enumerate(group.groups):
            yield from walk((*path, "groups", position), child)

    for position, group in enumerate(plan.groups):
        yield from walk(("groups", position), group)


def _codes(plan: Plan) -> Iterator[Finding]:
    yield from _twice(((*path, "code"), group.code) for path, group in _group_paths(plan))
    yield from _twice(((*path, "code"), indicator.code) for path, indicator in indicator_paths(plan))
    for key in ("peer_groups", "regimes", "forms", "ladders", "validation", "inspection"):
        listed: tuple[Any, ...] = getattr(plan, key)
        yield from _twice(((key, at, "code"), item.code) for at, item in enumerate(listed))
    yield from _twice((("scoring", "bands", at, "code"), band.code) for at, band in enumerate(plan.scoring.bands))
    yield from _twice((("digests", at, "audience"), digest.audience) for at, digest in enumerate(plan.digests))
    for position, ladder in enumerate(plan.ladders):
        yield from _twice((("ladders", position, "rungs", at, "code"), r.code) for at, r in enumerate(ladder.rungs))


def _twice(codes: Iterable[tuple[PathKey, str]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, code in codes:
        if code in seen:
            yield path, f"`{code}` is used twice", "give each its own"
        seen.add(code)


def _frame(plan: Plan) -> Iterator[Finding]:
    """The plan's own keys: zone, holidays, standing body, range, points."""
    try:
        ZoneInfo(plan.time_zone)
    except (KeyError, ValueError, OSError):
        yield ("time_zone",), f"unknown time zone {plan.time_zone!r}", "use an IANA name such as Asia/Ho_Chi_Minh"
    try:
        working_days_of(plan.holidays)
    except ValueError as err:
        yield ("holidays", "country"), str(err), None
    for day in sorted(set(plan.holidays.extra_days_off) & set(plan.holidays.swapped_working_days)):
        yield ("holidays",), f"{day} is both a day off and a working day", "remove it from one of the lists"
    if plan.standing_body is not None and not re.fullmatch(CODE_PATTERN, plan.standing_body):
        yield ("standing_body",), f"{plan.standing_body!r} is not the code of a unit", "use capitals, such as TTTT"
    if not all(FIRST_YEAR <= year <= LAST_YEAR for year in (years_in_force(plan)[0], years_in_force(plan)[-1])):
        yield ("effective",), f"a plan is in force between {FIRST_YEAR} and {LAST_YEAR}", None
    if len(years_in_force(plan)) > YEARS_MAX:
        yield ("effective",), f"a plan may be in force for {YEARS_MAX} years at most", None
    total = sum(group.weight for group in plan.groups)
    if plan.scoring.aggregate == "points" and abs(total - plan.scoring.scale_max) > 1e-9:
        says = f"the groups have {total:g} points in all, scale_max says {plan.scoring.scale_max:g}"
        yield ("scoring", "scale_max"), says, f"write `scale_max: {total:g}` or mend the points"


def unknown(path: PathKey, what: str, code: str, known: Iterable[str]) -> Iterator[Finding]:
    """A finding when `code` is not among the known ones."""
    codes = list(known)
    if code not in codes:
        listed = f"the plan has {', '.join(codes[:12])}" if codes else f"the plan has no {what}"
        yield path, f"there is no {what} `{code}`", did_you_mean(code, codes) or listed


def _indicators(plan: Plan) -> Iterator[Finding]:
    peers = [peer.code for peer in plan.peer_groups]
    for path, indicator in indicator_paths(plan):
        for at, peer in enumerate(indicator.applies_to):
            yield from unknown((*path, "applies_to", at), "peer group", peer, peers)
        yield from _targets(plan, path, indicator)
        units = ((*path, "target_overrides", at, "unit") for at in range(len(indicator.target_overrides)))
        yield from _twice(zip(units, (own.unit for own in indicator.target_overrides), strict=True))
        yield from _on_one_form(plan, path, indicator)


def _targets(plan: Plan, path: PathKey, indicator: Indicator) -> Iterator[Finding]:
    if indicator.method.kind not in TARGET_METHODS:
        return
    lacking = [year for year in years_in_force(plan) if year not in indicator.targets]
    if lacking:
        years = ", ".join(map(str, lacking))
        yield (*path, "targets"), f"no target for {years}", f"{indicator.method.kind} needs one for each year in force"
    for at, own in enumerate(indicator.target_overrides):
        here: PathKey = (*path, "target_overrides", at, "targets")
        for year, target in own.targets.items():
            if isinstance(indicator.method, LowerIsBetter) and target >= indicator.method.worst:
                says = f"lower_is_better needs worst > target; {target:g} is not below it"
                yield (*here, str(year)), says, None
            if isinstance(indicator.method, LinearToTarget) and target < 0:
                yield (*here, str(year)), "linear_to_target needs targets >= 0", None


def _on_one_form(plan: Plan, path: PathKey, indicator: Indicator) -> Iterator[Finding]:
    """An indicator that units fill in stands on exactly one form of each peer group that it applies to."""
    if indicator.computed_by != "form":
        return
    for peer in (peer.code for peer in plan.peer_groups if indicator.applies(peer.code)):
        forms = [form.code for form in plan.forms if _carries(plan, form, peer, indicator.code)]
        if len(forms) != 1:
            says = "on no form" if not forms else f"on several forms: {', '.join(forms)}"
            hint = f"let exactly one form carry {indicator.code}, which is {indicator.frequency}"
            yield path, f"for peer group {peer} the indicator {indicator.code} is {says}", hint
            return


def _carries(plan: Plan, form: Form, peer: str, code: str) -> bool:
    return form.applies(peer) and any(found.code == code for found in plan.form_indicators(form, peer))


def _forms(plan: Plan) -> Iterator[Finding]:
    peers = [peer.code for peer in plan.peer_groups]
    indicators = {indicator.code: indicator for indicator in plan.indicators()}
    for position, form in enumerate(plan.forms):
        path: PathKey = ("forms", position)
        for at, peer in enumerate(form.applies_to):
            yield from unknown((*path, "applies_to", at), "peer group", peer, peers)
        for at, code in enumerate(form.indicators):
            here: PathKey = (*path, "indicators", at)
            yield from unknown(here, "indicator", code, indicators)
            yield from _fits_form(here, form, indicators.get(code))
        if not form.indicators and not any(i.frequency == form.frequency for i in indicators.values()):
            yield path, f"no indicator is {form.frequency}, so the form is empty", "list `indicators`, or drop the form"
        if form.ladder is not None:
            yield from unknown((*path, "ladder"), "ladder", form.ladder, [ladder.code for ladder in plan.ladders])
        yield from _form_regime(plan, path, form)


def _fits_form(path: PathKey, form: Form, indicator: Indicator | None) -> Iterator[Finding]:
    if indicator is None:
        return
    if indicator.computed_by != "form":
        yield path, f"{indicator.code} is computed by us, units do not fill it in", "take it off the form"
    elif indicator.frequency != form.frequency:
        yield path, f"{indicator.code} is {indicator.frequency}, the form is {form.frequency}", None


def _form_regime(plan: Plan, path: PathKey, form: Form) -> Iterator[Finding]:
    regimes = {regime.code: regime for regime in plan.regimes}
    yield from unknown((*path, "regime"), "regime", form.regime, regimes)
    regime = regimes.get(form.regime)
    if regime is None:
        return
    if form.frequency not in regime.periods:
        hint = f"add `periods: {{{form.frequency}: ...}}` to the regime"
        yield (*path, "frequency"), f"regime {regime.code} does not say what a {form.frequency} period is", hint
    if form.tier not in regime.deadlines:
        yield from unknown((*path, "tier"), f"tier of regime {regime.code}", form.tier, regime.deadlines)
    elif form.frequency not in regime.deadlines[form.tier]:
        says = f"regime {regime.code} has no {form.frequency} deadline for tier {form.tier}"
        yield (*path, "tier"), says, f"it has {', '.join(regime.deadlines[form.tier])}"


def _instants(plan: Plan) -> Iterator[Finding]:
    """Each obligation opens before it is due and does not lock before its grace ends; told once for each form."""
    for position, form in enumerate(plan.forms):
        periods = [period for year in years_in_force(plan) for period in periods_in_force(plan, form, year)]
        for period in periods:
            instants = obligation_instants(plan, form, period, plan.time_zone)
            if instants.first_day > instants.last_day:
                yield ("forms", position), f"in {period} the period ends before it begins", "mend the regime's periods"
                break
            if instants.open_at_ms > instants.due_at_ms:
                says = f"in {period} the form is due before it opens"
                yield ("forms", position, "open_days_before_close"), says, "open more days before the close"
                break
            if instants.lock_at_ms is not None and instants.lock_at_ms < instants.grace_end_ms:
                says = f"in {period} the form locks before its grace ends"
                yield ("forms", position, "lock_days"), says, "raise lock_days, or write null for never"
                break
