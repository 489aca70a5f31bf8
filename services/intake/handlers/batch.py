"""A small batch of reports, answered at once: the same way as an import, without a job."""

from __future__ import annotations

from collections.abc import Callable

from services.intake.domain.grouping import Group, Record, unread
from services.intake.domain.imported import FileConflict, ReportResult
from services.intake.domain.reach import Reach
from services.intake.domain.submission import Mode
from services.intake.formats.faults import FileFault
from services.intake.formats.ndjson_rows import record_of
from services.intake.handlers.file_reports import FileReports, Memory, Submit
from shared.clock import Clock
from shared.refusal import Refusal

REPORTS_MAX = 500


class SubmitBatch:
    """Takes a batch of at most REPORTS_MAX reports."""

    def __init__(self, *, submit: Submit, rehearse: Callable[[], tuple[Submit, Memory]], clock: Clock) -> None:
        self._submit = submit
        self._rehearse = rehearse
        self._clock = clock

    async def submit(self, body: bytes, *, by: str, mode: Mode, dry_run: bool, reach: Reach) -> list[ReportResult]:
        """A result for each line, in their order; a line that cannot be read is refused alone.

        Refused as a whole: no line, too many, or one that the sender may not report. Transient: some
        may be stored; the same batch again stores none of them twice.
        """
        records, broken = _read(body)
        _check_reach(records, reach)
        submit, memory = self._rehearse() if dry_run else (self._submit, None)
        reports = FileReports(submit, by=by, mode=mode, at_ms=self._clock.now_ms(), memory=memory)
        results = [*broken, *await reports.take(records)]
        return sorted(results, key=lambda result: result.line)


def _read(body: bytes) -> tuple[list[Record], list[ReportResult]]:
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    if not lines or len(lines) > REPORTS_MAX:
        raise Refusal(
            "not_valid",
            f"Mỗi lô có từ 1 đến {REPORTS_MAX} báo cáo, mỗi dòng một báo cáo; nhiều hơn thì dùng POST /v1/imports.",
            f"A batch has 1 to {REPORTS_MAX} reports, one a line; send more as a file to POST /v1/imports.",
            members={"reports": len(lines), "reports_max": REPORTS_MAX},
        )
    records: list[Record] = []
    broken: list[ReportResult] = []
    for number, line in lines:
        try:
            records.append(record_of(number, line))
        except FileFault as fault:
            broken.append(_broken(fault))
    return records, broken


def _broken(fault: FileFault) -> ReportResult:
    conflict = FileConflict(
        code=fault.code,
        severity="ERROR",
        message=fault.message,
        indexes=(fault.line,),
        expected=fault.hint.en,
        got=fault.got or None,
    )
    return unread(Group("", "", "", "", fault.line, rows=1, lines=[fault.line]), [conflict])


def _check_reach(records: list[Record], reach: Reach) -> None:
    for line, kind, plan, form, unit, *_ in records:
        bound = "" if kind == "stray" else reach.bound(plan=plan, form=form, unit=unit)
        if bound:
            raise Refusal(
                "forbidden",
                f"Dòng {line}: chỉ được nộp báo cáo của {bound}.",
                f"Line {line}: this identity may only report for {bound}.",
                members={"line": line},
            )
