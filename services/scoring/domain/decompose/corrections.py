"""What was corrected between two states of the same evaluation's sources, apart from what was newly reported.

A correction is whatever touches a period that had been accepted before: an amended or withdrawn report, and every
decision of an appraiser. New periods, new reports, and what became due are new data; so is what was accepted for the
first time in between. A finding that was known already and is changed (remedied, withdrawn) counts as corrected.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.scoring.domain.layers import newest
from services.scoring.domain.sources import Accepted, Sources


@dataclass(frozen=True, slots=True)
class Correction:
    """One corrected report (`period` and versions) or appraised criterion (`indicator`) of a unit.

    `version_after` is None where the report was withdrawn.
    """

    unit: str
    obligation: str | None = None
    period: str | None = None
    report: str | None = None
    version_before: int | None = None
    version_after: int | None = None
    indicator: str | None = None


def corrected(before: Sources, after: Sources) -> Sources:
    """The sources of before with only the corrections of after."""
    held, now = before.standing(), after.standing()
    latest = {owed.obligation: owed for owed in after.obligations}
    obligations = [
        latest.get(owed.obligation, owed) if owed.obligation in held else owed for owed in before.obligations
    ]
    accepted = [now[obligation][1] for obligation in held if obligation in now]
    findings = {finding.finding: finding for finding in after.findings}
    return replace(
        after,
        obligations=tuple(obligations),
        accepted=tuple(accepted),
        findings=tuple(findings.get(finding.finding, finding) for finding in before.findings),
    )


def corrections(before: Sources, after: Sources) -> list[Correction]:
    """Every correction, by unit and period or indicator."""
    held, now = before.standing(), after.standing()
    found = [
        _report(report, now[obligation][1] if obligation in now else None, owed.unit, owed.period)
        for obligation, (owed, report) in held.items()
        if obligation not in now or _differs(report, now[obligation][1])
    ]
    found += [Correction(unit=unit, indicator=indicator) for unit, indicator in _decided(before, after)]
    return sorted(found, key=lambda one: (one.unit, one.period or "", one.indicator or "", one.obligation or ""))


def _report(before: Accepted, after: Accepted | None, unit: str, period: str) -> Correction:
    return Correction(
        unit=unit,
        obligation=before.obligation,
        period=period,
        report=before.report,
        version_before=before.version,
        version_after=after.version if after else None,
    )


def _differs(before: Accepted, after: Accepted) -> bool:
    return (before.report, before.version, before.nil, list(before.values)) != (
        after.report,
        after.version,
        after.nil,
        list(after.values),
    )


def _decided(before: Sources, after: Sources) -> list[tuple[str, str]]:
    old, new = newest(before.appraised), newest(after.appraised)
    return sorted(cell for cell in old.keys() | new.keys() if old.get(cell) != new.get(cell))
