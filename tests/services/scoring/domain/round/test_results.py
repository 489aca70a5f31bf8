"""What a round has decided: requests overrule appraisals, and the past is found again."""

from __future__ import annotations

import pytest

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.round.appraising import Criterion, Finding, appraised, blank
from services.scoring.domain.round.clarifying import decided, decision_of, requested, says_the_same
from services.scoring.domain.round.machine import Standing, stepped, ticked
from services.scoring.domain.round.opening import Rules, rules_of
from services.scoring.domain.round.results import overruled, round_as_of, view_as_of
from services.scoring.domain.round.view import RoundView
from services.scoring.domain.round.windows import rescheduled
from shared.events.round import ClarificationState, DatedEvidence, RoundState, Window
from shared.refusal import Refusal
from tests.services.scoring.rounds import APPRAISAL, CLARIFICATION, CUT_OFF_DAY, SELF, a_round
from tests.services.scoring.world import DAY_MS, YEAR

PLACE = Criterion("TEST", YEAR, "a1", "MAIL")
ASKED_MS = CLARIFICATION.opens_at_ms + 5


def document(dated: str) -> DatedEvidence:
    return DatedEvidence(kind="document_number", reference="21/BB", dated=dated)


def request(*dated: str, by: str = "officer") -> ClarificationState:
    return requested(PLACE, "please", [document(day) for day in dated], cut_off_day=CUT_OFF_DAY, by=by, now_ms=ASKED_MS)


def answered(asked: ClarificationState, finding: Finding | None, *, accepted: bool = True) -> ClarificationState:
    decision = decision_of(
        finding,
        accepted=accepted,
        reason="because",
        by="z",
        now_ms=ASKED_MS + 10,
        self_value=50.0,
        is_quotient=False,
    )
    return decided(asked, decision)


def test_evidence_after_the_cut_off_does_not_count() -> None:
    assert request(CUT_OFF_DAY).status == "OPEN"
    with pytest.raises(Refusal) as found:
        request("2011-06-01", "2012-01-01")
    assert found.value.members["reason"] == "after_cut_off"
    assert [detail.pointer for detail in found.value.details] == ["/evidence/1/dated"]


def test_a_request_is_decided_once_and_a_rejection_brings_no_value() -> None:
    rejected = answered(request(), None, accepted=False)
    assert (rejected.status, rejected.revision) == ("REJECTED", 2)
    with pytest.raises(Refusal, match="has been decided"):
        answered(rejected, None)
    with pytest.raises(Refusal) as found:
        answered(request(), Finding("value", 1.0), accepted=False)
    assert found.value.pointer == "/outcome"


def test_the_same_request_is_recognised() -> None:
    held = request(CUT_OFF_DAY)
    assert says_the_same(held, "please", [document(CUT_OFF_DAY)], "officer")
    assert not says_the_same(held, "please", [], "officer")


def row(value: float, at_ms: int) -> Appraised:
    return Appraised("a1", "MAIL", "value", 3, at_ms, value)


def test_an_accepted_request_overrules_what_was_appraised_before_it_and_nothing_later() -> None:
    asked = answered(request(), Finding("value", 70.0))
    [found] = overruled({("a1", "MAIL"): row(40, ASKED_MS)}, [asked]).values()
    assert (found.value, found.revision, found.decided_at_ms) == (70, 5, ASKED_MS + 10)
    [later] = overruled({("a1", "MAIL"): row(40, ASKED_MS + 11)}, [asked]).values()
    assert later.value == 40
    assert overruled({}, [answered(request(), None)]) == {}, "accepted as it is: no number changes"
    assert overruled({}, [request()]) == {}


def history() -> list[RoundState]:
    """Every state of a round that was extended and reopened, oldest first."""
    states = [a_round(rules=Rules(2, 0.1))]

    def clock(at_ms: int) -> None:
        fresh = ticked(states[-1], Standing(), at_ms)
        assert fresh is not None
        states.append(fresh)

    clock(SELF.opens_at_ms)
    longer = Window(opens_at_ms=SELF.opens_at_ms, closes_at_ms=SELF.closes_at_ms + DAY_MS)
    at_ms = SELF.opens_at_ms + DAY_MS
    states.append(rescheduled(states[-1], "self_scoring", longer, by="k", reason="r", now_ms=at_ms))
    for at_ms in (
        APPRAISAL.opens_at_ms,
        APPRAISAL.closes_at_ms,
        CLARIFICATION.opens_at_ms,
        CLARIFICATION.closes_at_ms,
    ):
        clock(at_ms)
    at_ms = CLARIFICATION.closes_at_ms + DAY_MS
    states.append(
        stepped(states[-1], "CLARIFICATION", Standing(), by="k", reason="r", now_ms=at_ms, closes_at_ms=at_ms + DAY_MS)
    )
    clock(at_ms + DAY_MS)
    return states


def test_the_round_of_any_past_moment_is_found_in_its_last_state() -> None:
    states = history()
    for past in states:
        then = round_as_of(states[-1], past.changed_at_ms)
        assert then is not None
        assert then.model_copy(update={"changed_at_ms": past.changed_at_ms}) == past
    assert round_as_of(states[-1], states[0].opened_at_ms - 1) is None


def test_the_view_of_a_past_moment_knows_only_what_was_known() -> None:
    held = history()[-1]
    rules, start = rules_of(held), APPRAISAL.opens_at_ms
    one = blank(PLACE, 0)
    for at, (by, value) in enumerate((("x", 10.0), ("y", 90.0), ("z", 30.0))):
        one = appraised(one, Finding("value", value, reason="r"), rules, self_value=50, by=by, now_ms=start + at)
    asked = answered(request(), Finding("value", 70.0))

    def seen(at_ms: int) -> tuple[str, int, list[float | None]]:
        view = view_as_of(held, [one], [asked], at_ms)
        return view.phase, view.unsettled, [found.value for found in view.appraised]

    assert view_as_of(held, [one], [asked], 0) == RoundView("TEST", YEAR)
    assert seen(start) == ("APPRAISAL", 0, [])
    assert seen(start + 1) == ("APPRAISAL", 1, [])
    assert seen(start + 2) == ("APPRAISAL", 0, [30])
    assert seen(ASKED_MS) == ("CLARIFICATION", 1, [30])
    assert seen(ASKED_MS + 10) == ("CLARIFICATION", 0, [70])
