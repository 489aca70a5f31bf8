from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import tree
from services.intake.domain.unit_changes import decide
from services.intake.domain.unit_steps import AnyStep, Close, Move, Reopen
from services.intake.domain.units import moved
from shared.events.unit import UnitState
from shared.refusal import Refusal
from tests.services.intake.domain.making import unit

TODAY = date(2011, 3, 31)
days = st.dates(date(2008, 1, 1), date(2011, 3, 30))


@given(days, st.lists(st.sampled_from([None, "A", "B"]), max_size=4))
def test_a_move_changes_no_day_before_it(day: date, parents: list[str | None]) -> None:
    state = unit("U1")
    before = tree.parent_on(state, day.isoformat())
    for parent in parents:
        state = moved(state, parent, TODAY)
    assert tree.parent_on(state, day.isoformat()) == before
    assert tree.parent_on(state, TODAY.isoformat()) == (parents[-1] if parents else None)


def test_a_subtree_survives_a_circle() -> None:
    units = [unit("A", parent="B"), unit("B", parent="A"), unit("C", parent="B")]
    assert tree.subtree(units, "A", "2011-01-01") == {"A", "B", "C"}
    assert tree.cycle_of({"A": "B", "B": "A"}, "A") == ("A", "B", "A")
    assert tree.cycle_of({"A": "B", "B": None}, "A") == ()


def test_what_a_unit_was_on_a_day() -> None:
    steps: list[AnyStep] = [
        Close(kind="close", unit="U1", last_day=date(2010, 6, 30)),
        Reopen(kind="reopen", unit="U1", first_day=date(2011, 1, 1)),
    ]
    state = decide(steps, {"U1": unit("U1")}, today=TODAY).after["U1"]
    assert [tree.is_valid(state, day) for day in ("2010-06-30", "2010-07-01", "2010-12-31", "2011-01-01")] == [
        True,
        False,
        False,
        True,
    ]
    assert tree.as_of(state, "2010-05-01").valid_to == "2010-06-30"
    assert tree.share_in(state, date(2010, 6, 1), date(2010, 7, 30)) == 0.5


@pytest.mark.parametrize("parents", [("U2", "U1"), ("U1", None)])
def test_a_circle_of_parents_is_refused(parents: tuple[str, str | None]) -> None:
    units: dict[str, UnitState] = {code: unit(code) for code in ("U1", "U2")}
    steps: list[AnyStep] = [Move(kind="move", unit=code, parent=parents[n]) for n, code in enumerate(("U1", "U2"))]
    with pytest.raises(Refusal) as caught:
        decide(steps, units, today=TODAY)
    assert any("circle" in str(detail.detail) for detail in caught.value.details)
