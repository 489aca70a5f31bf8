"""Ledger and accepted reports of one (plan, year) as arrays. The only place that loops over reported values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
import orjson

from services.scoring.domain.annual import KINDS, NIL, Reported
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.ledger import Owed, peer_groups
from shared.plan.model import Plan

Values = Sequence[Mapping[str, Any]]
Entry = tuple[int, int, int, float, float, float]
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Accepted:
    """One report that counts (approved or sealed): its content and where it came from.

    A value is `{"indicator", "status"?, "value"?, "numerator"?, "denominator"?}`; what was not given is absent.
    """

    report: str
    obligation: str
    version: int
    nil: bool
    received_at_ms: int
    changed_at_ms: int
    values: Values


@dataclass(frozen=True)
class Cohort:
    """The units of an evaluation, by code, and the number of each one's peer group in `peer_groups`."""

    units: tuple[str, ...]
    peer_groups: tuple[str, ...]
    peer: Ints

    @cached_property
    def position(self) -> dict[str, int]:
        return {unit: at for at, unit in enumerate(self.units)}

    def peer_group(self, at: int) -> str:
        return self.peer_groups[int(self.peer[at])]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the engine computes from. Indicator code -> entries and periods due; computed indicator -> two counts."""

    cohort: Cohort
    reported: Mapping[str, Reported]
    due: Mapping[str, Ints]
    counted: Mapping[str, tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Sources:
    """What stands in the store for one (plan, year): all obligations and the accepted reports, in any order."""

    obligations: tuple[Owed, ...]
    accepted: tuple[Accepted, ...]

    def standing(self) -> dict[str, tuple[Owed, Accepted]]:
        """Obligation -> itself and the report that counts for it; only what is owed."""
        owed = {entry.obligation: entry for entry in self.obligations if entry.expected}
        found: dict[str, tuple[Owed, Accepted]] = {}
        for report in sorted(self.accepted, key=lambda r: (r.received_at_ms, r.report)):
            if report.obligation in owed:
                found[report.obligation] = (owed[report.obligation], report)
        return found


def cohort_of(groups: Mapping[str, str]) -> Cohort:
    """The cohort of these units (unit -> peer group)."""
    units = tuple(sorted(groups))
    names = tuple(sorted(set(groups.values())))
    number = {name: at for at, name in enumerate(names)}
    return Cohort(units, names, np.array([number[groups[unit]] for unit in units], dtype=np.int64))


def source_forms(plan: Plan, peer_group: str) -> dict[str, str]:
    """Indicator -> the one form that it is taken from for a peer group.

    Of several forms that ask for it the one of its own frequency counts, then the first: summing two would count twice.
    """
    found: dict[str, str] = {}
    own: set[str] = set()
    for form in plan.forms:
        if form.applies_to and peer_group not in form.applies_to:
            continue
        for indicator in plan.form_indicators(form, peer_group):
            exact = form.frequency == indicator.frequency
            if indicator.code not in found or (exact and indicator.code not in own):
                found[indicator.code] = form.code
            if exact:
                own.add(indicator.code)
    return found


def gather(plan: Plan, sources: Sources, now_ms: int) -> Inputs:
    """The arrays of an evaluation as of `now_ms`."""
    cohort = cohort_of(peer_groups(sources.obligations))
    forms = [source_forms(plan, peer_group) for peer_group in cohort.peer_groups]
    entries: dict[str, list[Entry]] = {indicator.code: [] for indicator in plan.indicators()}
    for owed, report in sources.standing().values():
        at = cohort.position[owed.unit]
        wanted = forms[int(cohort.peer[at])]
        for code, entry in _cells(owed, report, wanted, at):
            entries[code].append(entry)
    return Inputs(
        cohort=cohort,
        reported={code: _columns(rows) for code, rows in entries.items()},
        due=_due(plan, cohort, forms, sources.obligations, now_ms),
        counted={
            "reports_on_time": _on_time(cohort, sources.obligations, now_ms),
            "findings_remedied": (np.zeros(len(cohort.units)), np.zeros(len(cohort.units))),
        },
    )


_OWED = attrgetter("obligation", "plan_version", "form", "unit", "peer_group", "period", "period_end_ms", "due_at_ms")


def inputs_sha256(plan_sha256: str, sources: Sources, now_ms: int) -> str:
    """Over everything that can change a number of the evaluation, in canonical order."""
    ledger = sorted([*_OWED(owed), owed.due(now_ms), owed.on_time] for owed in sources.obligations if owed.expected)
    reports = sorted([r.obligation, r.report, r.version, r.nil, list(r.values)] for _, r in sources.standing().values())
    content = orjson.dumps([plan_sha256, ledger, reports], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()


def as_of_ms(sources: Sources, now_ms: int) -> int:
    """The newest change among the inputs: of a report, of an obligation, or one becoming due."""
    instants = [r.changed_at_ms for _, r in sources.standing().values()]
    for owed in sources.obligations:
        if owed.expected:
            instants.append(owed.changed_at_ms)
            if owed.due(now_ms):
                instants.append(owed.due_at_ms)
    return max(instants, default=0)


def _cells(owed: Owed, report: Accepted, wanted: Mapping[str, str], at: int) -> Iterable[tuple[str, Entry]]:
    """What a report says about each indicator that is taken from its form; a nil report says nil of all the others."""
    end, form, named = owed.period_end_ms, owed.form, set()
    for value in report.values:
        code, told = value["indicator"], value.get
        if wanted.get(code) == form:
            named.add(code)
            kind = KINDS[told("status", "reported")]
            yield code, (at, end, kind, told("value", NAN), told("numerator", NAN), told("denominator", NAN))
    if report.nil:
        for code, source in wanted.items():
            if source == form and code not in named:
                yield code, (at, end, NIL, NAN, NAN, NAN)


def _columns(rows: list[Entry]) -> Reported:
    unit, end, kind, value, numerator, denominator = zip(*rows, strict=True) if rows else ((),) * 6
    return Reported(
        np.array(unit, dtype=np.int64),
        np.array(end, dtype=np.int64),
        np.array(kind, dtype=np.int8),
        np.array(value, dtype=np.float64),
        np.array(numerator, dtype=np.float64),
        np.array(denominator, dtype=np.float64),
    )


def _due(
    plan: Plan, cohort: Cohort, forms: Sequence[Mapping[str, str]], obligations: Iterable[Owed], now_ms: int
) -> dict[str, Ints]:
    by_form = {form.code: np.zeros(len(cohort.units), dtype=np.int64) for form in plan.forms}
    for owed in obligations:
        if owed.expected and owed.due(now_ms) and owed.form in by_form:
            by_form[owed.form][cohort.position[owed.unit]] += 1
    nothing = np.zeros(len(cohort.units), dtype=np.int64)
    due: dict[str, Ints] = {}
    for indicator in plan.indicators():
        rows = [by_form.get(wanted.get(indicator.code, ""), nothing) for wanted in forms]
        due[indicator.code] = np.choose(cohort.peer, rows) if 0 < len(rows) <= 30 else _choose(cohort.peer, rows)
    return due


def _choose(peer: Ints, rows: Sequence[Ints]) -> Ints:
    return np.array(rows)[peer, np.arange(len(peer))] if rows else np.zeros(0, dtype=np.int64)


def _on_time(cohort: Cohort, obligations: Iterable[Owed], now_ms: int) -> tuple[Floats, Floats]:
    numerator, denominator = np.zeros(len(cohort.units)), np.zeros(len(cohort.units))
    for owed in obligations:
        if owed.expected and owed.due(now_ms):
            at = cohort.position[owed.unit]
            denominator[at] += 1
            numerator[at] += owed.on_time
    return numerator, denominator
