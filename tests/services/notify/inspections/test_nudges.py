"""Reminders of deadlines: by day and rung, superseded by what was done, never tested by equality."""

from __future__ import annotations

from services.notify.domain.inspections.machine import given_back, remedied
from services.notify.domain.inspections.nudges import Nudge, decide, next_overdue_ms, overdue, planned
from tests.services.notify.inspections.cases import PROOF, actor, in_phase, new
from tests.services.notify.samples import at, plan


def of(rows: list[Nudge], about: str) -> dict[str, str]:
    """Rung -> `status fire day`."""
    return {row.rung: f"{row.status} {row.fire_at_ms}" for row in rows if row.about == about}


def test_a_step_is_reminded_of_in_working_days_around_its_deadline() -> None:
    rows = planned(plan(), new(), now_ms=0)
    assert of(rows, "decision") == {
        "BEFORE-2": f"PENDING {at('2011-05-09 09:00')}",
        "AFTER-1": f"PENDING {at('2011-05-12 09:00')}",
    }


def test_a_finding_is_told_the_next_working_morning_and_then_by_its_rungs() -> None:
    """Concluded on Friday 20/05/2011, due on Friday 27/05."""
    state = in_phase("CONCLUDED")
    assert of(planned(plan(), state, now_ms=0), state.findings[0].finding) == {
        "NEW": f"PENDING {at('2011-05-23 09:00')}",
        "BEFORE-3": f"PENDING {at('2011-05-24 09:00')}",
        "BEFORE-1": f"PENDING {at('2011-05-26 09:00')}",
        "AFTER-1": f"PENDING {at('2011-05-30 09:00')}",
        "AFTER-5": f"PENDING {at('2011-06-03 09:00')}",
    }


def test_planning_again_gives_the_same_rows() -> None:
    state = in_phase("CONCLUDED")
    again = state.model_copy(update={"revision": 99})
    assert [row.id for row in planned(plan(), state, now_ms=0)] == [row.id for row in planned(plan(), again, now_ms=5)]


def test_of_several_due_rungs_of_one_deadline_the_latest_is_told() -> None:
    state = in_phase("CONCLUDED")
    rows = [row for row in planned(plan(), state, now_ms=0) if row.kind == "finding"]
    verdicts = {one.nudge.rung: (one.status, one.reason) for one in decide(state, rows)}
    assert verdicts.pop("AFTER-5") == ("PENDING", "due")
    assert set(verdicts.values()) == {("SKIPPED_LATE", "newer_rung_due")}


def test_what_was_done_supersedes_its_reminders_by_name() -> None:
    state = in_phase("CONCLUDED")
    rows = planned(plan(), state, now_ms=0)
    done = remedied(state, state.findings[0].finding, PROOF, actor("2011-05-24"))
    reasons = {one.nudge.about: (one.status, one.reason) for one in decide(done, rows) if one.nudge.kind == "finding"}
    assert set(reasons.values()) == {("SUPERSEDED", "remedied")}
    steps = planned(plan(), new(), now_ms=0)
    assert {one.reason for one in decide(in_phase("DECIDED"), steps)} == {"step_taken"}
    assert {one.reason for one in decide(in_phase("CANCELLED"), steps)} == {"inspection_cancelled"}
    assert {one.reason for one in decide(None, steps)} == {"inspection_unknown"}


def test_a_returned_remedy_is_told_anew() -> None:
    state = in_phase("CONCLUDED")
    finding = state.findings[0].finding
    back = given_back(remedied(state, finding, PROOF, actor("2011-05-26")), finding, "blank", actor("2011-05-30"))
    rows = of(planned(plan(), back, now_ms=0), finding)
    assert rows["RETURNED"] == f"PENDING {at('2011-05-31 09:00')}"
    assert "NEW" not in rows


def test_a_deadline_itself_is_in_time() -> None:
    state = in_phase("CONCLUDED")
    [one] = state.findings
    assert one.due_at_ms is not None
    assert not overdue(one, one.due_at_ms)
    assert overdue(one, one.due_at_ms + 1)
    assert next_overdue_ms(state, one.due_at_ms) == one.due_at_ms + 1
    assert next_overdue_ms(state, one.due_at_ms + 1) is None
