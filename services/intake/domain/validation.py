"""Validation of one report: structure first, then the plan's rules on what is well formed. Pure.

An error rejects the values it names (PARTIAL) or the whole report (ATOMIC). A warning rejects nothing; it is stored
with the report, and with the explanation that was given for its rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.intake.domain import structure
from services.intake.domain.checks import table
from services.intake.domain.checks.context import Context, Found
from services.intake.domain.checks.evidence import evidence_unknown
from services.intake.domain.submission import Mode
from shared.events.report import Finding as StoredFinding
from shared.events.report import ReportedValue

Severity = Literal["ERROR", "WARNING"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found by the rule (or fault of structure) `code`. `explain`: the rule asks for an explanation."""

    code: str
    severity: Severity
    found: Found
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What validation says: the findings in order, the codes of rejected indicators, the values that may be kept."""

    findings: tuple[Finding, ...]
    rejected: frozenset[str]
    accepted: tuple[ReportedValue, ...]

    @property
    def has_errors(self) -> bool:
        return any(finding.severity == "ERROR" for finding in self.findings)

    @property
    def is_accepted(self) -> bool:
        """Whether there is anything to keep."""
        return not self.has_errors or bool(self.accepted)

    def unexplained(self, explanations: Mapping[str, str]) -> frozenset[str]:
        """Codes of the warnings that ask for an explanation which was not given."""
        asked = {finding.code for finding in self.findings if finding.severity == "WARNING" and finding.explain}
        return frozenset(asked - explanations.keys())


def validate(values: Sequence[ReportedValue], context: Context, mode: Mode) -> Verdict:
    """The verdict on the values sent. `context.values` and `.given` are filled in here; codes are distinct."""
    findings = [
        Finding(code, "ERROR", found)
        for value in values
        for code, found in structure.faults(context.catalogue, context.form, value)
    ]
    malformed = {code for finding in findings for code in finding.found.indicators}
    sound = {value.indicator: value for value in values if value.indicator not in malformed}
    seen = replace(context, values=sound, given=frozenset(value.indicator for value in values))
    findings += [Finding("EVIDENCE_UNKNOWN", "ERROR", found) for found in evidence_unknown(seen)]
    findings += _rule_findings(seen)
    rejected = _rejected(findings, values, mode)
    return Verdict(tuple(findings), rejected, tuple(v for v in values if v.indicator not in rejected))


def _rule_findings(context: Context) -> list[Finding]:
    return [
        Finding(rule.code, "ERROR" if rule.severity == "error" else "WARNING", found, explain=rule.explain)
        for rule in context.plan.validation
        for found in table.run(rule, context)
    ]


def _rejected(findings: Iterable[Finding], values: Sequence[ReportedValue], mode: Mode) -> frozenset[str]:
    sent = frozenset(value.indicator for value in values)
    errors = [finding for finding in findings if finding.severity == "ERROR"]
    if not errors:
        return frozenset()
    if mode == "ATOMIC" or any(not finding.found.indicators for finding in errors):
        return sent
    return sent & {code for finding in errors for code in finding.found.indicators}


def stored_findings(verdict: Verdict, explanations: Mapping[str, str]) -> tuple[StoredFinding, ...]:
    """The warnings as they are kept with the report, once per rule, with what was said about them.

    A rule may ask for an explanation; a report without it is taken, and the finding says that it is unexplained.
    """
    unexplained = verdict.unexplained(explanations)
    indicators: dict[str, list[str]] = {}
    for finding in verdict.findings:
        if finding.severity == "WARNING":
            indicators.setdefault(finding.code, []).extend(finding.found.indicators)
    return tuple(
        StoredFinding(
            code=code,
            severity="warning",
            indicators=tuple(dict.fromkeys(named)),
            explanation=explanations.get(code),
            unexplained=code in unexplained,
        )
        for code, named in indicators.items()
    )
