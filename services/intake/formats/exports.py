"""Reports as rows of the long format: what an export holds is what an import takes back.

CSV is UTF-8 with a byte order mark (spreadsheets ask for it), its text cells guarded against formulas. In XLSX text
is written as text and marked so (quote prefix), which keeps it text when somebody edits the cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import IO

import xlsxwriter

from services.intake.formats.columns import FIELDS, status_shown
from services.intake.formats.injection import guarded
from services.intake.formats.template import WORKBOOK
from services.intake.formats.xlsx_rows import number_text
from shared.clock import iso
from shared.events.report import ReportedValue, ReportState

Cell = str | float | None

HEADER = (*FIELDS, "version", "phase", "timeliness", "received_at", "submitted_by", "plan_version")


def rows_of(state: ReportState) -> Iterator[list[Cell]]:
    """One row a value; one row for a nil report."""
    head = [state.plan, state.form, state.unit, state.period]
    tail: list[Cell] = [
        *(state.version, state.version, state.phase, state.timeliness),
        *(iso(state.received_at_ms), state.submitted_by, state.plan_version),
    ]
    if state.nil:
        yield [*head, "", None, None, None, "nil", "", "", "", "", *tail]
    for value in state.values:
        yield [*head, *_members(value), *tail]


def _members(value: ReportedValue) -> list[Cell]:
    evidence = value.evidence
    return [
        value.indicator,
        value.value,
        value.numerator,
        value.denominator,
        status_shown(value),
        value.reason,
        evidence.kind if evidence else None,
        evidence.reference if evidence else None,
        evidence.sha256 if evidence else None,
    ]


def csv_header() -> bytes:
    """The first line, behind the byte order mark."""
    return b"\xef\xbb\xbf" + csv_lines([list(HEADER)])


def csv_lines(rows: Iterable[list[Cell]]) -> bytes:
    """Rows as lines of CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_csv_cell(cell) for cell in row])
    return text.getvalue().encode()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return guarded(cell) if isinstance(cell, str) else number_text(cell)


class XlsxExport:
    """A workbook written row by row into a file: rows already written are not kept in memory."""

    def __init__(self, file: IO[bytes], folder: str) -> None:
        options = {**WORKBOOK, "in_memory": False, "constant_memory": True, "tmpdir": folder}
        self._workbook = xlsxwriter.Workbook(file, options)
        self._sheet = self._workbook.add_worksheet("reports")
        self._quoted = self._workbook.add_format({"quote_prefix": True})
        self.rows = 0
        self.add([list(HEADER)])

    def add(self, rows: Iterable[list[Cell]]) -> None:
        """Write rows below those there are."""
        for row in rows:
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    style = self._quoted if guarded(cell) != cell else None
                    self._sheet.write_string(self.rows, place, cell, style)
                elif cell is not None:
                    self._sheet.write_number(self.rows, place, cell)
            self.rows += 1

    def close(self) -> None:
        """Finish the file."""
        self._workbook.close()
