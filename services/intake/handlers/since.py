"""What a client is told whose version no longer stands."""

from __future__ import annotations

from typing import Any, Protocol

from services.intake.domain.entry import Entry, Report
from services.intake.domain.since import said_since
from shared.clock import iso


class VersionStore(Protocol):
    async def of_report(self, report: str) -> list[Report]: ...


async def told_since(versions: VersionStore, entry: Entry, named: int | None) -> dict[str, Any]:
    """Which version stands, since when, from whom, in which phase, and what changed since the named one."""
    if entry.report is None:
        return {"current_version": 0}
    state = entry.report.state
    told: dict[str, Any] = {
        "report_id": state.report,
        "current_version": state.version,
        "phase": state.phase,
        "received_at": iso(state.received_at_ms),
        "submitted_by": state.submitted_by,
    }
    if not named or named >= state.version:
        return told
    archived = await versions.of_report(state.report)
    chain = [held for held in archived if named <= held.state.version < state.version]
    if not chain or chain[0].state.version != named:
        return told
    return told | said_since([*chain, entry.report])
