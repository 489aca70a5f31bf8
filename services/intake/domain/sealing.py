"""Sealing a plan's year: afterwards only what was unsealed for a correction can change. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from services.intake.domain.entry import HISTORY_MAX, Entry, Line
from services.intake.domain.entry import Decision as Review
from services.intake.domain.transitions import changed, with_phase
from shared.refusal import Refusal

SealState = Literal["sealing", "sealed"]


@dataclass(frozen=True, slots=True)
class Seal:
    """The seal of a plan's year. While `sealing`, entries are being closed one by one. `rev` 0: not stored yet.

    `edition` is the number of the last edition of the evaluation that sealed the year, 0 where none did.
    """

    plan: str
    year: int
    state: SealState
    by: str
    at_ms: int
    round: int = 1
    rev: int = 0
    edition: int = 0


def sealed(entry: Entry, seal: Seal) -> Entry | None:
    """The entry closed under the seal, an approved report SEALED; None when it is closed already."""
    held = entry.obligation
    if held.sealed_at_ms is not None:
        return None
    closing = {"sealed_by": seal.by, "sealed_at_ms": seal.at_ms}
    report = entry.report
    if report is None or report.state.phase != "APPROVED":
        return replace(entry, obligation=changed(held, seal.at_ms, cause="recalculated", **closing))
    decision = Review(kind="sealed", version=entry.version, by=seal.by, at_ms=seal.at_ms)
    entry = replace(entry, obligation=held.model_copy(update=closing))
    return with_phase(entry, report, decision, phase="SEALED", cause="recalculated")


def unsealed(entry: Entry, *, by: str, reason: str, now_ms: int) -> Entry:
    """The entry open for a correction, a sealed report APPROVED again."""
    held, report = entry.obligation, entry.report
    if held.sealed_at_ms is None:
        raise Refusal("state", "Số liệu này chưa niêm phong.", "This is not sealed: it can be changed as it is.")
    line = Line(
        kind="unsealed",
        by=by,
        at_ms=now_ms,
        reason=reason,
        outcome=held.outcome,
        due_at_ms=held.due_at_ms,
        grace_end_ms=held.grace_end_ms,
        lock_at_ms=held.lock_at_ms,
    )
    entry = replace(entry, history=(*entry.history, line)[-HISTORY_MAX:])
    opening = {"sealed_by": None, "sealed_at_ms": None}
    if report is None or report.state.phase != "SEALED":
        return replace(entry, obligation=changed(held, now_ms, cause="recalculated", **opening))
    decision = Review(kind="unsealed", version=entry.version, by=by, at_ms=now_ms, reason=reason)
    entry = replace(entry, obligation=held.model_copy(update=opening))
    return with_phase(entry, report, decision, phase="APPROVED", cause="recalculated")
