"""The one answer to a submission: counts, conflicts grouped by code and objects, receipt. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.intake.domain.submission import Mode, ValueInput
from services.intake.domain.validation import Finding, Severity, Verdict
from shared.events.obligation import Timeliness
from shared.events.report import ReportedValue

CONFLICT_GROUPS_MAX = 100

Status = Literal["SUCCESS", "WARNING", "ERROR"]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Counts(Answer):
    """Of the values in the request: `received` = `valid` + `rejected`, `valid` = created + updated + unchanged."""

    received: int
    valid: int
    created: int
    updated: int
    unchanged: int
    rejected: int


class Conflict(Answer):
    """One kind of fault about the same objects; `indexes` are positions in the request's `values`."""

    code: str
    severity: Severity
    message: str
    pointer: str = Field(description="JSON pointer of the first occurrence.")
    objects: dict[str, str]
    indexes: list[int]
    occurrences: int
    expected: str | None = None
    got: str | None = None
    asks_explanation: bool = Field(default=False, description="Say why under `explanations`, by the conflict's code.")


class Receipt(Answer):
    """Proof of what was received: SHA-256 over the canonical content, checked under `verify`."""

    sha256: str
    received_at: str
    verify: str


class Summary(Answer):
    """What became of a submission, or would become of it (`dry_run`)."""

    status: Status
    mode: Mode
    dry_run: bool
    report_id: str
    version: int | None = Field(description="Version that stands after the call; null when nothing was ever stored.")
    obligation_id: str
    phase: str | None = None
    timeliness: Timeliness | None = Field(description="Of the first valid version; what counts for the obligation.")
    counts: Counts
    conflicts: list[Conflict]
    conflict_groups_total: int
    unexplained: int = Field(
        default=0,
        description="Rules that ask for an explanation which was not given; the report is taken and the lack is kept.",
    )
    rejected_indexes: list[int]
    receipt: Receipt | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the values sent relate to the version that stands."""

    counts: Counts
    rejected_indexes: tuple[int, ...]


def compare(sent: Sequence[ValueInput], verdict: Verdict, current: Mapping[str, ReportedValue]) -> Comparison:
    """Count the values by what they would change. In an ATOMIC refusal all are rejected."""
    rejected = tuple(
        [index for index, value in enumerate(sent) if value.indicator in verdict.rejected] if verdict.rejected else ()
    )
    valid = len(verdict.accepted)
    was = [current.get(value.indicator) for value in verdict.accepted] if current else [None] * valid
    created = was.count(None)
    unchanged = sum(1 for held, value in zip(was, verdict.accepted, strict=True) if held is not None and held == value)
    counts = Counts(
        received=len(sent),
        valid=valid,
        created=created,
        updated=valid - created - unchanged,
        unchanged=unchanged,
        rejected=len(rejected),
    )
    return Comparison(counts, rejected)


def status_of(verdict: Verdict) -> Status:
    """ERROR: nothing is kept. WARNING: kept, with something to say. SUCCESS: no conflict."""
    if not verdict.is_accepted:
        return "ERROR"
    return "WARNING" if verdict.findings else "SUCCESS"


def conflicts(
    findings: Sequence[Finding], sent: Sequence[ValueInput], *, unit: str, period: str, language: str
) -> tuple[list[Conflict], int]:
    """At most CONFLICT_GROUPS_MAX groups by (code, objects), errors first, and how many groups there are in all."""
    places = {value.indicator: index for index, value in enumerate(sent)}
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[Finding]] = {}
    for finding in findings:
        key = (finding.code, tuple(_objects(finding, unit=unit, period=period).items()))
        groups.setdefault(key, []).append(finding)
    ordered = sorted(groups.items(), key=lambda group: group[1][0].severity)
    listed = [
        _conflict(found, dict(key[1]), places, len(sent), language) for key, found in ordered[:CONFLICT_GROUPS_MAX]
    ]
    return listed, len(groups)


def _objects(finding: Finding, *, unit: str, period: str) -> dict[str, str]:
    named = finding.found.indicators
    indicator = {"indicator": named[0]} if named else {}
    others = {"others": ",".join(named[1:])} if len(named) > 1 else {}
    return {**indicator, **others, "unit": unit, "period": period}


def _conflict(
    findings: Sequence[Finding], objects: dict[str, str], places: Mapping[str, int], sent: int, language: str
) -> Conflict:
    first = findings[0]
    named = [code for finding in findings for code in finding.found.indicators]
    indexes = sorted({places[code] for code in named if code in places}) if named else list(range(sent))
    return Conflict(
        code=first.code,
        severity=first.severity,
        message=first.found.message.of(language),
        pointer=_pointer(first, places),
        objects=objects,
        indexes=indexes,
        occurrences=len(findings),
        expected=first.found.expected or None,
        got=first.found.got or None,
        asks_explanation=first.explain and first.severity == "WARNING",
    )


def _pointer(finding: Finding, places: Mapping[str, int]) -> str:
    named = finding.found.indicators
    if not named or named[0] not in places:
        return "/values"
    member = f"/{finding.found.member}" if finding.found.member else ""
    return f"/values/{places[named[0]]}{member}"
