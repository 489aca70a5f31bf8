"""How far a provisional result was off, computed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from services.scoring.domain.editions.revision import Provisional, statistics_of


def row(unit: str, index: float | None, rank: int | None, band: str | None) -> dict[str, Any]:
    return {"unit": unit, "index": index, "rank": rank, "band": band}


def snapshot(*rows: dict[str, Any]) -> Provisional:
    return Provisional(1, 5, "i" * 64, "edition-TEST-2010-1", rows)


def test_provisional_against_final() -> None:
    before = snapshot(
        row("a", 0.5, 1, "MID"), row("b", 0.4, 2, "MID"), row("c", None, None, None), row("gone", 0.1, 3, "LO")
    )
    final = [row("b", 0.8, 1, "HI"), row("a", 0.4, 2, "MID"), row("c", 0.3, 3, "LO"), row("new", 0.2, 4, "LO")]
    found = statistics_of(before, final)
    assert (found["provisional"], found["units"], found["compared"]) == (1, 4, 2)
    assert found["reference"] == "edition-TEST-2010-1"
    assert found["mean_abs_index_change"] == pytest.approx(0.25)
    assert found["mean_abs_rank_change"] == 1.0
    assert found["bands_changed_share"] == 0.5
    assert [(each["unit"], each["index"]) for each in found["largest_movers"]] == [("b", [0.4, 0.8]), ("a", [0.5, 0.4])]


def test_nothing_to_compare() -> None:
    found = statistics_of(snapshot(row("a", None, None, None)), [row("a", 0.4, 1, "MID")])
    assert (found["compared"], found["mean_abs_index_change"], found["largest_movers"]) == (0, None, [])


def test_at_most_ten_movers_largest_first_and_only_those_that_moved() -> None:
    before = snapshot(*(row(f"u{number:02}", 0.5, 1, "MID") for number in range(30)))
    final = [row(f"u{number:02}", 0.5 + number / 100, 1, "MID") for number in range(30)]
    movers = statistics_of(before, final)["largest_movers"]
    assert [each["unit"] for each in movers] == [f"u{number:02}" for number in range(29, 19, -1)]
    still = statistics_of(before, [row(f"u{number:02}", 0.5, 1, "MID") for number in range(30)])
    assert (still["largest_movers"], still["mean_abs_index_change"]) == ([], 0.0)
