"""What a simulated unit writes into its report: plausible numbers that keep the plan's own identities. Pure.

Numbers grow through the year towards (and for good units beyond) the targets; units differ in ability. Everything
is drawn from the seed, so the same obligation always has the same content, however often it is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from deploy.simulate.behaviour import Action, chance, kind_of
from deploy.simulate.identities import identities, keep
from shared.plan.inspection import InspectionRule
from shared.plan.model import Form, Indicator, LevelMap, Plan, Steps
from shared.plan.periods import Period
from shared.plan.units import UnitInput

PERIODS_IN_YEAR = {"monthly": 12, "quarterly": 4, "half_year": 2, "nine_months": 1, "annual": 1}
HEADCOUNT_UNKNOWN = 60
INCIDENT_SHARE = 0.03
"""Share of reports that tell of a serious incident: one that every unit had would tell nobody where to look."""

Row = dict[str, Any]


class Author:
    """Writes the reports of all simulated units of one plan."""

    def __init__(self, plan: Plan, units: Iterable[UnitInput], *, seed: int) -> None:
        self._plan = plan
        self._units = {unit.code: unit for unit in units}
        self._seed = seed
        self._files: dict[str, bytes] = {}
        self._identities = identities(plan)
        self._incidents = frozenset(code for rule in plan.inspection for code in _incidents_of(rule))
        self._limited = frozenset(i.code for i in plan.indicators() if i.type == "ratio" and not i.allow_over_100)

    def report(self, action: Action) -> dict[str, Any]:
        """The body of the request that carries out `action`."""
        head: dict[str, Any] = {
            "plan": self._plan.code,
            "form": action.form,
            "unit": action.unit,
            "period": action.period,
        }
        if action.what == "nil":
            return {**head, "nil": True, "nil_reason": "Không phát sinh số liệu trong kỳ", "values": []}
        rows = self._rows(action)
        return {**head, "values": rows, "explanations": self._explanations()}

    def _rows(self, action: Action) -> list[Row]:
        form = self._plan.form(action.form)
        period = Period.parse(action.period)
        if action.what == "copy":
            return self._copied(form, action.unit, period)
        if action.what == "wrong":
            return _spoiled(self.write(form, action.unit, period), self._limited)
        return self.write(form, action.unit, period, variant=1 if action.what == "amend" else 0)

    def _copied(self, form: Form, unit: str, period: Period) -> list[Row]:
        """The report of the period before; an honest one where there is none, or only one of the year before, whose
        running totals would be far too large for a year that has just begun."""
        before = period.previous()
        standing = self._standing(form, unit, before) if before.year == period.year else None
        return standing or self.write(form, unit, period)

    def _standing(self, form: Form, unit: str, period: Period) -> list[Row] | None:
        """What the unit has on record for a period; None where it sent nothing or a nil return."""
        kind = kind_of(self._seed, unit, form.code, period.code)
        if kind in ("missing", "nil"):
            return None
        if kind == "copied":
            return self._copied(form, unit, period)
        return self.write(form, unit, period, variant=1 if kind == "amended" else 0)

    def write(self, form: Form, unit: str, period: Period, *, variant: int = 0) -> list[Row]:
        """An honest report: every applicable indicator of the form, the plan's identities kept."""
        peer_group = self._units[unit].peer_group
        rows = {
            indicator.code: self._row(indicator, unit, period, variant)
            for indicator in self._plan.form_indicators(form, peer_group)
        }
        self._keep_identities(rows)
        return [row for row in rows.values() if _has_meaning(row, self._plan.indicator(row["indicator"]))]

    def _row(self, indicator: Indicator, unit: str, period: Period, variant: int) -> Row:
        row: Row = {"indicator": indicator.code}
        level = self._level(indicator, unit, period, variant)
        if indicator.is_quotient:
            row |= self._quotient(indicator, unit, period, level)
            if indicator.time == "cumulative_ytd":
                row["numerator"] = self._total(indicator, unit, period)
        else:
            row["value"] = self._value(indicator, unit, period, level)
        if indicator.evidence.required:
            row["evidence"] = self._evidence(indicator, unit, period)
        return row

    def _level(self, indicator: Indicator, unit: str, period: Period, variant: int) -> float:
        """How well the unit does at this, 1 meaning just at its target: ability, practice, luck, and the season."""
        ability = 0.62 + 0.5 * chance(self._seed, "ability", unit)
        luck = 0.30 * (chance(self._seed, "luck", unit, indicator.code) - 0.5)
        season = 0.05 * (_step(period) - 1)
        noise = 0.08 * (chance(self._seed, "noise", unit, indicator.code, period.code, variant) - 0.5)
        return max(0.02, ability + luck + season + noise)

    def _quotient(self, indicator: Indicator, unit: str, period: Period, level: float) -> Row:
        denominator = self._denominator(indicator, unit, period)
        target = indicator.target(period.year, unit)
        ratio = level * (target / indicator.scale if target is not None else 40.0 if indicator.type == "rate" else 3.0)
        if indicator.type == "ratio" and not indicator.allow_over_100:
            ratio = min(1.0, ratio)
        return {"numerator": round(denominator * ratio), "denominator": denominator}

    def _total(self, indicator: Indicator, unit: str, period: Period) -> int:
        """A running total does not fall within the year, whatever this period's luck; amendments leave it alone."""
        total = 0
        while True:
            level = self._level(indicator, unit, period, variant=0)
            total = max(total, int(self._quotient(indicator, unit, period, level)["numerator"]))
            before = period.previous()
            if before.year != period.year:
                return total
            period = before

    def _denominator(self, indicator: Indicator, unit: str, period: Period) -> int:
        """The same words mean the same number: units count their staff, computers and papers once a period."""
        assert indicator.denominator is not None
        label = indicator.denominator.vi
        headcount = self._units[unit].headcount or HEADCOUNT_UNKNOWN
        if "CBCCVC" in label and "Tổng số" in label and "hồ sơ" not in label:
            return headcount
        base = max(4, round(headcount * (0.4 + 1.4 * chance(self._seed, "size", unit, label))))
        if indicator.time == "stock":
            return base
        step = _step(period) if indicator.time == "cumulative_ytd" else 1
        wobble = 0.85 + 0.3 * chance(self._seed, "volume", unit, label, period.code)
        return max(2, round(base * step * (wobble if indicator.time == "flow" else 1)))

    def _value(self, indicator: Indicator, unit: str, period: Period, level: float) -> float:
        if indicator.code in self._incidents:
            return float(chance(self._seed, "incident", unit, indicator.code, period.code) < INCIDENT_SHARE)
        draw = chance(self._seed, "value", unit, indicator.code, period.year)
        if indicator.type == "boolean":
            return 1.0 if draw < 0.35 + 0.4 * level else 0.0
        if isinstance(indicator.method, LevelMap):
            levels = sorted(entry.level for entry in indicator.method.levels)
            return float(levels[min(len(levels) - 1, int(draw * 0.6 * len(levels) + 0.5 * level * len(levels)))])
        share = 1 / PERIODS_IN_YEAR[indicator.frequency] if indicator.time == "flow" else 1.0
        if isinstance(indicator.method, Steps):
            return float(round(level * indicator.method.steps[-1].at_least * share))
        target = indicator.target(period.year, unit) or 0.0
        if indicator.direction == "lower":
            value = max(0.0, target * (2 - level) * (share if indicator.type == "count" else 1.0))
        else:
            value = max(target, 1.0) * level * share
        return float(round(value)) if indicator.type == "count" or indicator.integer else round(value, 1)

    def _evidence(self, indicator: Indicator, unit: str, period: Period) -> Row:
        kind = "document_number" if indicator.evidence.kind == "any" else indicator.evidence.kind
        number = 1 + int(chance(self._seed, "evidence", unit, indicator.code, period.code) * 900)
        references = {
            "document_number": f"{number}/QĐ-{unit}",
            "url": f"https://{unit.lower()}.units.example/{indicator.code.lower()}",
            "file": f"{indicator.code}-{period.code}.txt",
        }
        row: Row = {"kind": kind, "reference": references[kind]}
        if kind == "file":
            content = f"{unit}|{indicator.code}|{period.code}".encode()
            row["sha256"] = hashlib.sha256(content).hexdigest()
            self._files[row["sha256"]] = content
        return row

    def files_of(self, report: dict[str, Any]) -> list[tuple[str, bytes]]:
        """Names and contents of the text files that a report of this author gives as evidence."""
        named = [row["evidence"] for row in report["values"] if row.get("evidence", {}).get("kind") == "file"]
        return [(evidence["reference"], self._files[evidence["sha256"]]) for evidence in named]

    def _keep_identities(self, rows: dict[str, Row]) -> None:
        """Bring the numbers in line with the plan's identities. Limits come last: they only lower a number, so that
        neither a part nor what was limited by it grows past its own limit again."""
        for identity in self._identities:
            if identity[0] == "equals":
                keep(rows, identity)
        for code, row in rows.items():
            if code in self._limited and "numerator" in row:
                row["numerator"] = min(row["numerator"], row["denominator"])
        for identity in self._identities:
            if identity[0] == "at_most":
                keep(rows, identity)

    def _explanations(self) -> dict[str, str]:
        return {rule.code: "Số liệu đã được đơn vị rà soát" for rule in self._plan.validation if rule.explain}


def _incidents_of(rule: InspectionRule) -> Iterable[str]:
    """The indicators that a rule about serious incidents counts."""
    return rule.parameters.get("indicators", ()) if rule.signal == "security_incident" else ()


def _step(period: Period) -> int:
    """1 for the first period of its frequency in the year, 2 for the second, ..."""
    return period.last_month * PERIODS_IN_YEAR[period.frequency] // 12 or 1


def _has_meaning(row: Row, indicator: Indicator) -> bool:
    """A quotient over nothing is left out where the plan calls that not applicable."""
    return not (row.get("denominator") == 0 and indicator.empty_denominator == "not_applicable")


def _spoiled(rows: list[Row], limited: frozenset[str]) -> list[Row]:
    """The typing error that inspectors see most: numerator and denominator swapped or one digit too many."""
    for row in rows:
        if row["indicator"] in limited and row["denominator"] > 0:
            row["numerator"] = row["denominator"] * 10
            break
    return rows
