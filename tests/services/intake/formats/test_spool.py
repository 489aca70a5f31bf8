"""Records on their way into parts: where they go, and who may be named in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.intake.domain.reach import Reach
from services.intake.formats.faults import FileFault
from services.intake.formats.records import Record
from services.intake.formats.spool import part_path, read_part, write_parts


def value(line: int, unit: str, *, kind: str = "value") -> Record:
    return [line, kind, "PLAN", "M", unit, "2011-M01", None, {"indicator": "I1", "value": 1.0}, []]


def written(records: list[Record], folder: Path, reach: Reach, *, parts: int = 4) -> list[int]:
    return write_parts(records, folder, parts=parts, rows_max=1000, reach=reach)


def test_all_rows_of_one_unit_are_in_one_part_in_the_order_of_the_file(tmp_path: Path) -> None:
    records = [value(line, f"U{line % 9}") for line in range(1, 91)]
    counts = written(records, tmp_path, Reach())
    held = [read_part(tmp_path, part) for part in range(4)]
    assert [len(part) for part in held] == counts
    assert sum(counts) == 90
    assert sum(1 for count in counts if count) > 1
    for part in held:
        assert [record[0] for record in part] == sorted(record[0] for record in part)
    homes = [{number for number, part in enumerate(held) if any(r[4] == f"U{n}" for r in part)} for n in range(9)]
    assert all(len(home) == 1 for home in homes)


def test_a_row_that_lacks_its_period_does_not_open_the_door_for_the_next(tmp_path: Path) -> None:
    """A stray row is refused later, alone; what follows it about the same unit is still asked for its right."""
    reach = Reach.of(unit="MINE", units=None, forms=None, plan=None)
    written([value(2, "MINE"), value(3, "THEIRS", kind="stray")], tmp_path, reach)
    with pytest.raises(FileFault) as caught:
        written([value(2, "MINE"), value(3, "THEIRS", kind="stray"), value(4, "THEIRS")], tmp_path, reach)
    assert (caught.value.code, caught.value.line) == ("FORBIDDEN_ROW", 4)


def test_too_many_rows_end_at_the_row_that_is_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(FileFault) as caught:
        write_parts([value(line, "U") for line in range(1, 9)], tmp_path, parts=1, rows_max=5)
    assert (caught.value.code, caught.value.line) == ("TOO_MANY_ROWS", 6)
    assert part_path(tmp_path, 0).exists()
