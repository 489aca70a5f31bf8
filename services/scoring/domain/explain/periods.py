"""The reports that a value was made from, the periods that are due without one, those still to come."""

from __future__ import annotations

from typing import Any

from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.inputs import Accepted, Sources, source_forms
from services.scoring.domain.ledger import Owed
from shared.plan.model import Indicator


def periods(
    evaluation: Evaluation, indicator: Indicator, at: int, sources: Sources, now_ms: int
) -> dict[str, list[dict[str, Any]]]:
    """`inputs`, `periods_missing`, `periods_not_due`, each by period; all empty for what the platform counts itself."""
    unit = evaluation.cohort.units[at]
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
