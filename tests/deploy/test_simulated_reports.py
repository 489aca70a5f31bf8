"""Every report of a simulated year passes every error rule of the plan, except those that are meant to be wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from deploy.simulate.behaviour import Action, actions
from deploy.simulate.content import Author
from deploy.simulate.identities import identities
from services.intake.domain.checks.context import Context, Values
from services.intake.domain.submission import ReportInput
from services.intake.domain.units import state_of
from services.intake.domain.validation import Verdict, validate
from shared.plan.calendar import obligation_instants, periods_in_force, unit_in_period
from shared.plan.load import load_plan
from shared.plan.model import Form, Plan
from shared.plan.periods import Period
from shared.plan.units import UnitInput, read_units

PLANS = Path(__file__).parents[2] / "deploy" / "plans"
MIC = load_plan((PLANS / "mic-2011-2015.yaml").read_text(encoding="utf-8"))
UNITS = {unit.code: unit for unit in read_units((PLANS / "units.csv").read_text(encoding="utf-8"))}


@dataclass
class Intake:
    """What intake's rules would have said, one report after the other."""

    plan: Plan
    author: Author
    standing: dict[tuple[str, str, str], Values | None] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def send(self, action: Action) -> tuple[ReportInput, Verdict | None]:
        """The request, strictly parsed, and the verdict; None for a nil return."""
        given = ReportInput.model_validate_json(orjson.dumps(self.author.report(action)))
        place = (action.unit, action.form, action.period)
        if given.nil:
            self.standing[place] = None
            return given, None
        values = tuple(value.reported() for value in given.values)
        verdict = validate(values, self._context(action), "ATOMIC")
        if verdict.is_accepted:
            self.standing[place] = {value.indicator: value for value in values}
            self.files |= {v.evidence.sha256: action.unit for v in values if v.evidence and v.evidence.sha256}
        return given, verdict

    def _context(self, action: Action) -> Context:
        form, period = self.plan.form(action.form), Period.parse(action.period)
        unit = state_of(UNITS[action.unit], revision=1)
        return Context(
            plan=self.plan,
            catalogue={indicator.code: indicator for indicator in self.plan.indicators()},
            form=form,
            unit=unit,
            year=period.year,
            expected=self.plan.form_indicators(form, unit.peer_group),
            values={},
            given=frozenset(),
            previous=self._earlier(action, period.previous()),
            previous_year=period.previous().year,
            year_before=self._earlier(action, period.year_before()),
            evidence_elsewhere={file: unit for file, unit in self.files.items() if unit != action.unit},
            period=period.code,
        )

    def _earlier(self, action: Action, period: Period) -> Values | None:
        return self.standing.get((action.unit, action.form, period.code))


def owed(plan: Plan, form: Form, unit: UnitInput, years: range) -> Iterator[Period]:
    for year in years:
        for period in periods_in_force(plan, form, year):
            instants = obligation_instants(plan, form, period, unit.time_zone)
            if unit_in_period(
                unit.valid_from, unit.valid_to, instants.first_day, instants.last_day, form.partial_period
            ):
                yield period


def years_of(plan: Plan, seed: int, years: range) -> list[Action]:
    found: list[Action] = []
    for unit in UNITS.values():
        for form in plan.forms:
            for period in owed(plan, form, unit, years):
                at = obligation_instants(plan, form, period, unit.time_zone)
                found += actions(
                    seed=seed,
                    unit=unit.code,
                    form=form.code,
                    period=period.code,
                    open_at_ms=at.open_at_ms,
                    period_end_ms=at.period_end_ms,
                    due_at_ms=at.due_at_ms,
                    zone=ZoneInfo(unit.time_zone),
                )
    return sorted(found, key=lambda action: (action.at_ms, action.unit, action.form))


def errors(verdict: Verdict | None) -> set[str]:
    return {found.code for found in verdict.findings if found.severity == "ERROR"} if verdict else set()


@pytest.mark.parametrize(("seed", "years"), [(2016, range(2011, 2013)), (1, range(2011, 2012)), (7, range(2015, 2016))])
def test_only_the_reports_that_are_meant_to_be_wrong_break_an_error_rule(seed: int, years: range) -> None:
    intake = Intake(MIC, Author(MIC, UNITS.values(), seed=seed))
    broken: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    for action in years_of(MIC, seed, years):
        _, verdict = intake.send(action)
        sent[action.what] += 1
        codes = errors(verdict)
        assert codes == ({"V02"} if action.what == "wrong" else set()), (action, codes)
        broken.update(codes)
    assert sent["report"] > 250
    assert broken["V02"] == sent["wrong"] > 0
    assert min(sent.values()) > 0
    assert {"copy", "amend", "nil"} <= set(sent)


def test_running_totals_do_not_fall_within_the_year_however_a_unit_behaves() -> None:
    author = Author(MIC, UNITS.values(), seed=2016)
    form = MIC.form("QUARTERLY")
    totals = [i.code for i in MIC.indicators() if i.time == "cumulative_ytd" and i.computed_by == "form"]
    for unit in UNITS:
        rows: list[dict[str, Any]] = [
            {
                row["indicator"]: row
                for row in author.write(form, unit, Period(2012, "quarterly", number), variant=variant)
            }
            for number in range(1, 5)
            for variant in (0, 1)
        ]
        for code in totals:
            numerators = [row[code]["numerator"] for row in rows if code in row]
            assert numerators == sorted(numerators), (unit, code)


def test_the_identities_are_read_from_checks_and_expressions_alike() -> None:
    found = identities(MIC)
    assert found == [
        ("equals", ("SVC-02", "denominator"), ("SVC-03", "denominator")),
        ("equals", ("FIN-02", "denominator"), ("FIN-01", "numerator")),
        ("at_most", ("SVC-03", "numerator"), ("SVC-02", "numerator")),
        ("at_most", ("SVC-04", "value"), ("SVC-03", "numerator")),
        ("at_most", ("FIN-02", "numerator"), ("FIN-02", "denominator")),
    ]
    document = MIC.model_dump(mode="json")
    document["validation"] = [
        {**_named("A"), "check": "same_denominator", "parameters": {"indicators": ["INF-01", "INF-04"]}},
        {**_named("B"), "check": "at_most", "parameters": {"left": "SVC-04.value", "right": "SVC-03.numerator"}},
        {**_named("C"), "expression": 'v["SVC-02"].numerator >= v["SVC-03"].numerator'},
        {**_named("D"), "expression": 'v["SVC-02"].numerator + 1.0 >= v["SVC-03"].numerator'},
        {**_named("E"), "expression": 'v["SVC-02"].numerator != v["SVC-03"].numerator'},
    ]
    assert identities(Plan.model_validate(document)) == [
        ("equals", ("INF-04", "denominator"), ("INF-01", "denominator")),
        ("at_most", ("SVC-04", "value"), ("SVC-03", "numerator")),
        ("at_most", ("SVC-03", "numerator"), ("SVC-02", "numerator")),
    ]


def _named(code: str) -> dict[str, Any]:
    return {"code": code, "severity": "error", "names": {"vi": code, "en": code}}


def test_serious_incidents_are_rare() -> None:
    """An alert that every unit has tells nobody where to look."""
    author = Author(MIC, UNITS.values(), seed=2016)
    form = MIC.form("QUARTERLY")
    counts = Counter(
        row["value"]
        for unit in UNITS.values()
        if form.applies(unit.peer_group)
        for number in (1, 2, 3, 4)
        for row in author.write(form, unit.code, Period(2011, "quarterly", number))
        if row["indicator"] == "SEC-03"
    )
    assert set(counts) == {0.0, 1.0}
    assert 0 < counts[1.0] < sum(counts.values()) / 10
