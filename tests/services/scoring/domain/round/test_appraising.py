"""Opinions on a criterion: whose turn it is, what they come to, when a third identity decides."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.scoring.domain.round.appraising import (
    OPINIONS_MAX,
    Criterion,
    Finding,
    appraised,
    blank,
    check_finding,
    explained,
    repeats,
    settle,
)
from services.scoring.domain.round.opening import Rules
from services.scoring.domain.round.people import Person, check_not_own
from shared.events.round import AppraisalState
from shared.refusal import Refusal

PLACE = Criterion("TEST", 2011, "a1", "MAIL")
ONE, TWO = Rules(), Rules(appraisals_needed=2, threshold=0.1)
REASON = "seen"


def value(number: float, **more: float) -> Finding:
    return Finding("value", number, more.get("numerator"), more.get("denominator"), REASON)


def said(*opinions: tuple[str, Finding], rules: Rules = ONE, self_value: float | None = 50.0) -> AppraisalState:
    state = blank(PLACE, 0)
    for at, (by, finding) in enumerate(opinions):
        state = appraised(state, finding, rules, self_value=self_value, by=by, now_ms=at + 1)
    return state


def reason_of(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as found:
        call()
    return str(found.value.members.get("reason", found.value.pointer))


def test_one_opinion_settles_where_one_is_needed() -> None:
    state = said(("x", value(40)))
    assert state.settled is not None
    assert (state.settled.outcome, state.settled.value, state.settled.revision) == ("value", 40, 1)
    assert (state.revision, state.disputed, state.opinions[0].self_value) == (1, False, 50.0)


def test_a_later_opinion_takes_the_place_and_the_earlier_stays_on_record() -> None:
    state = said(("x", value(40)), ("y", Finding("rejected", reason=REASON)))
    assert state.settled is not None
    assert state.settled.outcome == "rejected"
    assert [one.by for one in state.opinions] == ["x", "y"]


def test_two_that_agree_within_the_threshold_come_to_their_mean() -> None:
    waiting = said(("x", value(40)), rules=TWO)
    assert (waiting.settled, waiting.disputed) == (None, False)
    state = said(("x", value(40)), ("y", value(44)), rules=TWO)
    assert state.settled is not None
    assert (state.settled.value, state.disputed) == (42, False)


@pytest.mark.parametrize(("second", "agrees"), [(44.444, True), (44.445, False), (36.0, True), (35.999, False)])
def test_the_threshold_is_a_share_of_the_larger_value(second: float, agrees: bool) -> None:
    state = said(("x", value(40)), ("y", value(second)), rules=TWO)
    assert state.disputed is not agrees
    assert (state.settled is not None) is agrees


def test_two_equal_values_keep_their_parts() -> None:
    exact = value(40, numerator=4.0, denominator=10.0)
    state = said(("x", exact), ("y", exact), rules=TWO)
    assert state.settled is not None
    assert (state.settled.value, state.settled.numerator, state.settled.denominator) == (40, 4, 10)


def test_a_confirmation_counts_as_the_reported_value() -> None:
    near = said(("x", Finding("confirmed")), ("y", value(52)), rules=TWO)
    assert near.settled is not None
    assert near.settled.value == 51
    both = said(("x", Finding("confirmed")), ("y", Finding("confirmed")), rules=TWO)
    assert both.settled is not None
    assert (both.settled.outcome, both.settled.value) == ("confirmed", None)


def test_different_kinds_of_outcome_are_a_dispute() -> None:
    state = said(("x", value(40)), ("y", Finding("not_applicable", reason=REASON)), rules=TWO)
    assert state.disputed


def test_a_third_identity_decides_a_dispute_for_good() -> None:
    dispute = (("x", value(10)), ("y", value(90)))
    own = appraised(said(*dispute, rules=TWO), value(88), TWO, self_value=50, by="x", now_ms=3)
    assert (own.opinions[-1].place, own.disputed) == ("first", False), "one of the two may come round"
    state = said(*dispute, ("z", value(30)), rules=TWO)
    assert state.settled is not None
    assert (state.settled.value, state.disputed, state.opinions[-1].place) == (30, False, "referee")
    for by in ("x", "w"):
        with pytest.raises(Refusal, match="referee has decided"):
            appraised(state, value(1), TWO, self_value=50, by=by, now_ms=9)
    again = appraised(state, value(31), TWO, self_value=50, by="z", now_ms=9)
    assert again.settled is not None
    assert again.settled.value == 31


def test_a_third_identity_is_not_wanted_where_two_agree() -> None:
    state = said(("x", value(40)), ("y", value(40)), rules=TWO)
    assert reason_of(lambda: appraised(state, value(1), TWO, self_value=50, by="z", now_ms=9)) == "two_have_appraised"


def test_opinions_are_bounded() -> None:
    state = said(*[("x", value(number)) for number in range(OPINIONS_MAX)])
    assert reason_of(lambda: appraised(state, value(1), ONE, self_value=50, by="x", now_ms=9)) == "too_many_opinions"


def test_what_was_settled_then_is_found_from_the_opinions_of_then() -> None:
    state = said(("x", value(10)), ("y", value(90)), ("z", value(30)), rules=TWO)
    assert [settle(state.opinions[:count], TWO) is not None for count in range(4)] == [False, False, False, True]


def test_saying_the_same_again_is_recognised() -> None:
    state = said(("x", value(40)), rules=TWO)
    assert repeats(state, value(40), "x")
    assert not repeats(state, value(40), "y")
    assert not repeats(state, value(41), "x")


def test_an_explanation_changes_no_opinion() -> None:
    state = explained(said(("x", value(40))), "counted twice", by="officer", now_ms=5)
    assert (state.revision, state.explanation and state.explanation.by) == (2, "officer")
    assert state.settled is not None


@pytest.mark.parametrize(
    ("finding", "self_value", "fault"),
    [
        (Finding("confirmed"), None, "/outcome"),
        (Finding("confirmed", value=1.0), 1.0, "/value"),
        (Finding("value"), 1.0, "/value"),
        (Finding("value", 2.0), 1.0, "/reason"),
        (Finding("value", 2.0, reason="  "), 1.0, "/reason"),
        (Finding("value", 2.0), None, "/reason"),
        (Finding("not_applicable"), 1.0, "/reason"),
        (Finding("rejected"), 1.0, "/reason"),
        (Finding("value", 2.0, 1.0, 2.0, "r"), 1.0, "/numerator"),
    ],
)
def test_a_finding_that_says_too_little_or_too_much_is_refused(
    finding: Finding, self_value: float | None, fault: str
) -> None:
    assert reason_of(lambda: check_finding(finding, self_value, is_quotient=False)) == fault


def test_what_does_not_differ_needs_no_reason() -> None:
    check_finding(Finding("confirmed"), 1.0, is_quotient=False)
    check_finding(Finding("value", 1.0), 1.0, is_quotient=False)
    check_finding(Finding("value", 2.0, 1.0, 0.5, "r"), 1.0, is_quotient=True)


def test_nobody_appraises_their_own_unit_nor_their_own_report() -> None:
    check_not_own(Person("x", ("b1", "ministry")), "a1", {"key-1"})
    check_not_own(Person("x"), "a1", set())
    assert reason_of(lambda: check_not_own(Person("x", ("a1", "ministry")), "a1", set())) == "own_unit"
    assert reason_of(lambda: check_not_own(Person("x", ("division", "a1", "ministry")), "a1", set())) == "own_unit"
    assert reason_of(lambda: check_not_own(Person("key-1"), "a1", {"key-1"})) == "own_report"
