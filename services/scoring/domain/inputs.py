"""Ledger and accepted reports of one (plan, year) as arrays. Nothing loops over single values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import fsum

import numpy as np

from services.scoring.domain.annual import NIL, Reported
from services.scoring.domain.appraised import Layer
from services.scoring.domain.bands import LastYear
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.digest import as_of_ms, inputs_sha256
from services.scoring.domain.earlier import history_of
from services.scoring.domain.findings import Finding
from services.scoring.domain.impute import History
from services.scoring.domain.last_year import last_year_of
from services.scoring.domain.layers import Override, overrides
from services.scoring.domain.ledger import Owed, peer_groups
from services.scoring.domain.rows import Rows, layout_of, taken_from, unnamed_of
from services.scoring.domain.sources import Accepted, Sources, Values
from shared.plan.model import Plan

__all__ = [
    "Accepted",
    "Cohort",
    "Inputs",
    "Sources",
    "Values",
    "as_of_ms",
    "cohort_of",
    "gather",
    "in_layer",
    "inputs_sha256",
    "source_forms",
]


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

    @cached_property
    def peer_group_of(self) -> tuple[str, ...]:
        """The peer group of every unit."""
        return tuple(self.peer_groups[number] for number in self.peer.tolist())


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the engine computes from. Indicator code -> entries and periods due; computed indicator -> two counts.

    `overrides`: indicator code -> what appraisers put in place of its annual column, in this layer. `history`: final
    values of earlier years. `last_year`: what bands may depend on of the year before.
    """

    cohort: Cohort
    reported: Mapping[str, Reported]
    due: Mapping[str, Ints]
    counted: Mapping[str, tuple[Floats, Floats]]
    overrides: Mapping[str, Override] = field(default_factory=dict)
    history: History = field(default_factory=History)
    last_year: LastYear = field(default_factory=LastYear)


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


def gather(plan: Plan, sources: Sources, now_ms: int, *, layer: Layer = "final") -> Inputs:
    """The arrays of one layer of an evaluation as of `now_ms`."""
    cohort = cohort_of(peer_groups(sources.owed))
    forms = [source_forms(plan, peer_group) for peer_group in cohort.peer_groups]
    return Inputs(
        cohort=cohort,
        reported=_reported(plan, cohort, forms, sources),
        due=_due(plan, cohort, forms, sources.owed, now_ms),
        counted={
            "reports_on_time": _on_time(cohort, sources.owed, now_ms),
            "findings_remedied": _remedied(cohort, sources.findings, now_ms),
        },
        overrides=overrides(plan, cohort.position, sources.appraised, layer),
        history=history_of(cohort.position, sources.earlier),
        last_year=last_year_of(sources.last_year),
    )


def in_layer(plan: Plan, inputs: Inputs, sources: Sources, layer: Layer) -> Inputs:
    """The same inputs in another layer."""
    return replace(inputs, overrides=overrides(plan, inputs.cohort.position, sources.appraised, layer))


def _reported(plan: Plan, cohort: Cohort, forms: Sequence[Mapping[str, str]], sources: Sources) -> dict[str, Reported]:
    """Indicator -> entries. The columns of the reports are laid end to end, then dealt out to their indicators."""
    codes = [indicator.code for indicator in plan.indicators()]
    number = {code: at for at, code in enumerate(codes)}
    taken = {
        (form.code, peer): taken_from(form.code, wanted, number)
        for form in plan.forms
        for peer, wanted in enumerate(forms)
    }
    layouts: dict[tuple[str, str, int], list[int]] = {}
    rows = Rows()
    for owed, report in sources.standing().values():
        at = cohort.position[owed.unit]
        named, kinds, value, numerator, denominator = report.cells.columns
        key = (named, owed.form, int(cohort.peer[at]))
        layout = layouts.get(key)
        if layout is None:
            layout = layouts[key] = layout_of(named, taken.get(key[1:], {}))
        rows.add(at, owed.period_end_ms, layout, kinds, (value, numerator, denominator))
        if report.nil:
            unnamed = unnamed_of(named, taken.get(key[1:], {}))
            rows.add(at, owed.period_end_ms, unnamed, str(NIL) * len(unnamed), ((), (), ()))
    return rows.dealt(codes)


def _due(
    plan: Plan, cohort: Cohort, forms: Sequence[Mapping[str, str]], owed: Sequence[Owed], now_ms: int
) -> dict[str, Ints]:
    """Periods past due. A period in which the unit existed for some days is one period here, whatever it counts."""
    units = len(cohort.units)
    due: dict[str, list[int]] = {form.code: [] for form in plan.forms}
    for entry in owed:
        if entry.due_at_ms < now_ms and entry.form in due:
            due[entry.form].append(cohort.position[entry.unit])
    by_form = {form: np.bincount(np.array(at, dtype=np.int64), minlength=units) for form, at in due.items()}
    nothing = np.zeros(units, dtype=np.int64)
    found: dict[str, Ints] = {}
    for indicator in plan.indicators():
        rows = [by_form.get(wanted.get(indicator.code, ""), nothing) for wanted in forms]
        found[indicator.code] = _choose(cohort.peer, rows)
    return found


def _choose(peer: Ints, rows: Sequence[Ints]) -> Ints:
    return np.array(rows)[peer, np.arange(len(peer))] if rows else np.zeros(0, dtype=np.int64)


def _on_time(cohort: Cohort, owed: Sequence[Owed], now_ms: int) -> tuple[Floats, Floats]:
    """Shares of the reports on time, and of those due, exactly summed as intake's rates are."""
    on_time: list[list[float]] = [[] for _ in cohort.units]
    due: list[list[float]] = [[] for _ in cohort.units]
    for entry in owed:
        if entry.due_at_ms < now_ms:
            at = cohort.position[entry.unit]
            due[at].append(entry.share)
            if entry.on_time:
                on_time[at].append(entry.share)
    return _sums(on_time), _sums(due)


def _sums(parts: Sequence[Sequence[float]]) -> Floats:
    return np.array([fsum(each) for each in parts], dtype=np.float64)


def _remedied(cohort: Cohort, findings: Sequence[Finding], now_ms: int) -> tuple[Floats, Floats]:
    """Findings remedied on time, and findings due, of the units in the cohort."""
    numerator, denominator = np.zeros(len(cohort.units)), np.zeros(len(cohort.units))
    for finding in findings:
        at = cohort.position.get(finding.unit)
        if at is not None and finding.due(now_ms):
            denominator[at] += 1
            numerator[at] += finding.on_time
    return numerator, denominator
