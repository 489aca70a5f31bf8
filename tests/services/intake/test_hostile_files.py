"""Files that mean harm or are broken: each gets a clear error with its own name, and nothing of it is stored."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.intake.files import HEADER, SOUND, book_of, csv_of, imported, repacked, send, stored
from tests.services.intake.running import Running, running

pytestmark = pytest.mark.anyio

ROWS: list[list[Any]] = [HEADER.split(","), *(line.split(",") for line in SOUND)]


def with_sheet(change: Callable[[bytes], bytes]) -> bytes:
    """A sound workbook whose sheet was changed."""
    return repacked(book_of(ROWS), lambda name, held: change(held) if name.endswith("sheet1.xml") else held)


def bomb(name: str, mebibytes: int) -> bytes:
    """A workbook with a member that grows to so many MiB."""
    return repacked(book_of(ROWS), lambda _, held: held, **{name: b" " * (mebibytes * 1024 * 1024)})


def lying(package: bytes) -> bytes:
    """The package with sizes in its directory that are not those of its members."""
    place = package.rindex(b"PK\x01\x02")
    return package[: place + 24] + struct.pack("<I", 5) + package[place + 28 :]


def far_cell(place: bytes) -> bytes:
    return with_sheet(
        lambda held: held.replace(b"</sheetData>", b'<row r="9"><c r="%s"><v>1</v></c></row></sheetData>' % place)
    )


def many_members() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for number in range(2001):
            package.writestr(f"{number}", b"")
    return file.getvalue()


def encrypted() -> bytes:
    """A package whose first member wants a password."""
    package = bytearray(book_of(ROWS))
    package[6] |= 1
    place = package.index(b"PK\x01\x02")
    package[place + 8] |= 1
    return bytes(package)


def plain_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("readme.txt", b"hello")
    return file.getvalue()


DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>'
LINE = (
    b'{"plan":"SMALL","form":"MONTHLY","unit":"U1","period":"2011-M03","values":[{"indicator":"CALLS","value":%s}]}\n'
)

FILES: dict[str, tuple[str, bytes, str]] = {
    # name: (format, the file, the code of its fault)
    "csv: binary": ("csv", bytes(range(128, 256)) * 10, "ENCODING_UNKNOWN"),
    "csv: latin-1": (
        "csv",
        csv_of(*SOUND, "SMALL,MONTHLY,U1,2011-M03,LAWS,,,,nil,Không").decode().encode("latin-1"),
        "ENCODING_UNKNOWN",
    ),
    "csv: windows-1258": ("csv", csv_of(SOUND[0] + "Đơn vị").decode().encode("cp1258", "replace"), "ENCODING_UNKNOWN"),
    "csv: utf-16 without mark": ("csv", csv_of(*SOUND).decode().encode("utf-16-le"), "NUL_CHARACTER"),
    "csv: utf-16 cut in half": (
        "csv",
        b"\xff\xfe" + csv_of(*SOUND).decode().encode("utf-16-le")[:-1],
        "ENCODING_UNKNOWN",
    ),
    "csv: utf-32": ("csv", csv_of(*SOUND).decode().encode("utf-32"), "ENCODING_UNKNOWN"),
    "csv: overlong utf-8": ("csv", csv_of(*SOUND) + b"\xc0\xaf", "ENCODING_UNKNOWN"),
    "csv: NUL": ("csv", csv_of(*SOUND) + b"SMALL,MONTHLY\x00", "NUL_CHARACTER"),
    "csv: only a header": ("csv", csv_of(), "EMPTY_FILE"),
    "csv: blank lines": ("csv", b"\n\n\n", "EMPTY_FILE"),
    "csv: open quotation mark": ("csv", csv_of(*SOUND, 'SMALL,MONTHLY,U1,2011-M03,"LAWS,1,,,,'), "CSV_UNREADABLE"),
    "csv: open quotation mark over many lines": ("csv", csv_of('SMALL,"', *SOUND * 1000), "CSV_UNREADABLE"),
    "csv: a line of a megabyte": ("csv", csv_of(*SOUND, "x" * 1_000_000), "LINE_TOO_LONG"),
    "csv: a cell of 40,000": ("csv", csv_of(*SOUND, f"{SOUND[0]}{'x' * 40_000}"), "CSV_UNREADABLE"),
    "csv: unknown column": ("csv", csv_of(*SOUND, header=f"{HEADER},valeu"), "UNKNOWN_COLUMN"),
    "csv: column twice": ("csv", csv_of(*SOUND, header=f"{HEADER},đơn vị"), "COLUMN_TWICE"),
    "csv: column missing": (
        "csv",
        csv_of("SMALL,MONTHLY,U1,CALLS,1", header="plan,form,unit,indicator,value"),
        "COLUMNS_MISSING",
    ),
    "csv: a thousand columns": ("csv", csv_of(header=",".join([HEADER, *["x"] * 1000])), "TOO_MANY_COLUMNS"),
    "csv: no header": ("csv", csv_of(header=SOUND[0]), "UNKNOWN_COLUMN"),
    "csv: json instead": ("csv", LINE % b"1", "UNKNOWN_COLUMN"),
    "csv: too many rows": ("csv", csv_of(*SOUND * 70), "TOO_MANY_ROWS"),
    "ndjson: not json": ("ndjson", LINE % b"1" + b"plan,form\n", "JSON_UNREADABLE"),
    "ndjson: NaN": ("ndjson", LINE % b"NaN", "JSON_UNREADABLE"),
    "ndjson: minus infinity": ("ndjson", LINE % b"-Infinity", "JSON_UNREADABLE"),
    "ndjson: a number of 5,000 digits": ("ndjson", LINE % (b"9" * 5000), "JSON_UNREADABLE"),
    "ndjson: beyond 64 bits": ("ndjson", LINE % b"99999999999999999999", "JSON_UNREADABLE"),
    "ndjson: beyond all doubles": ("ndjson", LINE % b"1e999", "JSON_UNREADABLE"),
    "ndjson: half a character": ("ndjson", LINE.replace(b"U1", b"\\ud800") % b"1", "JSON_UNREADABLE"),
    "ndjson: key twice": ("ndjson", LINE.replace(b'"unit"', b'"plan":"X","unit"') % b"1", "KEY_TWICE"),
    "ndjson: nested 40 deep": ("ndjson", LINE % (b'{"a":' * 40 + b"1" + b"}" * 40), "JSON_TOO_DEEP"),
    "ndjson: nested 100,000 deep": ("ndjson", LINE % (b"[" * 100_000 + b"]" * 100_000), "JSON_UNREADABLE"),
    "ndjson: a list": ("ndjson", b"[1]\n", "JSON_UNREADABLE"),
    "ndjson: not utf-8": ("ndjson", LINE % b'"\xff"', "JSON_UNREADABLE"),
    "ndjson: two megabytes in a line": ("ndjson", LINE % (b'"' + b"x" * 2_000_000 + b'"'), "LINE_TOO_LONG"),
    "xlsx: no zip": ("xlsx", b"PK but not really" * 10, "PACKAGE_UNREADABLE"),
    "xlsx: csv instead": ("xlsx", csv_of(*SOUND), "PACKAGE_UNREADABLE"),
    "xlsx: cut in half": ("xlsx", book_of(ROWS)[:3000], "PACKAGE_UNREADABLE"),
    "xlsx: any zip": ("xlsx", plain_zip(), "NOT_A_WORKBOOK"),
    "xlsx: with a password": ("xlsx", encrypted(), "PACKAGE_UNREADABLE"),
    "xlsx: sizes that lie": ("xlsx", lying(book_of(ROWS)), "PACKAGE_UNREADABLE"),
    "xlsx: a bomb in the sheets": ("xlsx", bomb("xl/worksheets/sheet2.xml", 60), "PACKAGE_BOMB"),
    "xlsx: a bomb beside": ("xlsx", bomb("xl/media/image1.png", 60), "PACKAGE_BOMB"),
    "xlsx: 2,001 members": ("xlsx", many_members(), "PACKAGE_MEMBERS"),
    "xlsx: entities": (
        "xlsx",
        with_sheet(lambda held: held.replace(b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', DOCTYPE)),
        "XML_DOCTYPE",
    ),
    "xlsx: a cell in the last row and column": ("xlsx", far_cell(b"XFD1048576"), "SHEET_TOO_LARGE"),
    "xlsx: a cell beyond all rows": ("xlsx", far_cell(b"A9999999"), "SHEET_TOO_LARGE"),
    "xlsx: xml cut in half": ("xlsx", with_sheet(lambda held: held[:-200]), "WORKBOOK_UNREADABLE"),
    "xlsx: xml nested 100,000 deep": (
        "xlsx",
        with_sheet(lambda held: held.replace(b"<sheetData>", b"<a>" * 100_000 + b"<sheetData>")),
        "XML_TOO_DEEP",
    ),
    "xlsx: an empty sheet": ("xlsx", book_of([]), "EMPTY_FILE"),
    "xlsx: unknown column": ("xlsx", book_of([[*ROWS[0], "valeu"], *ROWS[1:]]), "UNKNOWN_COLUMN"),
}


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Running]:
    """Intake with small bounds."""
    async with running(
        tmp_path,
        import_rows_max=200,
        import_bytes_max=4_000_000,
        evidence_dir=tmp_path / "e",
        evidence_bytes_max=100_000,
    ) as service:
        await service.publish()
        await service.put_unit("U1")
        yield service


@pytest.mark.parametrize("name", FILES)
async def test_a_hostile_file_is_named_and_nothing_is_stored(small: Running, name: str) -> None:
    format, body, code = FILES[name]
    before = await stored(small)
    job = await imported(small, body, format=format, params={"mode": "PARTIAL"})
    assert (job["phase"], (job["fault"] or {}).get("code")) == ("FAILED", code), job
    assert job["summary"]["outcome"] == "REJECTED"
    assert job["fault"]["message"]
    assert job["fault"]["hint"]
    assert await stored(small) == before


NUMBERS = {
    "NaN": "NUMBER_UNREADABLE",
    "1e999": "NUMBER_UNREADABLE",
    "0x10": "NUMBER_UNREADABLE",
    "١٢": "NUMBER_UNREADABLE",
    "1_000": "NUMBER_UNREADABLE",
    "1 000": "NUMBER_UNREADABLE",
    "−5": "NUMBER_UNREADABLE",
    "9" * 400: "NUMBER_UNREADABLE",
    '"1.234"': "NUMBER_AMBIGUOUS",
    '"1,234"': "NUMBER_AMBIGUOUS",
    '"1.234,5"': "NUMBER_UNREADABLE",
    "=1+1": "NUMBER_UNREADABLE",
    "=cmd|' /C calc'!A0": "NUMBER_UNREADABLE",
    "9999999999999999": "NOT_VALID",
}


@pytest.mark.parametrize("number", NUMBERS)
async def test_what_is_no_number_is_not_guessed(small: Running, number: str) -> None:
    line = f"SMALL,MONTHLY,U1,2011-M03,CALLS,{number},,,,"
    before = await stored(small)
    job = await imported(small, csv_of(*SOUND[:2], line))
    conflict = job["summary"]["conflicts"][0]
    assert (conflict["code"], conflict["indexes"]) == (NUMBERS[number], [4]), job
    assert job["summary"]["outcome"] == "REJECTED"
    assert await stored(small) == before


async def test_marks_may_not_change_within_a_file(small: Running) -> None:
    lines = [SOUND[0], SOUND[1], 'SMALL,MONTHLY,U1,2011-M03,CALLS,"3,5",,,,']
    job = await imported(small, csv_of(*lines))
    assert [conflict["code"] for conflict in job["summary"]["conflicts"]] == ["NUMBER_MARK"]
    said = await imported(small, csv_of(*SOUND[:2], SOUND[2].replace(",3,", ",1.234,")), params={"decimal": "point"})
    assert [conflict["code"] for conflict in said["summary"]["conflicts"]] == ["VALUE_INTEGER"], "1.234 was read"


ROWS_AT_FAULT = {
    "no period": ("SMALL,MONTHLY,U1,,CALLS,1,,,,", "ROW_INCOMPLETE"),
    "no such period": ("SMALL,MONTHLY,U1,2011-M13,CALLS,1,,,,", "NOT_VALID"),
    "path for a unit": ("SMALL,MONTHLY,../../etc/passwd,2011-M03,CALLS,1,,,,", "NOT_VALID"),
    "no indicator": ("SMALL,MONTHLY,U1,2011-M03,,1,,,,", "ROW_INCOMPLETE"),
    "unknown status": ("SMALL,MONTHLY,U1,2011-M03,CALLS,1,,,maybe,", "STATUS_UNKNOWN"),
    "nil without reason": ("SMALL,MONTHLY,U1,2011-M03,,,,,nil,", "NOT_VALID"),
    "unknown indicator": ("SMALL,MONTHLY,U1,2011-M03,=SUM(A1),1,,,,", "NOT_VALID"),
}


@pytest.mark.parametrize("name", ROWS_AT_FAULT)
async def test_a_row_at_fault_is_named(small: Running, name: str) -> None:
    line, code = ROWS_AT_FAULT[name]
    before = await stored(small)
    job = await imported(small, csv_of(line))
    conflict = job["summary"]["conflicts"][0]
    assert (conflict["code"], conflict["indexes"]) == (code, [2]), job
    assert await stored(small) == before


async def test_the_same_indicator_twice_names_its_line(small: Running) -> None:
    job = await imported(small, csv_of(*SOUND, SOUND[2]))
    assert [(c["code"], c["indexes"]) for c in job["summary"]["conflicts"]] == [("NOT_VALID", [5])]


async def test_six_hundred_values_of_one_report_are_too_many(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await service.publish()
        await service.put_unit("U1")
        lines = [f"SMALL,MONTHLY,U1,2011-M03,I{number},1,,,," for number in range(600)]
        job = await imported(service, csv_of(*lines))
        assert job["summary"]["conflicts"][0]["code"] == "NOT_VALID"


@pytest.mark.parametrize(
    ("params", "body", "status"),
    [
        ({"format": "pdf"}, b"%PDF", 422),
        ({"format": "csv", "mode": "SOME"}, b"a", 422),
        ({"format": "csv"}, b"", 422),
        ({"format": "csv"}, b"x" * 4_000_001, 413),
    ],
)
async def test_bad_requests_make_no_job(small: Running, params: dict[str, str], body: bytes, status: int) -> None:
    answer = await small.call("POST", "/v1/imports", params=params, content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (await small.store.find("imports", limit=10)).documents == []


async def test_more_than_is_allowed_is_cut_off_while_it_streams(small: Running, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    answer = await small.call("POST", "/v1/imports", params={"format": "csv"}, content=endless())
    assert answer.status_code == 413
    assert list((tmp_path / "imports").iterdir()) == []


async def test_too_many_files_may_not_wait(small: Running) -> None:
    answers = [await send(small, csv_of(*SOUND)) for _ in range(33)]
    assert [answer.status_code for answer in answers] == [202] * 32 + [409]


EVIDENCE: dict[str, tuple[str, bytes, str]] = {
    "a program": ("application/pdf", b"MZ\x90\x00" * 100, "TYPE_MISMATCH"),
    "a page called an image": ("image/png", b"<html><script>alert(1)</script></html>", "TYPE_MISMATCH"),
    "an image called a document": ("application/pdf", b"\x89PNG\r\n\x1a\n" + b"0" * 100, "TYPE_MISMATCH"),
    "a page": ("text/html", b"<html></html>", "TYPE_NOT_TAKEN"),
    "a drawing with a script": ("image/svg+xml", b"<svg onload='alert(1)'/>", "TYPE_NOT_TAKEN"),
    "no type": ("", b"hello", "TYPE_NOT_TAKEN"),
    "nothing": ("text/plain", b"", "EMPTY_FILE"),
    "text that is none": ("text/plain", b"\xff\xfeh\x00", "TYPE_MISMATCH"),
    "text with control characters": ("text/csv", b"a,b\x1b[2J", "TYPE_MISMATCH"),
    "any zip": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        plain_zip(),
        "TYPE_MISMATCH",
    ),
    "a workbook called a letter": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        book_of(ROWS),
        "TYPE_MISMATCH",
    ),
    "a bomb": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        bomb("xl/media/image1.png", 60),
        "PACKAGE_BOMB",
    ),
    "a cut package": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        book_of(ROWS)[:2000],
        "PACKAGE_UNREADABLE",
    ),
}


@pytest.mark.parametrize("name", EVIDENCE)
async def test_hostile_evidence_is_named_and_not_kept(small: Running, tmp_path: Path, name: str) -> None:
    media_type, body, code = EVIDENCE[name]
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await small.call("POST", "/v1/evidence?unit=U1", content=body, headers=headers)
    assert (answer.status_code, answer.json().get("code")) == (415, code), answer.text
    assert [path for path in (tmp_path / "e").rglob("*") if path.is_file()] == []
    assert (await small.store.find("kept_evidence", limit=10)).documents == []


async def test_evidence_over_the_bound(small: Running, tmp_path: Path) -> None:
    answer = await small.call(
        "POST", "/v1/evidence?unit=U1", content=b"a" * 100_001, headers={"Content-Type": "text/plain"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"\n".join([b"{}"] * 501), 422),
        (b"x" * (8 * 1024 * 1024 + 1), 413),
    ],
)
async def test_batches_have_bounds(small: Running, body: bytes, status: int) -> None:
    answer = await small.call("POST", "/v1/reports/batch", content=body)
    assert answer.status_code == status
    assert (await small.entry())["report"] is None


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("ndjson")])
async def test_a_hostile_line_of_a_batch_is_refused_alone(small: Running, name: str) -> None:
    body = FILES[name][1]
    last = body.split(b"\n")[-2] + b"\n"
    good = (LINE % b"1").replace(b'"values"', b'"mode":"PARTIAL","values"')
    answer = await small.call("POST", "/v1/reports/batch?per=report", content=last + good)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert (results[0]["result"], results[0]["conflicts"][0]["code"]) == ("refused", FILES[name][2])
    assert results[1]["result"] == "created"


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(FILES) + len(NUMBERS) + len(ROWS_AT_FAULT) + len(EVIDENCE) >= 60
