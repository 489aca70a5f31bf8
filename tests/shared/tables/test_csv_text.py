"""Text in a CSV file never becomes a formula."""

from __future__ import annotations

import csv
import io

import pytest

from shared.tables.csv_text import guarded, table


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "|calc", "＝1", "\u00a0=1"])
def test_text_that_looks_like_a_formula_is_guarded(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize(("value", "shown"), [("Vụ Pháp chế", "Vụ Pháp chế"), (-1.5, "-1.5"), (3, "3"), (None, "")])
def test_ordinary_text_and_our_own_numbers_stay_as_they_are(value: str | float | None, shown: str) -> None:
    assert guarded(value) == shown


def test_a_table_is_read_back_as_it_was_written() -> None:
    body = table(["a", "b"], [['x,"y"', "=1"], ["dòng\nmới", 0.5]])
    assert body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert rows == [["a", "b"], ['x,"y"', "'=1"], ["dòng\nmới", "0.5"]]
