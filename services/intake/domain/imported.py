"""What became of the reports of a file: a result each, and the one summary over all of them. Pure.

Positions are line numbers of the file (of a template: rows of its sheet), as `indexes` of a request are positions in
its values. What is listed is bounded, what is counted is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.intake.domain.decide import Decision
from services.intake.domain.submission import Mode, ReportInput
from services.intake.domain.summary import CONFLICT_GROUPS_MAX, Counts, Status, conflicts
from shared.events.base import Names
from shared.refusal import Refusal

LINES_LISTED_MAX = 100
CONFLICTS_OF_REPORT_MAX = 20
RESULTS_MAX = 300
REJECTED_LISTED_MAX = 1_000

Per = Literal["file", "report"]
"""What ATOMIC takes whole or not at all: everything that was sent together, or each report of it."""
Result = Literal["created", "unchanged", "rejected", "refused", "withheld"]
FileOutcome = Literal["ACCEPTED", "ACCEPTED_WITH_ERRORS", "PARTIALLY_ACCEPTED_WITH_ERRORS", "REJECTED"]


def all_or_none(mode: Mode, per: Per) -> bool:
    """Whether one report at fault keeps all reports that were sent with it from being written."""
    return mode == "ATOMIC" and per == "file"


class Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class FileConflict(Part):
    """A group of faults about the same objects, in both languages; `indexes` are lines of the file."""

    code: str
    severity: Literal["ERROR", "WARNING"]
    message: Names
    pointer: str = ""
    objects: dict[str, str] = Field(default_factory=dict)
    indexes: tuple[int, ...] = ()
    occurrences: int = 1
    expected: str | None = None
    got: str | None = None
    asks_explanation: bool = False


class ReportResult(Part):
    """What became of one report: created, unchanged, rejected by validation, or refused as a whole.

    `withheld`: sound, and not written because another report that was sent with it is not.
    """

    line: int
    plan: str
    form: str
    unit: str
    period: str
    result: Result
    report_id: str | None = None
    version: int | None = None
    receipt_sha256: str | None = None
    counts: Counts
    conflicts: tuple[FileConflict, ...] = ()
    conflict_groups_total: int = 0
    rejected_lines: tuple[int, ...] = ()

    @property
    def is_kept(self) -> bool:
        return self.result in ("created", "unchanged")

    def withheld(self) -> ReportResult:
        """The result once nothing of what was sent together is written."""
        if self.result != "created":
            return self
        rejected = all_rejected(self.counts.received)
        return self.model_copy(
            update={"result": "withheld", "version": None, "receipt_sha256": None, "counts": rejected}
        )


def decided(given: ReportInput, lines: Sequence[int], decision: Decision, *, dry_run: bool) -> ReportResult:
    """The result of a report that was decided on. `lines` are those of its values."""
    about = {"unit": given.unit, "period": given.period}
    findings = decision.verdict.findings
    listed, total = conflicts(findings, given.values, language="vi", **about) if findings else ([], 0)
    english, _ = conflicts(findings, given.values, language="en", **about) if findings else ([], 0)
    found = [
        FileConflict(
            **conflict.model_dump(exclude={"message", "indexes"}),
            message=Names(vi=conflict.message, en=other.message),
            indexes=tuple(lines[index] for index in conflict.indexes[:LINES_LISTED_MAX]),
        )
        for conflict, other in zip(listed[:CONFLICTS_OF_REPORT_MAX], english, strict=False)
    ]
    assert decision.result != "moved"
    kept = decision.result != "rejected" and not dry_run and decision.entry.report is not None
    return ReportResult(
        line=min(lines, default=0),
        plan=given.plan,
        form=given.form,
        unit=given.unit,
        period=given.period,
        result=decision.result,
        report_id=decision.entry.report_id,
        version=decision.entry.version or None,
        receipt_sha256=decision.entry.report.state.sha256 if kept and decision.entry.report else None,
        counts=decision.comparison.counts,
        conflicts=tuple(found),
        conflict_groups_total=total,
        rejected_lines=tuple(lines[index] for index in decision.comparison.rejected_indexes),
    )


def refusal_conflicts(refusal: Refusal, lines: Sequence[int], objects: dict[str, str]) -> list[FileConflict]:
    """A refusal as conflicts: one for each of its details, else one for the whole report."""
    code = refusal.kind.upper()
    if refusal.kind == "version_moved":
        return [_moved(refusal, lines, objects)]
    if not refusal.details:
        whole = FileConflict(
            code=code,
            severity="ERROR",
            message=refusal.text,
            pointer=refusal.pointer or "",
            objects=objects,
            indexes=tuple(lines[:LINES_LISTED_MAX]),
        )
        return [whole]
    return [
        FileConflict(
            code=code,
            severity="ERROR",
            message=detail.detail if isinstance(detail.detail, Names) else Names(vi=detail.detail, en=detail.detail),
            pointer=detail.pointer,
            objects=objects,
            indexes=lines_of(detail.pointer, lines),
        )
        for detail in refusal.details[:CONFLICTS_OF_REPORT_MAX]
    ]


def _moved(refusal: Refusal, lines: Sequence[int], objects: dict[str, str]) -> FileConflict:
    """Another version stands than the file amends: said in the words of a file, which has no `If-Match`."""
    version = int(refusal.members.get("current_version", 0))
    return FileConflict(
        code="VERSION_MOVED",
        severity="ERROR",
        message=_names(_STANDS, version) if version else _NONE_STANDS,
        pointer="/replaces",
        objects=objects,
        indexes=tuple(lines[:LINES_LISTED_MAX]),
        expected=str(version) if version else "",
    )


def _names(pattern: Names, version: int) -> Names:
    return Names(vi=pattern.vi.format(version), en=pattern.en.format(version))


_STANDS = Names(
    vi="Phiên bản {0} đang có hiệu lực: tải lại mẫu rồi sửa, hoặc ghi {0} vào cột replaces",
    en="Version {0} stands: amend a template downloaded anew, or name {0} under replaces",
)
_NONE_STANDS = Names(
    vi="Chưa có phiên bản nào để thay: bỏ trống cột replaces, hoặc tải lại mẫu",
    en="There is no version to replace: leave replaces empty, or download the template again",
)


def lines_of(pointer: str, lines: Sequence[int]) -> tuple[int, ...]:
    """The line that a pointer such as `/values/7/numerator` is about; every line for any other."""
    steps = pointer.split("/")
    if len(steps) > 2 and steps[1] == "values" and steps[2].isdigit() and int(steps[2]) < len(lines):
        return (lines[int(steps[2])],)
    return tuple(lines[:LINES_LISTED_MAX])


def all_rejected(received: int) -> Counts:
    return Counts(received=received, valid=0, created=0, updated=0, unchanged=0, rejected=received)


class Tally(BaseModel):
    """The running summary of a file. Grows by `add`, in the order of the file's parts; kept with the job."""

    reports: dict[str, int] = Field(default_factory=lambda: {str(result): 0 for result in _RESULTS})
    counts: Counts = Field(default_factory=lambda: all_rejected(0))
    errors: list[FileConflict] = Field(default_factory=list)
    warnings: list[FileConflict] = Field(default_factory=list)
    conflict_groups_total: int = 0
    has_errors: bool = False
    rejected_indexes: list[int] = Field(default_factory=list)
    troubled: list[ReportResult] = Field(default_factory=list)
    fine: list[ReportResult] = Field(default_factory=list)
    is_withheld: bool = False

    def add(self, found: Iterable[ReportResult]) -> None:
        """Count the results and list as many as there is room for, those with errors before all others."""
        sums = self.counts.model_dump()
        for result in found:
            self.reports[result.result] += 1
            for name, count in result.counts.model_dump().items():
                sums[name] += count
            self.conflict_groups_total += result.conflict_groups_total
            errors = [conflict for conflict in result.conflicts if conflict.severity == "ERROR"]
            self.has_errors = self.has_errors or bool(errors)
            _extend(self.errors, errors, CONFLICT_GROUPS_MAX)
            _extend(self.warnings, (c for c in result.conflicts if c.severity == "WARNING"), CONFLICT_GROUPS_MAX)
            _extend(self.rejected_indexes, result.rejected_lines, REJECTED_LISTED_MAX)
            listed = self.fine if result.is_kept and not errors else self.troubled
            _extend(listed, [result.model_copy(update={"conflicts": (), "rejected_lines": ()})], RESULTS_MAX)
        self.counts = Counts(**sums)

    @property
    def kept(self) -> int:
        return self.reports["created"] + self.reports["unchanged"]

    @property
    def total(self) -> int:
        return sum(self.reports.values())

    @property
    def is_sound(self) -> bool:
        """Whether every report is kept."""
        return self.kept == self.total

    def withheld(self) -> Tally:
        """The tally once nothing of the file is written, because a report of it is at fault."""
        reports = {**self.reports, "created": 0, "withheld": self.reports["created"]}
        return self.model_copy(
            update={
                "is_withheld": True,
                "reports": reports,
                "counts": all_rejected(self.counts.received),
                "troubled": [result.withheld() for result in self.troubled],
                "fine": [result.withheld() for result in self.fine],
            }
        )

    def status(self) -> Status:
        """ERROR: nothing is kept. WARNING: something is kept, and there is something to say. Else SUCCESS."""
        if not self.kept or self.is_withheld:
            return "ERROR"
        return "WARNING" if self.conflict_groups_total else "SUCCESS"

    def outcome(self) -> FileOutcome:
        """The ladder: rejected, partially (whole reports are missing), with errors (single values), accepted."""
        if not self.kept or self.is_withheld:
            return "REJECTED"
        if self.kept < self.total:
            return "PARTIALLY_ACCEPTED_WITH_ERRORS"
        return "ACCEPTED_WITH_ERRORS" if self.has_errors else "ACCEPTED"

    def conflicts(self) -> list[FileConflict]:
        """At most CONFLICT_GROUPS_MAX groups, errors first."""
        return [*self.errors, *self.warnings][:CONFLICT_GROUPS_MAX]

    def results(self) -> list[ReportResult]:
        """At most RESULTS_MAX results, those with errors first."""
        return [*self.troubled, *self.fine][:RESULTS_MAX]


_RESULTS: tuple[Result, ...] = ("created", "unchanged", "rejected", "refused", "withheld")


def _extend(listed: list[Any], more: Iterable[Any], at_most: int) -> None:
    for item in more:
        if len(listed) >= at_most:
            return
        listed.append(item)


class FileSummary(Part):
    """The summary of a file in the shape of a submission's; conflicts' and results' messages in both languages."""

    status: Status
    mode: Mode
    dry_run: bool
    outcome: FileOutcome
    reports: dict[str, int]
    counts: Counts
    conflicts: tuple[FileConflict, ...]
    conflict_groups_total: int
    rejected_indexes: tuple[int, ...]
    results: tuple[ReportResult, ...]
    results_total: int


def summary_of(tally: Tally, *, mode: Mode, dry_run: bool) -> FileSummary:
    """The summary as it stands."""
    return FileSummary(
        status=tally.status(),
        mode=mode,
        dry_run=dry_run,
        outcome=tally.outcome(),
        reports=dict(tally.reports),
        counts=tally.counts,
        conflicts=tuple(tally.conflicts()),
        conflict_groups_total=tally.conflict_groups_total,
        rejected_indexes=tuple(sorted(tally.rejected_indexes)),
        results=tuple(tally.results()),
        results_total=tally.total,
    )
