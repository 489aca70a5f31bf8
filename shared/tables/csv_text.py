"""Cells of a CSV file that a spreadsheet will open: text must never become a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")

Value = str | int | float | None


def guarded(value: Value) -> str:
    """The text of a cell. Text that a spreadsheet could read as a formula gets an apostrophe in front.

    Numbers are written with a point and at most six decimals; they are ours, so a minus sign is only a minus sign.
    """
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f"'{value}" if value.lstrip(" \u00a0\ufeff").startswith(FORMULA_STARTS) else value


def table(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """A CSV document in UTF-8 with a byte order mark, by which spreadsheets know Vietnamese text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([guarded(name) for name in header])
    for row in rows:
        writer.writerow([guarded(value) for value in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")
