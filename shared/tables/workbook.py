"""An XLSX workbook of a few tables: text as text, numbers as numbers, a frozen header with filters."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import xlsxwriter

from shared.tables.csv_text import FORMULA_STARTS, Value

ROWS_MAX = 200_000
WIDTH_MAX = 60
_SHEET_NAME = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. `shares`: columns whose numbers are shares of one, shown as per cent."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Value]]
    shares: frozenset[int] = frozenset()


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The workbook. ValueError for a sheet of more than ROWS_MAX rows."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        share = book.add_format({"num_format": "0.00%"})
        quoted = book.add_format({"quote_prefix": True})
        for number, sheet in enumerate(sheets, start=1):
            if len(sheet.rows) > ROWS_MAX:
                raise ValueError(f"{sheet.name}: {len(sheet.rows)} rows, more than {ROWS_MAX}")
            page = book.add_worksheet(f"{number} {_SHEET_NAME.sub(' ', sheet.name)}"[:31])
            for column, name in enumerate(sheet.header):
                page.write_string(0, column, name, head)
                page.set_column(column, column, _width(sheet, column))
            for row, cells in enumerate(sheet.rows, start=1):
                for column, cell in enumerate(cells):
                    if isinstance(cell, str):
                        page.write_string(row, column, cell, quoted if cell.startswith(FORMULA_STARTS) else None)
                    elif cell is not None:
                        page.write_number(row, column, cell, share if column in sheet.shares else None)
            page.freeze_panes(1, 0)
            page.autofilter(0, 0, max(1, len(sheet.rows)), max(0, len(sheet.header) - 1))
    return out.getvalue()


def _width(sheet: Sheet, column: int) -> int:
    """Room for what is in the column, judged by its first rows."""
    shown = (str(row[column]) for row in sheet.rows[:200] if row[column] is not None)
    return min(WIDTH_MAX, max(8, min(20, len(sheet.header[column])), *(len(text) for text in shown), 8) + 2)
