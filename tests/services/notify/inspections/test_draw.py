"""The random draw: repeatable by anybody, blind to order and repetition, announced before its seed."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.domain.inspections.draw import Draw, announced, commitment, draw, drawn, verified
from shared.refusal import Refusal

CODES = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=8)
UNITS = st.lists(CODES, min_size=1, max_size=60, unique=True)
SEEDS = st.text(min_size=1, max_size=20)
PERCENTS = st.integers(1, 100)


def announcement(**changes: object) -> Draw:
    made = announced(
        "P", 2011, ["C", "A", "B", "D", "E"], 20, seed_source="the lottery of that day", seed_day="2011-02-15",
        today="2011-02-01", by="an", now_ms=1_000,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@settings(deadline=None)
@given(units=UNITS, seed=SEEDS, percent=PERCENTS, luck=st.randoms(use_true_random=False))
def test_the_order_of_the_list_and_naming_a_unit_twice_change_nothing(
    units: list[str], seed: str, percent: int, luck: object
) -> None:
    shuffled = [*units, *units[:3]]
    luck.shuffle(shuffled)  # type: ignore[attr-defined]
    assert draw(shuffled, seed, percent) == draw(units, seed, percent)
    assert commitment(shuffled, percent) == commitment(units, percent)


@settings(deadline=None)
@given(units=UNITS, seed=SEEDS, percent=PERCENTS)
def test_the_share_is_respected_and_nobody_is_drawn_twice(units: list[str], seed: str, percent: int) -> None:
    taken = draw(units, seed, percent)
    assert len(taken) == math.ceil(len(units) * percent / 100 - 1e-9)
    assert set(taken) <= set(units)
    assert len(set(taken)) == len(taken)


@settings(deadline=None)
@given(units=UNITS, seed=SEEDS, percent=PERCENTS)
def test_a_larger_share_takes_the_same_units_first(units: list[str], seed: str, percent: int) -> None:
    everybody = draw(units, seed, 100)
    assert draw(units, seed, percent) == everybody[: len(draw(units, seed, percent))]


def test_the_rule_as_it_is_written_down_gives_the_same_result() -> None:
    """Step by step as the module's text tells it, without the code."""
    units = [f"U{number:02d}" for number in range(40)]
    lines = {hashlib.sha256(b"48291\n" + unit.encode()).hexdigest(): unit for unit in units}
    by_hand = [lines[line] for line in sorted(lines)][:8]
    assert list(draw(units, "48291", 20)) == by_hand


def test_every_unit_is_drawn_about_as_often_as_any_other() -> None:
    units = [f"U{number}" for number in range(50)]
    counts = dict.fromkeys(units, 0)
    for seed in range(1000):
        for unit in draw(units, str(seed), 20):
            counts[unit] += 1
    assert 150 < min(counts.values()) <= 200 <= max(counts.values()) < 250


def test_nobody_who_announces_can_know_the_seed() -> None:
    for day in ("2011-01-31", "2011-02-01"):
        with pytest.raises(Refusal) as refusal:
            announced(
                "P", 2011, ["A"], 20, seed_source="known", seed_day=day, today="2011-02-01", by="an", now_ms=0
            )  # fmt: skip
        assert refusal.value.members["reason"] == "seed_known_already"
    with pytest.raises(Refusal) as refusal:
        announced("P", 2011, [], 20, seed_source="x", seed_day="2011-02-15", today="2011-02-01", by="an", now_ms=0)
    assert refusal.value.members["reason"] == "no_units"


def test_the_seed_is_entered_once_on_its_day_or_later() -> None:
    held = announcement()
    with pytest.raises(Refusal) as refusal:
        drawn(held, "48291", today="2011-02-14", by="an", now_ms=2_000)
    assert refusal.value.members["reason"] == "seed_not_due"
    made = drawn(held, "48291", today="2011-02-15", by="an", now_ms=2_000)
    assert made.drawn == draw(held.units, "48291", 20)
    with pytest.raises(Refusal) as refusal:
        drawn(made, "48292", today="2011-02-16", by="an", now_ms=3_000)
    assert refusal.value.members["reason"] == "already_drawn"


@pytest.mark.parametrize("seed", ["", " 48291", "48291\n", "48\x00291", "\u202e48291"])
def test_a_seed_is_one_line_that_can_be_printed(seed: str) -> None:
    with pytest.raises(Refusal) as refusal:
        drawn(announcement(), seed, today="2011-02-15", by="an", now_ms=2_000)
    assert refusal.value.members["reason"] == "seed_not_printable"


def test_whoever_changes_list_share_or_result_afterwards_is_found() -> None:
    made = drawn(announcement(), "48291", today="2011-02-15", by="an", now_ms=2_000)
    found = verified(made)
    assert (found.commitment_holds, found.draw_holds, found.seed_after_announcement) == (True, True, True)
    assert not verified(replace(made, units=(*made.units, "F"))).commitment_holds
    assert not verified(replace(made, percent=40)).commitment_holds
    others = tuple(unit for unit in made.units if unit not in made.drawn)[:1]
    assert verified(replace(made, drawn=others)).draw_holds is False
    assert verified(replace(made, seed="1")).drawn_now == draw(made.units, "1", 20)
    waiting = verified(announcement())
    assert (waiting.commitment_holds, waiting.draw_holds, waiting.drawn_now) == (True, None, ())
