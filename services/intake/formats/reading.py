"""The child process that reads a stranger's file: whatever it holds, the service goes on.

`python -m services.intake.formats.reading` takes an order (`{"path": ..., ...}`) on its standard input, writes the
parts of the file (see `spool`) into a folder and prints one JSON object: `{"rows_by_part": [...]}` or
`{"fault": {...}}`. Its memory and processor time are bounded by the kernel, so a file that makes a parser run wild ends
this process and nothing else.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.intake.domain.reach import Reach
from services.intake.formats.columns import FIELDS, places
from services.intake.formats.csv_rows import Row, csv_rows
from services.intake.formats.faults import FileFault
from services.intake.formats.ndjson_rows import ndjson_records
from services.intake.formats.numbers import Decimal, Numbers
from services.intake.formats.records import Record, Records
from services.intake.formats.spool import write_parts

MEMORY_BYTES_MAX = 1536 * 1024 * 1024
PROCESSOR_SECONDS_MAX = 60

Format = Literal["csv", "xlsx", "ndjson"]


class Order(BaseModel):
    """What to read, into which folder, how many parts and rows at most; rows outside of `reach` are a fault."""

    model_config = ConfigDict(frozen=True)

    path: Path
    folder: Path
    format: Format
    decimal: Decimal
    parts: int
    rows_max: int
    reach: Reach = Reach()


def read(order: Order) -> dict[str, Any]:
    """Read the file; what is told is what the process prints."""
    try:
        counts = write_parts(
            records(order),
            order.folder,
            parts=order.parts,
            rows_max=order.rows_max,
            reach=order.reach,
        )
    except FileFault as fault:
        return {"fault": fault.document()}
    return {"rows_by_part": counts}


def records(order: Order) -> Iterator[Record]:
    """Every record of the file, in its order."""
    if order.format == "ndjson":
        with order.path.open("rb") as file:
            yield from ndjson_records(file)
    elif order.format == "csv":
        with order.path.open("rb") as file:
            rows = csv_rows(file)
            yield from _made(next(rows), rows, Numbers(order.decimal))
    else:
        yield from _xlsx_records(order.path)


def _xlsx_records(path: Path) -> Iterator[Record]:
    # Imported only here: other files are read without it, and sooner.
    from services.intake.formats.template_sheet import IDENTITY_SHEET, identity_of, long_rows
    from services.intake.formats.xlsx_rows import is_template, open_workbook, sheet_rows

    workbook = open_workbook(path)
    # A cell that is a number comes with a decimal point; text in a cell may be written either way.
    numbers = Numbers("point")
    if is_template(workbook):
        identity = identity_of(sheet_rows(workbook, IDENTITY_SHEET))
        yield from _made((0, list(FIELDS)), long_rows(identity, sheet_rows(workbook)), numbers)
        return
    rows = sheet_rows(workbook)
    header = next((row for row in rows if any(row[1])), (1, []))
    yield from _made(header, rows, numbers)


def _made(header: Row, rows: Iterator[Row], numbers: Numbers) -> Iterator[Record]:
    made = Records(places(header[1], line=header[0]), numbers)
    return (record for line, row in chain(rows) if (record := made.of(line, row)) is not None)


def main() -> None:
    """Read what is ordered, within bounds."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS_MAX, PROCESSOR_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(json.dumps(read(Order.model_validate_json(sys.stdin.buffer.read()))))


if __name__ == "__main__":
    main()
