"""A small batch of reports, answered at once: the same way as an import, without a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.intake.domain.grouping import Group, Record, unread
from services.intake.domain.imported import FileConflict, Per, ReportResult, Tally, all_or_none
from services.intake.domain.reach import Reach
from services.intake.domain.submission import Mode
from services.intake.formats.faults import FileFault
from services.intake.formats.ndjson_rows import record_of
from services.intake.handlers.file_reports import FileReports, Memory, Submit
from shared.clock import Clock
from shared.refusal import Refusal

REPORTS_MAX = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """A result for each line of a batch, in their order, and all of them counted."""

    results: list[ReportResult]
    tally: Tally


class SubmitBatch:
    """Takes a batch of at most REPORTS_MAX reports."""

    def __init__(self, *, submit: Submit, rehearse: Callable[[], tuple[Submit, Memory]], clock: Clock) -> None:
        self._submit = submit
        self._rehearse = rehearse
        self._clock = clock

    async def submit(self, body: bytes, *, by: str, mode: Mode, per: Per, dry_run: bool, reach: Reach) -> Taken:
        """What became of each line. A line that cannot be read is at fault as one that breaks a rule.

        ATOMIC per file: all are rehearsed first, and nothing is written when one is at fault. Refused as a whole: no
        line, too many, or one that the sender may not report. Transient: some may be stored; the same batch again
        stores none of them twice.
        """
        records, broken = _read(body)
        _check_reach(records, reach)
        at_ms, whole = self._clock.now_ms(), all_or_none(mode, per)
        if whole or dry_run:
            submit, memory = self._rehearse()
            rehearsal = FileReports(submit, by=by, mode=mode, at_ms=at_ms, memory=memory)
            taken = await _taken(rehearsal, records, broken)
            if whole and not taken.tally.is_sound:
                return Taken([result.withheld() for result in taken.results], taken.tally.withheld())
            if dry_run:
                return taken
        return await _taken(FileReports(self._submit, by=by, mode=mode, at_ms=at_ms), records, broken)


async def _taken(reports: FileReports, records: list[Record], broken: list[ReportResult]) -> Taken:
    results = sorted([*broken, *await reports.take(records)], key=lambda result: result.line)
    tally = Tally()
    tally.add(results)
    return Taken(results, tally)


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
