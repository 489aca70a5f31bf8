"""Files for tests: how they are sent, awaited, written and spoiled."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import xlsxwriter

from tests.services.intake.running import Running

HEADER = "plan,form,unit,period,indicator,value,numerator,denominator,status,reason"
SOUND = [
    "SMALL,MONTHLY,U1,2011-M03,MAIL,,40,50,,",
    "SMALL,MONTHLY,U1,2011-M03,DOCS,,1.5,2.5,,",
    "SMALL,MONTHLY,U1,2011-M03,CALLS,3,,,,",
]


def csv_of(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def book_of(rows: list[list[Any]], *, sheet: str = "Sheet1") -> bytes:
    """A workbook with one sheet."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        page = workbook.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return file.getvalue()


def repacked(package: bytes, change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    """A zip package whose members were changed by `change(name, content)`, with `more` members."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as fresh:
        for name in old.namelist():
            fresh.writestr(name, change(name, old.read(name)))
        for name, content in more.items():
            fresh.writestr(name, content)
    return file.getvalue()


def filled(template: bytes, cells: dict[str, str | float]) -> bytes:
    """The template as a spreadsheet program saves it after somebody filled in cells of its first sheet."""

    def change(name: str, content: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return content
        text = content.decode()
        for place, value in cells.items():
            if isinstance(value, str):
                held, kind = f"<is><t>{value}</t></is>", ' t="inlineStr"'
            else:
                held, kind = f"<v>{value!r}</v>", ""
            text, count = re.subn(
                rf'<c r="{place}"( s="\d+")[^>]*?(/>|>.*?</c>)', rf'<c r="{place}"\1{kind}>{held}</c>', text
            )
            assert count == 1, place
        return text.encode()

    return repacked(template, change)


async def send(intake: Running, body: bytes, *, format: str = "csv", **more: Any) -> httpx.Response:
    params = {"format": format, **more.pop("params", {})}
    return await intake.call("POST", "/v1/imports", content=body, params=params, **more)


async def ended(intake: Running, answer: httpx.Response) -> dict[str, Any]:
    """The job of an answer, carried out."""
    assert answer.status_code == 202, answer.text
    await intake.intake.imports.run.due(intake.clock.now_ms())
    await intake.intake.imports.run.finish()
    job: dict[str, Any] = await intake.get(answer.headers["location"])
    assert job["phase"] in ("DONE", "FAILED"), job
    return job


async def imported(intake: Running, body: bytes, **more: Any) -> dict[str, Any]:
    """The job of a file at its end."""
    return await ended(intake, await send(intake, body, **more))


async def stored(intake: Running) -> list[Any]:
    """Everything of reports that is in the store."""
    held: list[Any] = []
    for collection in ("obligations", "report_versions", "evidence", "kept_evidence"):
        cursor = None
        while True:
            page = await intake.store.find(collection, limit=1000, cursor=cursor)
            held += page.documents
            cursor = page.cursor
            if cursor is None:
                break
    return held
