"""Lines, rows and units of a large edition are found across its parts, and only those parts are read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from services.scoring.domain.editions.content import LAYOUT, PLACES, RESULTS
from services.scoring.domain.editions.files import File, file_of
from services.scoring.handlers.edition_results import SealedResults
from shared.errors import Permanent

pytestmark = pytest.mark.anyio

COUNT = 60_000


@dataclass
class Kept:
    """Files in memory; remembers which parts were read."""

    folder: str = "f"
    files: dict[str, File] = field(default_factory=dict)
    held: dict[str, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def add(self, kind: str, lines: list[str]) -> None:
        file, parts = file_of(kind, lines)
        self.files[kind], self.held[kind] = file, [part.text for part in parts]

    async def texts(self, folder: str, file: File) -> list[str | None]:
        return list(self.held[file.kind])

    async def each(self, folder: str, file: File, *, first: int = 0) -> AsyncIterator[str | None]:
        for number in range(first, len(file.parts)):
            self.asked.append((file.kind, number))
            held = self.held[file.kind]
            yield held[number] if number < len(held) else None


@pytest.fixture(scope="module")
def kept() -> Kept:
    """Units in the reverse order of their codes, as if the last were the best."""
    made = Kept()
    made.add(LAYOUT, ['{"groups":{"codes":[],"fields":[]},"indicators":{"codes":["X"],"fields":["value"]}}'])
    units = [f"u{number:06}" for number in reversed(range(COUNT))]
    made.add(RESULTS, [f'{{"groups":[],"indicators":[[{at}]],"unit":"{unit}"}}' for at, unit in enumerate(units)])
    made.add(PLACES, [f'["u{number:06}",{COUNT - 1 - number}]' for number in range(COUNT)])
    assert len(made.files[PLACES].parts) > 2
    assert len(made.files[RESULTS].parts) > 4
    return made


@pytest.mark.parametrize("number", [0, 1, 29_999, 30_000, 41_234, COUNT - 1])
async def test_a_unit_is_found_wherever_it_stands(kept: Kept, number: int) -> None:
    kept.asked.clear()
    row = await SealedResults(kept).unit(kept, f"u{number:06}")
    assert row == {"unit": f"u{number:06}", "groups": [], "indicators": [{"code": "X", "value": COUNT - 1 - number}]}
    assert sum(kind == RESULTS for kind, _ in kept.asked) == 1


@pytest.mark.parametrize("unit", ["a", "u0299995", "z"])
async def test_a_unit_that_is_not_there_is_not_found(kept: Kept, unit: str) -> None:
    assert await SealedResults(kept).unit(kept, unit) is None


async def test_pages_join_across_parts(kept: Kept) -> None:
    results, lines = SealedResults(kept), kept.files[RESULTS].parts[0].lines
    whole = await results.lines(kept, RESULTS)
    assert len(whole) == COUNT
    assert await results.lines(kept, RESULTS, first=lines - 3, limit=7) == whole[lines - 3 : lines + 4]
    assert await results.lines(kept, RESULTS, first=COUNT - 2, limit=9) == whole[-2:]
    assert await results.lines(kept, RESULTS, first=COUNT, limit=9) == []
    assert await results.lines(kept, "nothing") == []


async def test_a_missing_part_is_said_not_skipped(kept: Kept) -> None:
    broken = Kept(files=dict(kept.files), held={**kept.held, RESULTS: kept.held[RESULTS][:1]})
    with pytest.raises(Permanent, match="missing"):
        await SealedResults(broken).lines(broken, RESULTS)
