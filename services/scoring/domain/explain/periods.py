"""What a value was made from: reports, with the periods due without one and those still to come; or findings."""

from __future__ import annotations

from typing import Any

from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.findings import Finding
from services.scoring.domain.inputs import Accepted, Sources, source_forms
from services.scoring.domain.ledger import Owed
from shared.plan.model import Indicator


def periods(
    evaluation: Evaluation, indicator: Indicator, at: int, sources: Sources, now_ms: int
) -> dict[str, list[dict[str, Any]]]:
    """`inputs`, `periods_missing`, `periods_not_due`, each by period; all empty for what the platform counts itself.

    Of findings remedied, `inputs` are the unit's findings of the year, by their last day.
    """
    unit = evaluation.cohort.units[at]
    if indicator.computed_by == "findings_remedied":
        found = sorted(sources.findings, key=lambda one: (one.due_at_ms, one.finding))
        return {"inputs": [_finding(one, now_ms) for one in found], "periods_missing": [], "periods_not_due": []}
    if indicator.computed_by != "form":
        return {"inputs": [], "periods_missing": [], "periods_not_due": []}
    form = source_forms(evaluation.plan, evaluation.cohort.peer_group(at)).get(indicator.code)
    owed = [entry for entry in sources.obligations if entry.expected and (entry.unit, entry.form) == (unit, form)]
    owed.sort(key=lambda entry: (entry.period_end_ms, entry.obligation))
    standing = sources.standing()
    inputs = [_input(entry, standing[entry.obligation][1], indicator) for entry in owed if entry.obligation in standing]
    open_ = [entry for entry in owed if entry.obligation not in standing]
    return {
        "inputs": inputs,
        "periods_missing": [_period(entry) for entry in open_ if entry.due(now_ms)],
        "periods_not_due": [_period(entry) for entry in open_ if not entry.due(now_ms)],
    }


def _finding(one: Finding, now_ms: int) -> dict[str, Any]:
    told = {"finding": one.finding, "version": one.revision, "due_at_ms": one.due_at_ms}
    state = {"remedied_at_ms": one.remedied_at_ms, "counts": one.due(now_ms), "on_time": one.on_time}
    return {**told, **state}


def _period(owed: Owed) -> dict[str, Any]:
    return {"obligation": owed.obligation, "period": owed.period, "due_at_ms": owed.due_at_ms}


def _input(owed: Owed, report: Accepted, indicator: Indicator) -> dict[str, Any]:
    cell = next((value for value in report.values if value["indicator"] == indicator.code), None)
    absent = {"status": "nil" if report.nil else "absent"}
    return {
        **_period(owed),
        "report": report.report,
        "version": report.version,
        "received_at_ms": report.received_at_ms,
        **({name: part for name, part in cell.items() if name != "indicator"} if cell else absent),
    }
