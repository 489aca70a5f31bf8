"""The three layers of one indicator: as the unit reported it, as it was appraised, as it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.explain.plain import plain


@dataclass(frozen=True, slots=True)
class Note:
    """Why an appraiser decided as they did. `by` is the identity of who decided, None where it is not told."""

    reason: str | None
    by: str | None = None


def layers_row(
    evaluation: Evaluation,
    reported: Evaluation,
    code: str,
    unit: str,
    *,
    appraised: Appraised | None,
    note: Note | None,
) -> dict[str, Any]:
    """Value and share as reported and as they count; what was decided, where anything was."""
    return {
        "self": _cell(reported, code, unit),
        "appraised": None if appraised is None else _decided(appraised, note),
        "final": _cell(evaluation, code, unit),
        "is_appraised": appraised is not None,
    }


def index_layers(evaluation: Evaluation, reported: Evaluation, unit: str) -> dict[str, Any]:
    """The published index as reported and as it counts."""
    rows = {"self": reported, "final": evaluation}
    return {name: plain(one.published, one.cohort.position[unit]) for name, one in rows.items()}


def _cell(evaluation: Evaluation, code: str, unit: str) -> dict[str, float | None]:
    at, leaf = evaluation.cohort.position[unit], evaluation.leaves[code]
    return {"value": plain(leaf.column.value, at), "share": plain(leaf.share, at)}


def _decided(appraised: Appraised, note: Note | None) -> dict[str, Any]:
    return {
        "outcome": appraised.outcome,
        "value": appraised.value,
        "numerator": appraised.numerator,
        "denominator": appraised.denominator,
        "revision": appraised.revision,
        "decided_at_ms": appraised.decided_at_ms,
        "reason": note.reason if note else None,
        "by": note.by if note else None,
    }
