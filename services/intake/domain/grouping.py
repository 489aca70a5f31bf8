"""Rows of a file put together again as reports. Pure.

All rows of (plan, form, unit, period) are one report; a whole report from NDJSON stands by itself. Reports of one
unit's form are a sequence, in the order of their periods: each is held against the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from services.intake.domain.imported import (
    CONFLICTS_OF_REPORT_MAX,
    FileConflict,
    ReportResult,
    all_rejected,
    lines_of,
)
from services.intake.domain.submission import VALUES_MAX, Mode, ReportInput
from shared.events.base import Names
from shared.plan.periods import Period
from shared.shape_faults import said

Record = Sequence[Any]
"""[line, kind, plan, form, unit, period, replaces, held, faults]: see `formats.records`."""


@dataclass(slots=True)
class Group:
    """The rows of one report. `faults` are (line, code, member, expected, got).

    `faulty_lines` are those of values that cannot be read, each with the indicator that it is about.
    """

    plan: str
    form: str
    unit: str
    period: str
    line: int
    replaces: set[int | None] = field(default_factory=set)
    values: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faulty_lines: dict[int, str] = field(default_factory=dict)
    explanations: dict[str, str] = field(default_factory=dict)
    nil_reasons: list[str] = field(default_factory=list)
    whole: dict[str, Any] | None = None
    faults: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    rows: int = 0

    @property
    def objects(self) -> dict[str, str]:
        return {"form": self.form, "unit": self.unit, "period": self.period}

    @property
    def named_version(self) -> int | None:
        return next((version for version in self.replaces if version is not None), None)

    @property
    def is_unclear(self) -> bool:
        """Whether something is at fault that concerns more than single values."""
        return len(self.replaces - {None}) > 1 or any(line not in self.faulty_lines for line, *_ in self.faults)

    def is_about_unread(self, conflict: FileConflict) -> bool:
        """Whether validation misses a value only because its row cannot be read, which is told already."""
        return not conflict.indexes and conflict.objects.get("indicator") in self.faulty_lines.values()

    @property
    def names_files(self) -> bool:
        """Whether it gives files as evidence: whose a file is depends on who comes first."""
        values = self.whole.get("values") if self.whole is not None else self.values
        return isinstance(values, list) and any(
            isinstance(value, dict) and isinstance(value.get("evidence"), dict) and "sha256" in value["evidence"]
            for value in values
        )


def sequences(records: Iterable[Record]) -> tuple[list[list[Group]], list[Record]]:
    """The sequences of a part in the order in which they first occur, and the rows that belong to no report."""
    found: dict[tuple[str, str, str], dict[tuple[str, int], Group]] = {}
    strays: list[Record] = []
    for record in records:
        line, kind, plan, form, unit, period = record[:6]
        if kind == "stray":
            strays.append(record)
            continue
        sequence = found.setdefault((plan, form, unit), {})
        key = (period, line if kind == "report" else 0)
        group = sequence.get(key)
        if group is None:
            group = sequence[key] = Group(plan, form, unit, period, line)
        _put(group, record)
    return [sorted(held.values(), key=_order) for held in found.values()], strays


def _put(group: Group, record: Record) -> None:
    line, kind, _, _, _, _, replaces, held, faults = record
    group.rows += 1
    group.replaces.add(replaces)
    group.faults += [(line, *fault) for fault in faults]
    if kind == "report":
        group.whole = held
        given = held.get("values")
        count = len(given) if isinstance(given, list) else 0
        group.lines = [line] * count
        group.rows = max(1, count)
    elif kind == "nil":
        group.nil_reasons.append(held)
        group.lines.append(line)
    elif kind == "explain":
        group.explanations[held[0]] = held[1]
    elif faults:
        group.faulty_lines[line] = held["indicator"]
    elif len(group.values) <= VALUES_MAX:  # one too many is enough to be refused
        group.values.append(held)
        group.lines.append(line)


def _order(group: Group) -> tuple[str, int]:
    """By the period's first day, a longer period after the shorter ones in it; what is no period comes last."""
    try:
        period = Period.parse(group.period)
    except ValueError:
        return "~", group.line
    return f"{period.year:04d}-{period.last_month:02d}", group.line


@dataclass(frozen=True, slots=True)
class Prepared:
    """A group as a submission, or why it is none; `conflicts` also when some of its rows were left out."""

    given: ReportInput | None
    lines: tuple[int, ...]
    conflicts: tuple[FileConflict, ...]


def prepared(group: Group, mode: Mode) -> Prepared:
    """The submission that a group makes. ATOMIC: no row may be at fault. PARTIAL: rows at fault are left out."""
    found = _row_conflicts(group)
    if found and (mode == "ATOMIC" or group.is_unclear or not group.values):
        return Prepared(None, tuple(group.lines), tuple(found))
    body, values, lines = _body(group, mode), list(group.values), list(group.lines)
    for _ in range(2):
        try:
            given = ReportInput.model_validate(body if group.whole is not None else {**body, **_values(group, values)})
        except ValidationError as error:
            wrong = _model_conflicts(group, error, lines)
            at_fault = _value_places(error, len(values))
            if mode == "ATOMIC" or group.whole is not None or at_fault is None or len(at_fault) == len(values):
                return Prepared(None, tuple(lines), (*found, *wrong))
            found += wrong
            values = [value for place, value in enumerate(values) if place not in at_fault]
            lines = [line for place, line in enumerate(lines) if place not in at_fault]
        else:
            return Prepared(given, tuple(lines), tuple(found))
    return Prepared(None, tuple(lines), tuple(found))


def _values(group: Group, values: list[dict[str, Any]]) -> dict[str, Any]:
    if group.nil_reasons and not values:
        return {"nil": True, "nil_reason": group.nil_reasons[0] or None}
    nil = {"nil": True, "nil_reason": group.nil_reasons[0] or None} if group.nil_reasons else {}
    return {"values": values, **nil}


def _body(group: Group, mode: Mode) -> dict[str, Any]:
    if group.whole is not None:
        return {"mode": mode, **group.whole}
    return {
        "plan": group.plan,
        "form": group.form,
        "unit": group.unit,
        "period": group.period,
        "mode": mode,
        "explanations": group.explanations,
    }


def _row_conflicts(group: Group) -> list[FileConflict]:
    found = [
        _conflict(
            group,
            code,
            _ROW_FAULTS.get(code, _UNREADABLE),
            lines=(line,),
            pointer=member,
            expected=expected,
            got=got,
            indicator=group.faulty_lines.get(line, ""),
        )
        for line, code, member, expected, got in group.faults[:CONFLICTS_OF_REPORT_MAX]
    ]
    if len(group.replaces - {None}) > 1:
        got = ", ".join(str(version) for version in sorted(v for v in group.replaces if v is not None))
        found.append(
            _conflict(group, "VERSION_UNCLEAR", _VERSION_UNCLEAR, lines=(group.line,), pointer="replaces", got=got)
        )
    return found


def _model_conflicts(group: Group, error: ValidationError, lines: Sequence[int]) -> list[FileConflict]:
    found = []
    for fault in error.errors(include_input=False, include_url=False)[:CONFLICTS_OF_REPORT_MAX]:
        pointer = "".join(f"/{step}" for step in fault["loc"])
        where = lines_of(pointer, lines) or (group.line,)
        found.append(_conflict(group, "NOT_VALID", said(fault), lines=where, pointer=pointer))
    return found


def _value_places(error: ValidationError, count: int) -> set[int] | None:
    """Positions of the values at fault; None when the fault is not one of single values."""
    places: set[int] = set()
    for fault in error.errors(include_input=False, include_url=False):
        loc = fault["loc"]
        if len(loc) < 2 or loc[0] != "values" or not isinstance(loc[1], int) or loc[1] >= count:
            return None
        places.add(loc[1])
    return places


def _conflict(
    group: Group,
    code: str,
    message: Names,
    *,
    lines: tuple[int, ...],
    pointer: str,
    expected: str = "",
    got: str = "",
    indicator: str = "",
) -> FileConflict:
    return FileConflict(
        code=code,
        severity="ERROR",
        message=message,
        pointer=pointer if not pointer or pointer.startswith("/") else f"/{pointer}",
        objects={"indicator": indicator, **group.objects} if indicator else group.objects,
        indexes=lines,
        expected=expected or None,
        got=got or None,
    )


def unread(group: Group, found: Sequence[FileConflict]) -> ReportResult:
    """The result of a report that cannot be submitted as it stands."""
    return ReportResult(
        line=group.line,
        plan=group.plan,
        form=group.form,
        unit=group.unit,
        period=group.period,
        result="refused",
        counts=all_rejected(group.rows),
        conflicts=tuple(found[:CONFLICTS_OF_REPORT_MAX]),
        conflict_groups_total=len(found),
        rejected_lines=tuple(sorted({*group.lines, *group.faulty_lines})),
    )


def with_left_out(result: ReportResult, group: Group, found: Sequence[FileConflict]) -> ReportResult:
    """The result of a report some of whose rows were left out: they count as received and rejected."""
    if not found:
        return result
    lines = sorted({line for conflict in found for line in conflict.indexes})
    counts = result.counts
    more = {"received": counts.received + len(lines), "rejected": counts.rejected + len(lines)}
    return result.model_copy(
        update={
            "line": group.line,
            "counts": counts.model_copy(update=more),
            "conflicts": (*found, *result.conflicts)[:CONFLICTS_OF_REPORT_MAX],
            "conflict_groups_total": result.conflict_groups_total + len(found),
            "rejected_lines": tuple(sorted({*result.rejected_lines, *lines})),
        }
    )


def stray(record: Record) -> ReportResult:
    """The result of a row that names no report."""
    line, _, plan, form, unit, period, *_ = record
    member = record[8][0][1]
    group = Group(plan, form, unit, period, line, rows=1, lines=[line])
    message = _ROW_FAULTS["ROW_INCOMPLETE"]
    return unread(group, [_conflict(group, "ROW_INCOMPLETE", message, lines=(line,), pointer=member, got="missing")])


_UNREADABLE = Names(vi="Không đọc được ô này", en="The cell cannot be read")
_VERSION_UNCLEAR = Names(
    vi="Các dòng của một báo cáo nêu nhiều phiên bản được thay", en="Rows of one report name several versions"
)
_ROW_FAULTS = {
    "ROW_INCOMPLETE": Names(
        vi="Dòng thiếu kế hoạch, biểu mẫu, đơn vị, kỳ hoặc chỉ tiêu",
        en="The row lacks plan, form, unit, period or indicator",
    ),
    "NUMBER_UNREADABLE": Names(vi="Không phải là số", en="This is no number"),
    "NUMBER_AMBIGUOUS": Names(
        vi="Không rõ là dấu thập phân hay dấu ngăn nghìn", en="A decimal mark or a thousands separator?"
    ),
    "NUMBER_MARK": Names(vi="Dấu thập phân khác với phần còn lại của tệp", en="Not the decimal mark of this file"),
    "STATUS_UNKNOWN": Names(vi="Trạng thái không có trong quy định", en="The status is not known"),
    "VERSION_UNREADABLE": Names(vi="Phiên bản là số nguyên từ 1", en="A version is a whole number from 1"),
    "EVIDENCE_KIND": Names(vi="Loại minh chứng không có trong quy định", en="The kind of evidence is not known"),
    "EVIDENCE_REFERENCE": Names(vi="Thiếu số hiệu hoặc liên kết minh chứng", en="The evidence names nothing"),
}
