"""Obligations of a unit: which there are, and how they follow plan and unit without moving the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from services.intake.domain.entry import Entry
from services.intake.domain.markers import inputs_of
from services.intake.domain.materialise import (
    NEVER_MS,
    Changes,
    horizon_day,
    reconcile,
    slots,
    wanted,
)
from services.intake.domain.transitions import cancelled
from services.intake.domain.versions import PublishedPlan, in_force
from shared.clock import from_iso
from shared.events.unit import UnitState
from tests.services.intake.domain.making import NOW_MS, entries, published, unit


def periods(held: dict[str, Entry], form: str = "MONTHLY") -> list[str]:
    return sorted(entry.obligation.period for entry in held.values() if entry.obligation.form == form)


def changes(existing: dict[str, Entry], versions: list[PublishedPlan], about: UnitState) -> Changes:
    made = wanted(slots(versions, about.time_zone, horizon_day(NOW_MS, 400)), about, now_ms=NOW_MS, horizon_days=400)
    return reconcile(existing, made.obligations, about, NOW_MS)


def test_periods_are_made_from_the_first_day_in_force_up_to_the_horizon() -> None:
    held = entries([published()], unit())
    assert horizon_day(NOW_MS, 400) == date(2012, 5, 4)
    assert periods(held)[0] == "2011-M01"
    assert periods(held)[-1] == "2012-M05"
    assert periods(held, "ANNUAL") == ["2011", "2012"]


def test_the_next_instant_is_the_one_at_which_a_period_comes_into_the_horizon() -> None:
    made = slots([published()], "Asia/Ho_Chi_Minh", horizon_day(NOW_MS, 400))
    next_ms = wanted(made, unit(), now_ms=NOW_MS, horizon_days=400).next_ms
    before = wanted(made, unit(), now_ms=next_ms - 1, horizon_days=400).obligations
    after = wanted(made, unit(), now_ms=next_ms, horizon_days=400).obligations
    assert len(after) == len(before) + 1
    end = from_iso("2013-01-01T00:00:00Z")
    assert wanted(made, unit(), now_ms=end, horizon_days=400).next_ms == NEVER_MS


def test_a_unit_closed_on_14_august_2011_owes_august_and_no_later_month() -> None:
    held = entries([published()], unit(valid_to="2011-08-14"))
    assert periods(held)[-1] == "2011-M08"
    assert periods(held, "QUARTERLY") == ["2011-Q1", "2011-Q2", "2011-Q3"]
    assert periods(held, "ANNUAL") == []  # full periods only


def test_a_group_that_plan_or_form_does_not_name_owes_nothing() -> None:
    assert entries([published()], unit(peer_group="Z")) == {}


def test_instants_are_the_units_own() -> None:
    here = entries([published()], unit())["obligation-SMALL-MONTHLY-U1-2011-M03"].obligation
    there = entries([published()], unit(time_zone="UTC"))["obligation-SMALL-MONTHLY-U1-2011-M03"].obligation
    assert here.due_at_ms == from_iso("2011-04-05T00:00:00+07:00") - 1
    assert there.due_at_ms - here.due_at_ms == 7 * 3_600_000


def test_the_version_with_the_later_first_day_takes_over_from_that_day() -> None:
    first = published(at_ms=1)
    second = published(at_ms=2, version="2", effective={"first": "2011-07-01", "last": "2011-12-31"})
    assert in_force([first, second], date(2011, 6, 30)) is first
    assert in_force([second, first], date(2011, 7, 1)) is second
    assert in_force([first, second], date(2012, 1, 1)) is first
    assert in_force([first, second], date(2010, 12, 31)) is None
    held = entries([first, second], unit())
    by_period = {e.obligation.period: e.obligation.plan_version for e in held.values()}
    assert (by_period["2011-M06"], by_period["2011-M07"], by_period["2012-M01"]) == ("1", "2", "1")
    assert by_period["2011"] == "2"  # in force on the period's last day


def test_of_two_versions_with_the_same_first_day_the_later_published_one_is_in_force() -> None:
    first, second = published(at_ms=2, version="0"), published(at_ms=3, version="1")
    assert in_force([second, first], date(2011, 1, 1)) is second


def test_nothing_changes_when_nothing_changed() -> None:
    held = entries([published()], unit())
    assert changes(held, [published()], unit()) == Changes((), ())


def test_a_unit_closed_later_loses_its_future_and_keeps_its_past() -> None:
    held = entries([published()], unit())
    closed = unit(valid_to="2011-08-14")
    moved = {fresh.obligation.period: fresh.obligation for _, fresh in changes(held, [published()], closed).replace}
    assert "2011-M08" not in moved
    assert moved["2011-M09"].outcome == "CANCELLED"
    assert moved["2011-M09"].reason == "unit closed on 2011-08-14"
    assert moved["2011-M09"].revision == 2
    closed_long_ago = unit(valid_to="2011-01-10")
    gone = {fresh.obligation.period for _, fresh in changes(held, [published()], closed_long_ago).replace}
    assert "2011-M02" not in gone  # its period had ended: it stays owed, and overdue
    assert "2011-M03" in gone


def test_a_closure_that_was_a_slip_is_taken_back() -> None:
    held = {
        id: replace(cancelled(entry, reason="unit closed", now_ms=NOW_MS), rev=2)
        for id, entry in entries([published()], unit()).items()
        if entry.obligation.period == "2011-M09"
    }
    (again,) = [fresh for _, fresh in changes(held, [published()], unit()).replace]
    assert (again.obligation.outcome, again.obligation.cause, again.obligation.reason) == (
        "PENDING",
        "recalculated",
        None,
    )


def test_a_new_version_moves_what_has_not_ended() -> None:
    held = entries([published(at_ms=1)], unit())
    second = published(at_ms=2, version="2", effective={"first": "2011-02-01", "last": "2012-12-31"})
    moved = {
        (fresh.obligation.form, fresh.obligation.period): fresh.obligation.plan_version
        for _, fresh in changes(held, [published(at_ms=1), second], unit()).replace
    }
    assert ("MONTHLY", "2011-M02") not in moved
    assert moved["MONTHLY", "2011-M03"] == "2"
    assert moved["ANNUAL", "2011"] == "2"


def test_a_marker_stands_for_its_plan_versions_unit_revision_and_horizon() -> None:
    base = inputs_of([published()], unit(), 400)
    other_version = published(version="2")
    assert base == inputs_of([published()], unit(), 400)
    assert base != inputs_of([published(), other_version], unit(), 400)
    assert base != inputs_of([published()], unit().model_copy(update={"revision": 2}), 400)
    assert base != inputs_of([published()], unit(), 401)
