"""Whom to inspect: risk points, nobody forgotten for 24 months, the draw; each with its named reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest

from services.notify.domain.alerts import Candidate, Signal, after_signal
from services.notify.domain.inspections.proposals import (
    Inspected,
    Lot,
    Proposal,
    inspect_by,
    inspected_of,
    long_overdue,
    proposals,
)
from shared.events.base import Names
from shared.events.unit import UnitState
from tests.services.notify.inspections.cases import in_phase
from tests.services.notify.samples import DUE_Q1, at, plan, unit

UNITS = {code: unit(code) for code in ("BC", "CVT", "VNCERT")}


def candidate(code: str, points: int, proposal: Literal["none", "inspection", "leadership"]) -> Candidate:
    return Candidate(code, points, ("R1",), ("alert-1",), proposal)


def listed(*candidates: Candidate, today: str = "2011-05-04", **given: Any) -> list[Proposal]:
    units: dict[str, UnitState] = given.pop("units", UNITS)
    inspected, lots = given.pop("inspected", {}), given.pop("lots", ())
    return proposals(plan(), units, candidates, inspected, lots, today=today, **given)


def test_points_put_a_unit_on_the_list_most_first() -> None:
    found = listed(candidate("BC", 6, "inspection"), candidate("CVT", 12, "leadership"), candidate("VNCERT", 5, "none"))
    assert [(one.unit, one.causes, one.points) for one in found] == [
        ("CVT", ("leadership",), 12),
        ("BC", ("risk_points",), 6),
    ]


def test_nobody_waits_longer_than_24_months_for_a_visit() -> None:
    """From the plan's beginning for who was never visited, else from the last visit; the last day is in time."""
    seen = {"BC": Inspected(visited_on="2011-06-30"), "CVT": Inspected(visited_on="2012-02-29")}
    assert listed(today="2013-01-01", inspected=seen) == []
    [never] = listed(today="2013-01-02", inspected=seen)
    assert (never.unit, never.causes, never.inspect_by) == ("VNCERT", ("not_inspected_for_24_months",), "2013-01-01")
    late = listed(today="2013-07-01", inspected=seen)
    assert [(one.unit, one.visited_on) for one in late] == [("BC", "2011-06-30"), ("VNCERT", None)]


@pytest.mark.parametrize(
    ("visited_on", "by"), [("2012-02-29", "2014-02-28"), ("2011-12-31", "2013-12-31"), (None, "2013-01-01")]
)
def test_months_end_where_they_end(visited_on: str | None, by: str) -> None:
    assert inspect_by(plan(), UNITS["CVT"], visited_on) == by


def test_a_unit_that_was_founded_later_has_its_own_24_months() -> None:
    assert inspect_by(plan(), unit("NEW", valid_from="2012-03-15"), None) == "2014-03-15"


def test_a_drawn_unit_stays_on_the_list_until_its_inspection_is_proposed() -> None:
    lots = (Lot("draw-P-2011", frozenset({"BC"})),)
    [one] = listed(lots=lots)
    assert (one.unit, one.causes, one.draw) == ("BC", ("drawn",), "draw-P-2011")
    assert listed(lots=lots, inspected={"BC": Inspected(draws=frozenset({"draw-P-2011"}))}) == []


def test_several_causes_stand_together() -> None:
    [one] = listed(
        candidate("BC", 11, "leadership"),
        today="2013-01-02",
        lots=(Lot("draw-P-2012", frozenset({"BC"})),),
        units={"BC": UNITS["BC"]},
    )
    assert one.causes == ("leadership", "not_inspected_for_24_months", "drawn")


def test_units_that_do_not_exist_or_are_not_in_the_plan_are_not_listed() -> None:
    units = {
        "GONE": unit("GONE", valid_to="2011-01-31"),
        "AHEAD": unit("AHEAD", valid_from="2014-01-01"),
        "OTHER": unit("OTHER", peer_group="SO"),
    }
    points = [candidate(code, 12, "leadership") for code in units]
    assert listed(*points, today="2013-06-01", units=units) == []


def test_what_is_known_of_a_unit_comes_from_its_inspections_except_cancelled_ones() -> None:
    drawn = in_phase("VISITED").model_copy(update={"draw": "draw-P-2011"})
    assert inspected_of([drawn])["CVT"] == Inspected("2011-05-12", drawn.inspection, frozenset({"draw-P-2011"}))
    assert inspected_of([in_phase("CLOSED")])["CVT"] == Inspected("2011-05-12")
    assert inspected_of([in_phase("CANCELLED").model_copy(update={"draw": "draw-P-2011"})]) == {}


def test_a_unit_that_no_reminder_brought_to_report_is_a_candidate() -> None:
    """From the last rung of the ladder on: 09:00 on the third working day after 16/03/2011."""
    made = plan()
    signal = Signal(
        plan="P", unit="CVT", rule="R1", names=Names(vi="Quá hạn", en="Overdue"), severity="medium", points=1,
        subject="obligation-1", firing=True, source_revision=1, reason="", signal="report_overdue",
        detail={"form": "QUY", "period": "2011-Q1", "due_at_ms": DUE_Q1},
    )  # fmt: skip
    alert = after_signal(None, signal, now_ms=DUE_Q1 + 1)
    assert alert is not None
    last_ms = at("2011-03-21 09:00")
    assert long_overdue(made, [alert], last_ms - 1) == frozenset()
    assert long_overdue(made, [alert], last_ms) == {"CVT"}
    assert long_overdue(made, [replace(alert, muted_by="outage")], last_ms) == frozenset()
    assert long_overdue(made, [replace(alert, phase="RESOLVED")], last_ms) == frozenset()
    [one] = listed(candidate("CVT", 1, "none"), overdue={"CVT"})
    assert (one.unit, one.causes, one.points) == ("CVT", ("long_overdue",), 1)
