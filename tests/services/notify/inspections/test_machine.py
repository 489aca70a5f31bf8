"""The inspection as a process: every action in every phase, deadlines over holidays, who may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from services.notify.domain.inspections.machine import (
    PHASES_OF,
    STATUSES_OF,
    Actor,
    Found,
    accepted,
    check_version,
    found,
    given_back,
    remedied,
    stepped,
    withdrawn,
)
from shared.events.inspection import FindingStatus, InspectionPhase, InspectionState
from shared.plan.inspection_process import InspectionProcess
from shared.refusal import Refusal
from tests.services.notify.inspections.cases import PAPER, PROOF, actor, in_phase, new
from tests.services.notify.samples import at, plan

LATE = "2011-06-01"
PHASES: tuple[InspectionPhase, ...] = get_args(InspectionPhase)
STATUSES: tuple[FindingStatus, ...] = get_args(FindingStatus)

Act = Callable[[InspectionState, Actor], InspectionState]


def first(state: InspectionState) -> str:
    return state.findings[0].finding if state.findings else "finding-none"


def step(name: Any) -> Act:
    def act(state: InspectionState, by: Actor) -> InspectionState:
        return stepped(plan(), state, name, on=LATE, document=PAPER, note="because", actor=by)

    return act


ACTIONS: dict[str, Act] = {
    **{name: step(name) for name in ("decision", "visit", "conclusion", "closure", "cancellation")},
    "find": lambda state, by: found(state, Found("KN-99", "low", "late find"), by),
    "remedy": lambda state, by: remedied(state, first(state), PROOF, by),
    "accept": lambda state, by: accepted(state, first(state), by),
    "give_back": lambda state, by: given_back(state, first(state), "not signed", by),
    "withdraw": lambda state, by: withdrawn(state, first(state), "twice", by),
}


def with_status(state: InspectionState, status: FindingStatus) -> InspectionState:
    one = state.findings[0].model_copy(update={"status": status, "remedied_by": "officer"})
    return state.model_copy(update={"findings": (one,)})


def ready_for(action: str, state: InspectionState) -> InspectionState:
    """With its finding in a status in which the action is legal, so that only the phase decides."""
    if not state.findings:
        return state
    wanted: dict[str, FindingStatus] = {"closure": "ACCEPTED", "accept": "REMEDIED", "give_back": "REMEDIED"}
    return with_status(state, wanted.get(action, "OPEN"))


def test_the_table_names_every_action() -> None:
    assert set(ACTIONS) == set(PHASES_OF)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_in_each_phase_is_done_or_refused_with_its_reason(action: str, phase: InspectionPhase) -> None:
    state = ready_for(action, in_phase(phase))
    if phase in PHASES_OF[action]:
        after = ACTIONS[action](state, actor(LATE))
        assert (after.revision, after.changed_by, after.changed_at_ms) == (
            state.revision + 1,
            "inspector",
            at(f"{LATE} 10:00"),
        )
        return
    with pytest.raises(Refusal) as refusal:
        ACTIONS[action](state, actor(LATE))
    assert refusal.value.kind in ("state", "not_found")
    if refusal.value.kind == "state":
        assert refusal.value.members["reason"] == "wrong_phase"
        assert set(refusal.value.members["needs"]) == PHASES_OF[action]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("action", STATUSES_OF)
def test_each_action_on_a_finding_needs_its_status(action: str, status: FindingStatus) -> None:
    state = with_status(in_phase("CONCLUDED"), status)
    if status in STATUSES_OF[action]:
        assert ACTIONS[action](state, actor(LATE)).findings[0].revision == state.findings[0].revision + 1
        return
    with pytest.raises(Refusal) as refusal:
        ACTIONS[action](state, actor(LATE))
    assert refusal.value.members["reason"] == "wrong_finding_status"
    assert "OPEN" not in str(refusal.value), "people read words, programs the members"


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"remedy"}))
def test_nobody_inspects_their_own_unit_or_one_that_it_belongs_to(action: str) -> None:
    for lineage in (("CVT",), ("PHONG", "CVT", "BO")):
        for phase in PHASES:
            with pytest.raises(Refusal) as refusal:
                ACTIONS[action](in_phase(phase), actor(LATE, "x", *lineage))
            assert (refusal.value.kind, refusal.value.members["reason"]) == ("forbidden", "own_unit")
    with pytest.raises(Refusal):
        new(by=actor("2011-05-04", "x", "CVT"))
    above = ready_for(action, in_phase(min(PHASES_OF[action])))
    assert ACTIONS[action](above, actor(LATE, "x", "BO")).revision == above.revision + 1


def test_who_entered_a_remedy_does_not_accept_it() -> None:
    state = in_phase("CONCLUDED")
    state = remedied(state, first(state), PROOF, actor("2011-05-24"))
    with pytest.raises(Refusal) as refusal:
        accepted(state, first(state), actor("2011-05-25"))
    assert refusal.value.members["reason"] == "own_remedy"
    [one] = accepted(state, first(state), actor("2011-05-25", "another")).findings
    assert (one.status, one.remedied_at_ms, one.accepted_by) == ("ACCEPTED", at("2011-05-24 10:00"), "another")


def test_the_same_remedy_again_changes_nothing_and_another_is_refused() -> None:
    state = in_phase("CONCLUDED")
    once = remedied(state, first(state), PROOF, actor("2011-05-24"))
    assert remedied(once, first(state), PROOF, actor("2011-05-25")) is once
    with pytest.raises(Refusal):
        remedied(once, first(state), PAPER, actor("2011-05-25"))


def test_a_returned_remedy_leaves_the_deadline_and_says_why() -> None:
    state = in_phase("CONCLUDED")
    once = remedied(state, first(state), PROOF, actor("2011-05-24"))
    [one] = given_back(once, first(state), "not signed", actor("2011-05-25")).findings
    assert (one.status, one.due_day, one.remedied_at_ms, one.evidence, one.reason) == (
        "OPEN",
        state.findings[0].due_day,
        None,
        None,
        "not signed",
    )


def test_two_findings_of_an_inspection_never_share_a_code_unless_one_was_withdrawn() -> None:
    held = in_phase("VISITED")
    again = Found("KN-01", "low", "no log")
    with pytest.raises(Refusal) as refusal:
        found(held, again, actor("2011-05-13"))
    assert refusal.value.members == {"reason": "code_taken", "code": "KN-01"}
    gone = withdrawn(held, held.findings[0].finding, "entered twice", actor("2011-05-13"))
    assert [one.code for one in found(gone, again, actor("2011-05-14")).findings] == ["KN-01", "KN-01"]


def test_an_inspection_is_not_closed_while_a_remedy_is_not_accepted() -> None:
    state = in_phase("CONCLUDED", None, "high", "low")
    with pytest.raises(Refusal) as refusal:
        step("closure")(state, actor(LATE))
    assert refusal.value.members["findings"] == [one.finding for one in state.findings]
    for one in state.findings:
        state = withdrawn(state, one.finding, "does not stand", actor(LATE))
    assert step("closure")(state, actor(LATE)).phase == "CLOSED"


def test_steps_need_their_document_and_come_in_the_order_of_their_days() -> None:
    decided = in_phase("DECIDED")

    def visit(**given: Any) -> InspectionState:
        told = {"on": "2011-05-12", "document": PAPER, "note": None, "actor": actor("2011-05-12"), **given}
        return stepped(plan(), decided, "visit", **told)

    for given, reason in (
        ({"document": None}, "no_document"),
        ({"on": "2011-05-13"}, "day_ahead"),
        ({"on": "2011-05-04"}, "day_before_last_step"),
    ):
        with pytest.raises(Refusal) as refusal:
            visit(**given)
        assert refusal.value.members["reason"] == reason
    assert visit().visited_on == "2011-05-12"
    with pytest.raises(Refusal) as refusal:
        stepped(plan(), decided, "cancellation", on=LATE, document=None, note=None, actor=actor(LATE))
    assert refusal.value.members["reason"] == "no_reason"


def test_the_next_step_is_due_some_working_days_after_the_one_before() -> None:
    """Proposed on Wednesday 04/05/2011; weekends are not counted."""
    proposal, decided, visited = new(), in_phase("DECIDED"), in_phase("VISITED")
    assert (proposal.next_step, proposal.next_due_day) == ("decision", "2011-05-11")
    assert (decided.next_step, decided.next_due_day) == ("visit", "2011-05-26")
    assert (visited.next_step, visited.next_due_day) == ("conclusion", "2011-06-02")
    assert proposal.next_due_at_ms == at("2011-05-12 00:00") - 1
    assert in_phase("CLOSED").next_step is None


def test_public_holidays_and_swapped_days_move_deadlines() -> None:
    """Vietnam was off on 30/04-03/05/2011 (with days in lieu); a decree may take another day off."""
    made = plan(holidays={"country": "VN", "extra_days_off": ["2011-05-09"]})
    proposal = new(made, actor("2011-04-28"))
    assert proposal.next_due_day == "2011-05-10"


@pytest.mark.parametrize(("severity", "day"), [("high", "2011-05-27"), ("medium", "2011-06-20"), ("low", "2011-07-19")])
def test_a_finding_is_due_by_severity_and_never_on_a_day_off(severity: str, day: str) -> None:
    """Concluded on Friday 20/05/2011; 30 days on is a Sunday: the Monday after it. 60 days on is a Tuesday."""
    state = in_phase("CONCLUDED", None, severity)
    [one] = state.findings
    assert (one.due_day, one.due_at_ms) == (day, at(f"{day} 23:59") + 59_999)
    assert one.revision == 2, "the deadline is a change of the finding"


def test_the_closure_is_due_after_the_last_remedy() -> None:
    assert in_phase("CONCLUDED", None, "high", "low").next_due_day == "2011-08-02"
    state = in_phase("VISITED")
    state = withdrawn(state, first(state), "does not stand", actor("2011-05-19"))
    concluded = stepped(
        plan(), state, "conclusion", on="2011-05-20", document=PAPER, note=None, actor=actor("2011-05-20")
    )
    assert (concluded.findings[0].due_day, concluded.next_due_day) == (None, "2011-06-03")


def test_the_plan_says_how_long_everything_takes() -> None:
    process = InspectionProcess.model_validate({"decision_working_days": 2, "remediation_days": {"high": 1}})
    made = plan().model_copy(update={"inspection_process": process})
    assert new(made).next_due_day == "2011-05-06"
    assert in_phase("CONCLUDED", made, "high").findings[0].due_day == "2011-05-23"


def test_another_version_is_refused_and_told_which_one_stands() -> None:
    state = in_phase("DECIDED")
    check_version(state, None)
    check_version(state, state.revision)
    with pytest.raises(Refusal) as refusal:
        check_version(state, 1)
    assert (refusal.value.kind, refusal.value.members["current_version"]) == ("version_moved", 2)
