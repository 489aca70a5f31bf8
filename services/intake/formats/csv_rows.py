"""Rows of a CSV file, as its bytes come: UTF-8 with or without a byte order mark, or UTF-16 with one.

The delimiter (comma, semicolon or tab) is the one under which the first line names our columns. Every bound has a
named fault: length of a line and of a cell, rows of the file.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import IO

from services.intake.formats.columns import field_of
from services.intake.formats.faults import FileFault
from shared.events.base import Names

LINE_CHARACTERS_MAX = 64 * 1024
CELL_CHARACTERS_MAX = 32_767
DELIMITERS = (",", ";", "\t")

Row = tuple[int, list[str]]
"""Line in the file (from 1) where the row ends, and its cells."""


def csv_rows(file: IO[bytes]) -> Iterator[Row]:
    """The header first, then every row. FileFault for what cannot be read."""
    lines = _Lines(file)
    first = next(lines, "")
    if not first.strip():
        raise _fault("EMPTY_FILE", line=1)
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    delimiter = max(DELIMITERS, key=lambda mark: sum(1 for cell in _cells(first, mark) if field_of(cell)))
    yield 1, _cells(first, delimiter)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield lines.number, row
    except csv.Error as error:
        raise _fault("CSV_UNREADABLE", line=lines.number, got=str(error)) from error


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise _fault("CSV_UNREADABLE", line=1, got=str(error)) from error


class _Lines:
    """Lines of the file, decoded as they come; `number` is the one given last."""

    def __init__(self, file: IO[bytes]) -> None:
        encoding = _encoding(file.read(4))
        file.seek(0)
        self._text = io.TextIOWrapper(file, encoding=encoding)
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(LINE_CHARACTERS_MAX + 1)
        except UnicodeDecodeError as error:
            raise _fault("ENCODING_UNKNOWN", line=self.number + 1, got=f"{error.encoding}: {error.reason}") from error
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LINE_CHARACTERS_MAX:
            raise _fault("LINE_TOO_LONG", line=self.number)
        if "\x00" in line:
            raise _fault("NUL_CHARACTER", line=self.number)
        return line


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise _fault("ENCODING_UNKNOWN", line=1, got="UTF-32")
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


_SAID: dict[str, tuple[Names, Names]] = {
    "EMPTY_FILE": (
        Names(vi="Tệp trống", en="The file is empty"),
        Names(vi="Dòng đầu là tên cột, mỗi dòng sau một số liệu", en="First a header line, then one value a line"),
    ),
    "ENCODING_UNKNOWN": (
        Names(vi="Không đọc được bảng mã của tệp", en="The encoding of the file cannot be read"),
        Names(
            vi="Lưu lại dạng «CSV UTF-8»; UTF-16 phải có BOM. TCVN3, VNI, Windows-1258 không được nhận",
            en="Save it as `CSV UTF-8`; UTF-16 needs its byte order mark. Other encodings are not taken",
        ),
    ),
    "NUL_CHARACTER": (
        Names(vi="Tệp có ký tự NUL", en="The file holds the character NUL"),
        Names(vi="Lưu lại dạng «CSV UTF-8»", en="Save it as `CSV UTF-8`"),
    ),
    "LINE_TOO_LONG": (
        Names(vi="Dòng quá dài", en="A line is too long"),
        Names(
            vi=f"Mỗi dòng tối đa {LINE_CHARACTERS_MAX} ký tự; kiểm tra dấu ngoặc kép",
            en=f"At most {LINE_CHARACTERS_MAX} characters a line; look for an open quotation mark",
        ),
    ),
    "CSV_UNREADABLE": (
        Names(vi="Không đọc được CSV", en="This is not CSV"),
        Names(
            vi=f"Kiểm tra dấu ngoặc kép; mỗi ô tối đa {CELL_CHARACTERS_MAX} ký tự",
            en=f"Look for an open quotation mark; a cell has at most {CELL_CHARACTERS_MAX} characters",
        ),
    ),
}


def _fault(code: str, *, line: int, got: str = "") -> FileFault:
    message, hint = _SAID[code]
    return FileFault(code, message, hint, line=line, got=got)
