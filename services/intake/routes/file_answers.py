"""How imports, batches and their reports look from outside, in the language of the request."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel, Field

from services.intake.domain.imported import FileConflict, FileOutcome, FileSummary, ReportResult, Result, summary_of
from services.intake.domain.imports import Job, Phase
from services.intake.domain.submission import Mode
from services.intake.domain.summary import Conflict, Counts, Receipt, Status
from services.intake.formats.faults import FileFault
from shared.clock import iso
from shared.http.language import Text, current_language
from shared.http.problems import Problem
from shared.http.validation import Fault as HttpFault
from shared.telemetry.tracing import current_trace_id


class ResultShown(BaseModel):
    """What became of one report of a file."""

    line: int = Field(description="Its first line in the file, from 1; of a template its first row.")
    plan: str
    form: str
    unit: str
    period: str
    result: Result = Field(
        description="`refused`: not taken as a whole; `rejected`: by validation; `withheld`: sound, and not written "
        "because another report that was sent with it is at fault."
    )
    report_id: str | None
    version: int | None
    counts: Counts
    conflicts: list[Conflict]
    receipt: Receipt | None = None


class Progress(BaseModel):
    """Rows of values: how many are done, of how many; 0 of 0 until the file was read."""

    rows_done: int
    rows_total: int


class FaultShown(BaseModel):
    """Why a file failed as a whole."""

    code: str
    message: str
    hint: str
    line: int = Field(description="0: the whole file.")
    got: str


class SummaryShown(BaseModel):
    """What became of a file, in the shape of a submission's summary; `indexes` are lines of the file."""

    status: Status
    mode: Mode
    dry_run: bool
    outcome: FileOutcome
    reports: dict[str, int] = Field(description="Reports by result.")
    counts: Counts = Field(description="Values.")
    conflicts: list[Conflict]
    conflict_groups_total: int
    rejected_indexes: list[int] = Field(description="Lines of rejected values, at most 1,000.")
    results: list[ResultShown] = Field(description="Per report, those with errors first; at most 300 of an import.")
    results_total: int
    trace_id: str | None = None


class ImportShown(BaseModel):
    """An import as a job."""

    id: str
    phase: Phase
    format: str
    sha256: str
    bytes: int
    received_at: str
    finished_at: str | None
    submitted_by: str
    progress: Progress
    fault: FaultShown | None
    summary: SummaryShown


def import_shown(job: Job, public_url: str) -> ImportShown:
    language, sent = current_language(), job.sent
    fault = job.fault
    summary = summary_of(job.tally, mode=sent.mode, dry_run=sent.dry_run)
    return ImportShown(
        id=job.id,
        phase=job.phase,
        format=sent.format,
        sha256=sent.sha256,
        bytes=sent.bytes,
        received_at=iso(sent.received_at_ms),
        finished_at=iso(job.finished_at_ms) if job.finished_at_ms else None,
        submitted_by=sent.by,
        progress=Progress(rows_done=job.rows_done, rows_total=job.rows_total),
        fault=FaultShown(
            code=fault.code,
            message=fault.message.of(language),
            hint=fault.hint.of(language),
            line=fault.line,
            got=fault.got,
        )
        if fault
        else None,
        summary=summary_shown(summary, public_url, received_at_ms=sent.received_at_ms),
    )


def summary_shown(summary: FileSummary, public_url: str, *, received_at_ms: int) -> SummaryShown:
    return SummaryShown(
        status=summary.status,
        mode=summary.mode,
        dry_run=summary.dry_run,
        outcome=summary.outcome,
        reports=summary.reports,
        counts=summary.counts,
        conflicts=_conflicts(summary.conflicts),
        conflict_groups_total=summary.conflict_groups_total,
        rejected_indexes=list(summary.rejected_indexes),
        results=[result_shown(result, public_url, received_at_ms=received_at_ms) for result in summary.results],
        results_total=summary.results_total,
        trace_id=current_trace_id(),
    )


def result_shown(result: ReportResult, public_url: str, *, received_at_ms: int) -> ResultShown:
    sha256 = result.receipt_sha256
    return ResultShown(
        line=result.line,
        plan=result.plan,
        form=result.form,
        unit=result.unit,
        period=result.period,
        result=result.result,
        report_id=result.report_id,
        version=result.version,
        counts=result.counts,
        conflicts=_conflicts(result.conflicts),
        receipt=Receipt(
            sha256=sha256,
            received_at=iso(received_at_ms),
            verify=f"{public_url.rstrip('/')}/v1/receipts/{sha256}",
        )
        if sha256
        else None,
    )


def _conflicts(found: Sequence[FileConflict]) -> list[Conflict]:
    language = current_language()
    return [
        Conflict(
            **conflict.model_dump(exclude={"message", "indexes"}),
            message=conflict.message.of(language),
            indexes=list(conflict.indexes),
        )
        for conflict in found
    ]


def fault_problem(fault: FileFault) -> Problem:
    """A fault of an evidence file as a problem: 415 for what it is, with the code beside."""
    text: Callable[[str, str], Text] = Text
    hint = text(fault.hint.vi, fault.hint.en)
    message = text(f"{fault.message.vi}. {fault.hint.vi}.", f"{fault.message.en}. {fault.hint.en}.")
    return Problem(
        415,
        detail=message,
        faults=[HttpFault("", text(fault.message.vi, fault.message.en), hint)],
        members={"code": fault.code, "got": fault.got},
    )
