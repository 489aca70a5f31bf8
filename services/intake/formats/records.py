"""One row of the long format as a record: what it says, or what is wrong with it.

A record is a plain list, because hundreds of thousands of them cross a process boundary:
`[line, kind, plan, form, unit, period, replaces, held, faults]` with kind
`value` (held: the members of one value), `nil` (held: reason), `explain` (held: [rule, text]), `report` (held: the
whole report, from NDJSON) or `stray` (a row that belongs to no report); `faults` is a list of
[code, member, expected, got].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.intake.formats.columns import ESTIMATED, EVIDENCE_KINDS, STATUSES, plain
from services.intake.formats.injection import unguarded
from services.intake.formats.numbers import NumberFault, Numbers

Record = list[Any]
LINE, KIND, PLAN, FORM, UNIT, PERIOD, REPLACES, HELD, FAULTS = range(9)

GOT_CHARACTERS_MAX = 60


class Records:
    """Makes records of one file's rows."""

    def __init__(self, places: Sequence[int], numbers: Numbers) -> None:
        self._places = places
        self._width = max(places) + 1
        self._numbers = numbers

    def of(self, line: int, row: list[str]) -> Record | None:
        """The record of a row; None for an empty one."""
        # A missing column's place is -1: the empty cell put behind the row. A row that is too short is padded.
        padded = [*row, *[""] * (self._width - len(row)), ""]
        cells = [padded[place].strip() for place in self._places]
        plan, form, unit, period, indicator = cells[:5]
        status_cell, reason = cells[8], unguarded(cells[9])
        if not (plan and form and unit and period):
            if not any(cells):
                return None
            missing = next(name for name, cell in zip(_KEY, cells, strict=False) if not cell)
            return [line, "stray", plan, form, unit, period, None, None, [["ROW_INCOMPLETE", missing, "", ""]]]
        faults: list[list[str]] = []
        replaces = self._version(cells[13], faults) if cells[13] else None
        head = [line, "value", plan, form, unit, period, replaces]
        status = STATUSES.get(plain(status_cell)) if status_cell else "reported"
        if status is None:
            faults.append(["STATUS_UNKNOWN", "status", "reported, estimated, nil, not_applicable", _short(status_cell)])
            status = "reported"
        if status == "explanation":
            return [line, "explain", *head[2:], [indicator, reason], faults]
        if status == "nil" and not indicator:
            return [line, "nil", *head[2:], reason, faults]
        held: dict[str, Any] = {"indicator": indicator, **_SAID[status]}
        for member, cell in zip(_NUMBERS, cells[5:8], strict=True):
            if cell:
                try:
                    held[member] = self._numbers.read(cell)
                except NumberFault as fault:
                    faults.append([fault.code, member, fault.expected, _short(cell)])
        if reason:
            held["reason"] = reason
        if cells[10] or cells[11] or cells[12]:
            held["evidence"] = _evidence(cells, faults)
        if not indicator:
            faults.append(["ROW_INCOMPLETE", "indicator", "", ""])
        return [*head, held, faults]

    @staticmethod
    def _version(cell: str, faults: list[list[str]]) -> int | None:
        if cell.isascii() and cell.isdigit() and len(cell) < 9 and int(cell) > 0:
            return int(cell)
        faults.append(["VERSION_UNREADABLE", "replaces", "1, 2, 3, ...", _short(cell)])
        return None


_SAID: dict[str, dict[str, Any]] = {
    "reported": {},
    ESTIMATED: {"estimated": True},
    "nil": {"status": "nil"},
    "not_applicable": {"status": "not_applicable"},
}
"""The members of a value that the column of the status stands for."""

_KEY = ("plan", "form", "unit", "period")
_NUMBERS = ("value", "numerator", "denominator")


def _evidence(cells: list[str], faults: list[list[str]]) -> dict[str, Any]:
    kind = EVIDENCE_KINDS.get(plain(cells[10]))
    if kind is None:
        faults.append(["EVIDENCE_KIND", "evidence_kind", "document_number, url, file", _short(cells[10])])
    held: dict[str, Any] = {"kind": kind or "document_number", "reference": unguarded(cells[11]) or "-"}
    if not cells[11]:
        faults.append(["EVIDENCE_REFERENCE", "evidence_reference", "", "missing"])
    if cells[12]:
        held["sha256"] = cells[12].lower()
    return held


def _short(text: str) -> str:
    return text[:GOT_CHARACTERS_MAX]
