"""A decision on what was received earlier than it is written. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.intake.domain.decide import Decision


def written_at(decision: Decision, now_ms: int) -> Decision:
    """The decision with its changes stamped as made now: received when it came, changed when it is written."""
    entry = decision.entry
    obligation = entry.obligation.model_copy(update={"changed_at_ms": now_ms})
    report = entry.report
    if report is not None and decision.result == "created":
        state = report.state.model_copy(update={"changed_at_ms": now_ms})
        report = report.model_copy(update={"state": state})
    return replace(decision, entry=replace(entry, obligation=obligation, report=report))
