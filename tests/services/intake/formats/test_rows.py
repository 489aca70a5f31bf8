"""Numbers, columns, encodings and parts: what a row means whatever it came in."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.formats.columns import FIELDS, field_of, places
from services.intake.formats.csv_rows import csv_rows
from services.intake.formats.exports import csv_header, csv_lines
from services.intake.formats.faults import FileFault
from services.intake.formats.numbers import NumberFault, Numbers
from services.intake.formats.records import Record, Records
from services.intake.formats.sniff import safe_name
from services.intake.formats.spool import parts_for, read_part, write_parts
from services.intake.formats.xlsx_rows import number_text

UNITS = [f"U{number}" for number in range(7)]
TEXT = "plan,form,unit,period,indicator,value\nP,F,Đơn vị,2011,I,1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_that_are_read(encoding: str, end: str) -> None:
    rows = list(csv_rows(io.BytesIO(TEXT.replace("\n", end).encode(encoding))))
    assert rows == [(1, TEXT.split("\n", maxsplit=1)[0].split(",")), (2, ["P", "F", "Đơn vị", "2011", "I", "1"])]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_delimiters_are_known_by_the_header(mark: str) -> None:
    rows = list(csv_rows(io.BytesIO(TEXT.replace(",", mark).encode())))
    assert rows[1][1][2] == "Đơn vị"


@pytest.mark.parametrize("name", ["Đơn vị", "don_vi", "ĐƠN VỊ ", "Unit", "mã đơn vị"])
def test_a_column_has_many_names(name: str) -> None:
    assert field_of(name) == "unit"


def test_an_export_has_the_columns_of_an_import() -> None:
    header = csv_header().decode("utf-8-sig").strip().split(",")
    assert places(header, line=1) == list(range(len(FIELDS)))


@pytest.mark.parametrize(
    ("decimal", "text", "number"),
    [
        ("auto", "12", 12.0),
        ("auto", "-12.5", -12.5),
        ("auto", "12,5", 12.5),
        ("auto", "0.125", 0.125),
        ("comma", "1,234", 1.234),
        ("point", "1.234", 1.234),
    ],
)
def test_numbers_that_can_be_read_one_way(decimal: str, text: str, number: float) -> None:
    assert Numbers(decimal).read(text) == number  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["1,234", "1.234", "-1.234"])
def test_numbers_that_can_be_read_two_ways(text: str) -> None:
    with pytest.raises(NumberFault, match="NUMBER_AMBIGUOUS"):
        Numbers("auto").read(text)


@given(st.floats(-1e12, 1e12).map(lambda number: round(number, 6)))
def test_a_number_that_was_written_reads_back(number: float) -> None:
    assert Numbers("point").read(number_text(number)) == number


def test_a_row_that_is_too_short_or_too_long_is_read() -> None:
    made = Records([0, 1, 2, 3, 4, 5, -1, -1, -1, -1, -1, -1, -1, -1], Numbers("auto"))
    short = made.of(2, ["P", "F", "U", "2011", "I"])
    assert short is not None
    assert short[7] == {"indicator": "I"}
    assert made.of(3, ["P", "F", "U", "2011", "I", "1", "more"]) == [
        *(3, "value", "P", "F", "U", "2011", None),
        {"indicator": "I", "value": 1.0},
        [],
    ]
    assert made.of(4, ["", " ", ""]) is None


def _record(line: int, unit: str) -> Record:
    return [line, "value", "P", "F", unit, "2011", None, {"indicator": "I"}, []]


def test_rows_of_one_unit_are_in_one_part_in_their_order(tmp_path: Path) -> None:
    records = [_record(line, f"U{line % 7}") for line in range(1, 101)]
    counts = write_parts(records, tmp_path, parts=5, rows_max=100)
    parts = [read_part(tmp_path, part) for part in range(5)]
    assert [len(part) for part in parts] == counts
    homes = {unit: {number for number, part in enumerate(parts) for held in part if held[4] == unit} for unit in UNITS}
    assert all(len(home) == 1 for home in homes.values())
    assert sorted(held[0] for part in parts for held in part) == list(range(1, 101))
    assert all(part == sorted(part) for part in parts)


def test_bounds_of_parts(tmp_path: Path) -> None:
    assert (parts_for(0), parts_for(10 * 2**20), parts_for(2**40)) == (1, 10, 64)
    with pytest.raises(FileFault, match="TOO_MANY_ROWS"):
        write_parts([_record(line, "U") for line in range(3)], tmp_path, parts=1, rows_max=2)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("..", "evidence"),
        ("", "evidence"),
        ("a\u202egnp.exe", "agnp.exe"),
        ('a"b\r\nc.pdf', "abc.pdf"),
        ("Quyết định.pdf", "Quyết định.pdf"),
        ("x" * 400, "x" * 150),
    ],
)
def test_names_lose_what_could_harm(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_cells_of_an_export_are_quoted() -> None:
    assert csv_lines([["a,b", 'c"d', "@x", -1.0, None]]) == b'"a,b","c""d",\'@x,-1,\r\n'
