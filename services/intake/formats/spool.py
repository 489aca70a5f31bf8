"""What a file says, cut into parts on disk: all rows of one unit's form are in one part, wherever they stood.

So rows of one report need not be adjacent, and only one part is ever in memory. The part follows from a hash of
(plan, form, unit): the same file gives the same parts, which is what lets a job go on after a crash. Within a part,
records keep the order of the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import orjson

from services.intake.domain.reach import ANYWHERE, Reach
from services.intake.formats.faults import FileFault
from services.intake.formats.records import FORM, HELD, KIND, PLAN, UNIT, Record
from shared.events.base import Names

PART_BYTES_AIM = 1024 * 1024
PARTS_MAX = 64
PLACES_MAX = 50_000
"""Units' forms of one file whose part is remembered while it is read."""
_WRITE_BUFFER_BYTES = 256 * 1024


def parts_for(file_bytes: int) -> int:
    """How many parts a file of this size is cut into."""
    return max(1, min(PARTS_MAX, file_bytes // PART_BYTES_AIM))


def write_parts(
    records: Iterable[Record], folder: Path, *, parts: int, rows_max: int, reach: Reach = ANYWHERE
) -> list[int]:
    """Write every record to its part; gives the rows of each. FileFault when a record may not be there at all."""
    counts = [0] * parts
    rows = 0
    places: dict[tuple[str, str, str], int] = {}
    with ExitStack() as stack:
        files = [
            stack.enter_context(part_path(folder, part).open("wb", buffering=_WRITE_BUFFER_BYTES // 4))
            for part in range(parts)
        ]
        for record in records:
            count = rows_of(record)
            rows += count
            if rows > rows_max:
                raise _too_many(rows_max, record[0])
            about = (record[PLAN], record[FORM], record[UNIT])
            part = places.get(about)
            if part is None:
                part = _place(record, about, reach, parts)
                # A stray row was let through unasked: it must not speak for the rows that are none.
                if record[KIND] != "stray" and len(places) < PLACES_MAX:
                    places[about] = part
            files[part].write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            counts[part] += count
    if not rows:
        raise _empty()
    return counts


def _place(record: Record, about: tuple[str, str, str], reach: Reach, parts: int) -> int:
    """The part of every record about this. FileFault when they may not be there; a stray row is refused later."""
    plan, form, unit = about
    bound = reach.bound(plan=plan, form=form, unit=unit)
    if bound and record[KIND] != "stray":
        raise _forbidden(record, bound)
    return zlib.crc32("\0".join(about).encode()) % parts


def read_part(folder: Path, part: int) -> list[Record]:
    """The records of one part, in the order of the file."""
    with part_path(folder, part).open("rb") as file:
        return [orjson.loads(line) for line in file]


def part_path(folder: Path, part: int) -> Path:
    return folder / f"part-{part:03d}"


def rows_of(record: Record) -> int:
    """Rows that a record counts for: a whole report counts as many as it has values."""
    if record[KIND] != "report":
        return 1
    values = record[HELD].get("values")
    return max(1, len(values)) if isinstance(values, list) else 1


def _too_many(rows_max: int, line: int) -> FileFault:
    message = Names(vi=f"Tệp có hơn {rows_max} dòng số liệu", en=f"The file has more than {rows_max} rows of values")
    return FileFault("TOO_MANY_ROWS", message, Names(vi="Chia tệp ra", en="Cut the file in two"), line=line)


def _empty() -> FileFault:
    message = Names(vi="Tệp không có số liệu", en="The file holds no values")
    hint = Names(vi="Sau dòng tiêu đề, mỗi dòng một số liệu", en="After the header, give one value a line")
    return FileFault("EMPTY_FILE", message, hint)


def _forbidden(record: Record, bound: str) -> FileFault:
    message = Names(vi=f"Chỉ được nộp số liệu của {bound}", en=f"This identity may only report for {bound}")
    hint = Names(vi="Bỏ các dòng khác khỏi tệp", en="Take the other rows out of the file")
    return FileFault(
        "FORBIDDEN_ROW", message, hint, line=record[0], got=f"{record[PLAN]} {record[FORM]} {record[UNIT]}"
    )
