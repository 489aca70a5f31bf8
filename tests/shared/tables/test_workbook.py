from __future__ import annotations

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from shared.tables import workbook as workbooks
from shared.tables.workbook import Sheet, workbook


def read(made: bytes) -> dict[str, Any]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(made))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_text_stays_text_and_numbers_are_numbers() -> None:
    sheet = Sheet("Xếp hạng: VU/CUC", ["Đơn vị", "Chỉ số"], [["=1+1", 0.5], ["007", None], ["-5", 3]], frozenset({1}))
    held = read(workbook([sheet, Sheet("x", ["a"], [])]))
    assert held["1 Xếp hạng  VU CUC"] == [["Đơn vị", "Chỉ số"], ["=1+1", 0.5], ["007", ""], ["-5", 3.0]]
    assert held["2 x"] == [["a"]]


def test_a_sheet_has_a_bound() -> None:
    rows = [["x"]] * (workbooks.ROWS_MAX + 1)
    with pytest.raises(ValueError, match="more than"):
        workbook([Sheet("x", ["a"], rows)])
