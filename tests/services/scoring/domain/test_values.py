"""Values of a report as one line of text."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.values import Cells

NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**40), 2**40)
VALUES = st.fixed_dictionaries(
    {
        "indicator": st.text("ABC0123456789-_.", min_size=1, max_size=8),
        "status": st.sampled_from(["reported", "nil", "not_applicable"]),
        "value": NUMBERS,
        "numerator": NUMBERS,
        "denominator": NUMBERS,
    }
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(values=st.lists(VALUES, max_size=6))
def test_what_goes_in_comes_out_and_equal_values_have_one_text(values: list[dict[str, object]]) -> None:
    cells = Cells.of(values)
    given = [{name: part for name, part in value.items() if part is not None} for value in values]
    assert list(Cells.read(cells.text)) == given
    assert len(cells) == len(values)
    assert Cells.of(cells) == cells == Cells.of(given)
    assert hash(Cells.of(given)) == hash(cells)


def test_documents_of_earlier_versions_are_read() -> None:
    old = [{"indicator": "X", "status": "reported", "value": 5.0}, {"indicator": "Y", "status": "nil"}]
    cells = Cells.read(orjson.dumps(old).decode())
    assert list(cells) == old
    assert cells[0] == old[0]
    assert cells[1:] == old[1:]
    assert list(Cells.read("[]")) == []


def test_whole_numbers_and_floats_are_one_value() -> None:
    assert Cells.of([{"indicator": "X", "value": 5}]).text == Cells.of([{"indicator": "X", "value": 5.0}]).text


def test_a_number_that_the_unit_calls_its_estimate_stays_one() -> None:
    held = Cells.of([{"indicator": "X", "value": 5.0, "estimated": True}, {"indicator": "Y", "value": 5.0}])
    assert [value["status"] for value in Cells.of(list(Cells.read(held.text)))] == ["estimated", "reported"]
    [nothing] = Cells.of([{"indicator": "X", "status": "nil", "estimated": True}])
    assert nothing["status"] == "nil", "only a number can be an estimate"
