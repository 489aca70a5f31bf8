"""A large cohort is told in slices: whatever the slice, a unit's content is the same."""

from __future__ import annotations

import numpy as np

from services.scoring.domain.computation import UNITS_AT_ONCE
from services.scoring.domain.editions.content import ordered, rows_of
from services.scoring.domain.saved import listing_order
from tests.services.scoring.domain.editions.worlds import computed, some_units


def test_a_slice_holds_the_contents_of_its_units_in_its_order() -> None:
    computation = computed(some_units(9))
    whole = computation.units()
    at = np.array([7, 0, 3])
    assert computation.units(at) == [whole[7], whole[0], whole[3]]
    assert computation.units(np.zeros(0, dtype=np.int64)) == []


def test_slices_cover_the_cohort_once_and_are_bounded() -> None:
    computation = computed(some_units(9))
    order = np.arange(2 * UNITS_AT_ONCE + 1)[::-1]
    found = list(computation.slices(order))
    assert np.concatenate(found).tolist() == order.tolist()
    assert max(len(at) for at in found) == UNITS_AT_ONCE
    assert np.concatenate(list(computation.slices())).tolist() == list(range(9))


def test_orders_follow_what_the_contents_show() -> None:
    computation = computed(some_units(30))
    units, whole = computation.evaluation.cohort.units, computation.units()
    shown = [listing_order(row["peer_group"], row["rank"], unit) for unit, row in zip(units, whole, strict=True)]
    assert computation.orders() == shown
    rows = list(rows_of(computation, ordered(computation)))
    keys = [(row["peer_group"], row["rank"] or 9_999_999, row["unit"]) for row in rows]
    assert keys == sorted(keys)
    assert {row["unit"] for row in rows} == set(units)
