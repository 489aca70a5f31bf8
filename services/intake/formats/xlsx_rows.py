"""Rows of an XLSX workbook: a sheet of the long format, or one of our templates, filled in.

Values only: of a formula the result that was saved with it. Dates and times come as ISO text, whole numbers without
`.0`, so a code that a spreadsheet took for a number is still that code.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from services.intake.formats.csv_rows import Row
from services.intake.formats.faults import FileFault
from services.intake.formats.packages import members_of
from services.intake.formats.template_sheet import IDENTITY_SHEET
from shared.events.base import Names


def open_workbook(path: Path) -> CalamineWorkbook:
    """The workbook, after its package was looked at. FileFault when it is none."""
    with path.open("rb") as file:
        if "xl/workbook.xml" not in members_of(file):
            raise _fault("NOT_A_WORKBOOK")
    try:
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError, ValueError) as error:
        raise _fault("WORKBOOK_UNREADABLE", f"{type(error).__name__}: {error}") from error


def is_template(workbook: CalamineWorkbook) -> bool:
    return IDENTITY_SHEET in workbook.sheet_names


def sheet_rows(workbook: CalamineWorkbook, name: str | None = None) -> Iterator[Row]:
    """Rows of the named sheet, or of the first one, from its first row on. Numbers are from 1."""
    try:
        sheet = workbook.get_sheet_by_name(name) if name else workbook.get_sheet_by_index(0)
        if sheet.start is None:
            raise _fault("EMPTY_FILE")
        # iter_rows begins at row 1 of the sheet, also where its first rows are empty.
        for number, row in enumerate(sheet.iter_rows(), start=1):
            yield number, [text_of(cell) for cell in row]
    except (CalamineError, OSError, ValueError, IndexError) as error:
        raise _fault("WORKBOOK_UNREADABLE", f"{type(error).__name__}: {error}") from error


def text_of(cell: object) -> str:
    """A cell as text: what the long format in CSV would hold, with a decimal point."""
    match cell:
        case str():
            return cell
        case bool():
            return "1" if cell else "0"
        case float() | int():
            return number_text(float(cell))
        case datetime.datetime() | datetime.date() | datetime.time():
            return cell.isoformat()
        case _:
            return "" if cell is None else str(cell)


def number_text(number: float) -> str:
    """The shortest text that reads back as this number, without an exponent where our numbers need none."""
    if number == int(number) and abs(number) < 1e18:
        return str(int(number))
    text = repr(number)
    return f"{number:.15f}".rstrip("0") if "e" in text else text


_SAID = {
    "NOT_A_WORKBOOK": Names(vi="Tệp không phải là XLSX", en="The file is no XLSX workbook"),
    "WORKBOOK_UNREADABLE": Names(vi="Không đọc được bảng tính", en="The workbook cannot be read"),
    "EMPTY_FILE": Names(vi="Trang tính trống", en="The sheet is empty"),
}
_HINT = Names(
    vi="Tải lại mẫu chính thức, hoặc lưu dạng XLSX bằng chương trình bảng tính",
    en="Download the official template again, or save it as XLSX in a spreadsheet program",
)


def _fault(code: str, got: str = "") -> FileFault:
    return FileFault(code, _SAID[code], _HINT, got=got)
