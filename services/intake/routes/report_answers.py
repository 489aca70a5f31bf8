"""How reports, their versions and the outcome of a submission look from outside."""

from __future__ import annotations

from pydantic import BaseModel, Field

from services.intake.domain.content import changes
from services.intake.domain.decide import Decision
from services.intake.domain.entry import Decision as Review
from services.intake.domain.entry import Entry, Report
from services.intake.domain.submission import ReportInput
from services.intake.domain.summary import Receipt, Summary, conflicts, status_of
from shared.clock import iso
from shared.events.report import ReportState
from shared.http.language import Text, current_language
from shared.http.problems import Problem
from shared.http.validation import Fault
from shared.telemetry.tracing import current_trace_id


class VersionShown(BaseModel):
    """One version of a report: who, when, and which indicators it changed against the version before."""

    version: int
    phase: str
    nil: bool
    submitted_by: str
    received_at: str
    timeliness: str
    sha256: str
    changed: list[str]
    change_reason: str | None = Field(description="Why it replaced the version before, as its sender said.")


class ReportShown(BaseModel):
    """A report: the version that stands, what was said about it, and all versions."""

    report: ReportState
    nil_reason: str | None
    explanations: dict[str, str]
    reviews: list[Review]
    versions: list[VersionShown]


def summary(decision: Decision, given: ReportInput, *, dry_run: bool, public_url: str) -> Summary:
    """The one answer to a submission, in the language of the request."""
    entry, report = decision.entry, decision.entry.report
    listed, total = conflicts(
        decision.verdict.findings, given.values, unit=given.unit, period=given.period, language=current_language()
    )
    has_receipt = report is not None and decision.result != "rejected" and not dry_run
    return Summary(
        status=status_of(decision.verdict),
        mode=given.mode,
        dry_run=dry_run,
        report_id=entry.report_id,
        version=entry.version or None,
        obligation_id=entry.id,
        phase=report.state.phase if report else None,
        timeliness=entry.obligation.timeliness,
        counts=decision.comparison.counts,
        conflicts=listed,
        conflict_groups_total=total,
        unexplained=len(decision.verdict.unexplained(given.explanations)),
        rejected_indexes=list(decision.comparison.rejected_indexes),
        receipt=receipt(report, public_url) if has_receipt and report is not None else None,
        trace_id=current_trace_id(),
    )


def receipt(report: Report, public_url: str) -> Receipt:
    state = report.state
    verify = f"{public_url.rstrip('/')}/v1/receipts/{state.sha256}"
    return Receipt(sha256=state.sha256, received_at=iso(state.received_at_ms), verify=verify)


def rejection(answer: Summary) -> Problem:
    """The problem document of a submission that validation refused: the summary's members beside the problem's own.

    A problem's `status` is the HTTP status (RFC 9457), so the summary's SUCCESS, WARNING or ERROR is `outcome` here.
    """
    count = answer.counts.rejected
    told = answer.model_dump(mode="json")
    return Problem(
        422,
        detail=Text(
            f"{count} số liệu bị từ chối, không ghi gì; xem conflicts.",
            f"{count} values are rejected and nothing was stored; see conflicts.",
        ),
        faults=[
            Fault(conflict.pointer, f"{conflict.code}: {conflict.message}", conflict.expected)
            for conflict in answer.conflicts
            if conflict.severity == "ERROR"
        ],
        members={"outcome": told.pop("status"), **told},
    )


def shown(entry: Entry, versions: list[Report]) -> ReportShown:
    current = versions[-1]
    before = [None, *versions[:-1]]
    return ReportShown(
        report=current.state,
        nil_reason=current.nil_reason,
        explanations=dict(current.explanations),
        reviews=list(current.decisions),
        versions=[_version(held, old) for held, old in zip(versions, before, strict=True)],
    )


def _version(held: Report, before: Report | None) -> VersionShown:
    state = held.state
    return VersionShown(
        version=state.version,
        phase=state.phase,
        nil=state.nil,
        submitted_by=state.submitted_by,
        received_at=iso(state.received_at_ms),
        timeliness=state.timeliness,
        sha256=state.sha256,
        changed=[change.indicator for change in changes(before.state.values if before else (), state.values)],
        change_reason=held.change_reason,
    )
