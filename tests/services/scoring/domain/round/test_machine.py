"""The state machine: every pair of phases, every guard, the clock, the windows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from services.scoring.domain.round.calendar import faults
from services.scoring.domain.round.machine import CLOCK, STEPS, Standing, entered, stepped, ticked
from services.scoring.domain.round.opening import Rules, opened
from services.scoring.domain.round.waits import waits
from services.scoring.domain.round.windows import CHANGES_MAX, check_appraisable, check_open, rescheduled
from shared.events.round import RoundState, Window, WindowName
from shared.events.score import EvaluationPhase
from shared.refusal import Refusal
from tests.services.scoring.rounds import (
    APPRAISAL,
    CALENDAR,
    CLARIFICATION,
    DURING,
    OPENS_MS,
    PHASES,
    SELF,
    a_round,
)
from tests.services.scoring.world import DAY_MS, YEAR

LATE_MS = OPENS_MS + 100 * DAY_MS
BY_PEOPLE = {
    ("DRAFT", "SELF_SCORING"),
    ("SELF_SCORING", "APPRAISAL"),
    ("APPRAISAL", "PROVISIONAL"),
    ("PROVISIONAL", "CLARIFICATION"),
    ("CLARIFICATION", "FINAL_REVIEW"),
    ("PROVISIONAL", "APPRAISAL"),
    ("FINAL_REVIEW", "CLARIFICATION"),
}
BY_EDITIONS = {
    ("FINAL_REVIEW", "SEALED"),
    ("SEALED", "PUBLISHED"),
    ("PUBLISHED", "CORRECTED"),
    ("CORRECTED", "SEALED"),
}
PAIRS = [(before, after) for before in PHASES for after in PHASES]
SETTLED = Standing(unappraised=0)


def refusal(call: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as found:
        call()
    assert found.value.text.vi
    assert found.value.text.en
    return found.value


def step(
    held: RoundState,
    after: EvaluationPhase,
    standing: Standing = SETTLED,
    *,
    now_ms: int = LATE_MS,
    closes_at_ms: int | None = None,
) -> RoundState:
    return stepped(held, after, standing, by="keeper", reason="why", now_ms=now_ms, closes_at_ms=closes_at_ms)


def test_the_table_of_steps_is_this_and_no_other() -> None:
    assert set(STEPS) == BY_PEOPLE | BY_EDITIONS


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_person_takes_legal_steps_and_every_other_pair_is_refused_by_name(
    before: EvaluationPhase, after: EvaluationPhase
) -> None:
    held = a_round(before)
    now_ms, closes = LATE_MS, None
    if (before, after) == ("PROVISIONAL", "APPRAISAL"):
        now_ms, closes = DURING["PROVISIONAL"], CLARIFICATION.opens_at_ms
    if (before, after) == ("FINAL_REVIEW", "CLARIFICATION"):
        closes = LATE_MS + DAY_MS
    if (before, after) in BY_PEOPLE:
        fresh = step(held, after, now_ms=now_ms, closes_at_ms=closes)
        assert (fresh.phase, fresh.revision) == (after, held.revision + 1)
        last = fresh.steps[-1]
        assert (last.before, last.after, last.by, last.reason, last.at_ms) == (before, after, "keeper", "why", now_ms)
        return
    found = refusal(lambda: step(held, after, now_ms=now_ms, closes_at_ms=closes))
    if (before, after) in BY_EDITIONS:
        assert found.members["reason"] == "by_edition"
    elif before in ("SEALED", "PUBLISHED", "CORRECTED"):
        assert (found.kind, found.members["reason"]) == ("sealed", "sealed")
    else:
        assert (found.kind, found.members["reason"]) == ("state", "illegal_step")
        assert found.members["legal"] == [to for held_in, to in STEPS if held_in == before]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_editions_take_their_steps_only(before: EvaluationPhase, after: EvaluationPhase) -> None:
    held = a_round(before)
    if (before, after) in BY_EDITIONS:
        assert entered(held, after, Standing(), by="e", reason="edition", now_ms=LATE_MS).phase == after
    else:
        refusal(lambda: entered(held, after, Standing(), by="e", reason="edition", now_ms=LATE_MS))


def test_the_clock_takes_each_step_at_its_instant_and_not_before() -> None:
    held = a_round()
    for after, due in (
        ("SELF_SCORING", SELF.opens_at_ms),
        ("APPRAISAL", APPRAISAL.opens_at_ms),
        ("PROVISIONAL", APPRAISAL.closes_at_ms),
        ("CLARIFICATION", CLARIFICATION.opens_at_ms),
        ("FINAL_REVIEW", CLARIFICATION.closes_at_ms),
    ):
        assert ticked(held, Standing(), due - 1) is None
        fresh = ticked(held, Standing(), due)
        assert fresh is not None
        assert (fresh.phase, fresh.steps[-1].by, fresh.entered_at_ms) == (after, CLOCK, due)
        held = fresh
    assert ticked(held, Standing(), LATE_MS) is None
    assert held.revision == 6


def test_a_step_that_was_missed_is_still_due() -> None:
    fresh = ticked(a_round("SELF_SCORING"), Standing(), LATE_MS)
    assert fresh is not None
    assert fresh.phase == "APPRAISAL"


def test_a_dispute_holds_the_clock_and_the_person_up() -> None:
    held = a_round("APPRAISAL")
    assert ticked(held, Standing(disputed=2), LATE_MS) is None
    found = refusal(lambda: step(held, "PROVISIONAL", Standing(disputed=2)))
    assert (found.members["reason"], found.members["disputed"]) == ("referee_awaited", 2)


def test_open_requests_hold_up_sealing_but_not_the_final_review() -> None:
    open_one = Standing(open_requests=1)
    assert ticked(a_round("CLARIFICATION"), open_one, LATE_MS) is not None
    found = refusal(lambda: entered(a_round("FINAL_REVIEW"), "SEALED", open_one, by="e", reason="", now_ms=LATE_MS))
    assert found.members["reason"] == "requests_open"


@pytest.mark.parametrize(
    ("phase", "after"),
    [
        ("DRAFT", "SELF_SCORING"),
        ("SELF_SCORING", "APPRAISAL"),
        ("PROVISIONAL", "CLARIFICATION"),
        ("CLARIFICATION", "FINAL_REVIEW"),
    ],
)
def test_a_promised_window_is_not_cut_short(phase: EvaluationPhase, after: EvaluationPhase) -> None:
    found = refusal(lambda: step(a_round(phase), after, now_ms=DURING[phase]))
    assert found.members["reason"] == "not_yet"
    assert found.members["due_at"]


def test_the_appraisal_ends_early_only_when_nothing_is_left() -> None:
    held, now_ms = a_round("APPRAISAL"), DURING["APPRAISAL"]
    for left in (Standing(), Standing(unappraised=3)):
        found = refusal(partial(step, held, "PROVISIONAL", left, now_ms=now_ms))
        assert found.members["reason"] == "appraisal_unfinished"
    assert step(held, "PROVISIONAL", Standing(unappraised=0), now_ms=now_ms).phase == "PROVISIONAL"


def test_a_step_back_opens_the_window_again_and_needs_its_end() -> None:
    held = a_round("FINAL_REVIEW")
    assert refusal(lambda: step(held, "CLARIFICATION")).pointer == "/closes_at"
    assert refusal(lambda: step(held, "CLARIFICATION", closes_at_ms=LATE_MS)).pointer == "/closes_at"
    fresh = step(held, "CLARIFICATION", closes_at_ms=LATE_MS + 1)
    assert fresh.calendar.clarification.closes_at_ms == LATE_MS + 1
    assert (fresh.revision, len(fresh.steps), len(fresh.reschedulings)) == (held.revision + 1, 1, 1)
    check_open(fresh, "clarification", LATE_MS)


def test_the_appraisal_is_not_reopened_into_the_clarification() -> None:
    held, now_ms = a_round("PROVISIONAL"), DURING["PROVISIONAL"]
    beyond = CLARIFICATION.opens_at_ms + 1
    found = refusal(lambda: step(held, "APPRAISAL", now_ms=now_ms, closes_at_ms=beyond))
    assert [detail.pointer for detail in found.details] == ["/calendar/clarification/opens_at"]


def moved(held: RoundState, name: WindowName, opens: int, closes: int, now_ms: int) -> RoundState:
    to = Window(opens_at_ms=opens, closes_at_ms=closes)
    return rescheduled(held, name, to, by="keeper", reason="asked", now_ms=now_ms)


def test_an_open_window_may_only_close_later() -> None:
    held, now_ms = a_round("SELF_SCORING"), DURING["SELF_SCORING"]
    later = moved(held, "self_scoring", SELF.opens_at_ms, SELF.closes_at_ms + DAY_MS, now_ms)
    assert later.calendar.self_scoring.closes_at_ms == SELF.closes_at_ms + DAY_MS
    [line] = later.reschedulings
    assert (line.window, line.by, line.reason, line.before) == ("self_scoring", "keeper", "asked", SELF)
    for opens, closes in ((SELF.opens_at_ms, SELF.closes_at_ms - 1), (SELF.opens_at_ms + 1, SELF.closes_at_ms)):
        found = refusal(partial(moved, held, "self_scoring", opens, closes, now_ms))
        assert found.members["reason"] == "window_promised"


def test_a_window_to_come_moves_freely_within_the_order() -> None:
    held, now_ms = a_round("SELF_SCORING"), DURING["SELF_SCORING"]
    sooner = moved(held, "clarification", APPRAISAL.closes_at_ms, CLARIFICATION.closes_at_ms - DAY_MS, now_ms)
    assert sooner.calendar.clarification.opens_at_ms == APPRAISAL.closes_at_ms
    found = refusal(lambda: moved(held, "clarification", APPRAISAL.closes_at_ms - 1, LATE_MS, now_ms))
    assert found.kind == "not_valid"


def test_a_window_that_is_over_or_sealed_does_not_move() -> None:
    over = refusal(lambda: moved(a_round("APPRAISAL"), "self_scoring", SELF.opens_at_ms, LATE_MS, DURING["APPRAISAL"]))
    assert over.members["reason"] == "window_over"
    assert refusal(lambda: moved(a_round("SEALED"), "appraisal", 0, LATE_MS, 0)).kind == "sealed"


def test_a_calendar_is_not_changed_for_ever() -> None:
    held = a_round("SELF_SCORING")
    for turn in range(CHANGES_MAX):
        held = moved(held, "clarification", CLARIFICATION.opens_at_ms, LATE_MS + turn, DURING["SELF_SCORING"])
    found = refusal(lambda: moved(held, "clarification", CLARIFICATION.opens_at_ms, LATE_MS, DURING["SELF_SCORING"]))
    assert found.members["reason"] == "changed_too_often"


def test_windows_are_half_open() -> None:
    held = a_round("CLARIFICATION")
    check_open(held, "clarification", CLARIFICATION.opens_at_ms)
    check_open(held, "clarification", CLARIFICATION.closes_at_ms - 1)
    for now_ms in (CLARIFICATION.opens_at_ms - 1, CLARIFICATION.closes_at_ms):
        found = refusal(partial(check_open, held, "clarification", now_ms))
        assert found.members["reason"] == "window_closed"
    assert refusal(lambda: check_open(held, "appraisal", LATE_MS)).members["reason"] == "wrong_phase"
    assert refusal(lambda: check_open(a_round("PUBLISHED"), "appraisal", LATE_MS)).kind == "sealed"


def test_a_referee_decides_after_the_window_and_a_correction_is_open() -> None:
    held = a_round("APPRAISAL")
    check_appraisable(held, LATE_MS, by_referee=True)
    assert refusal(lambda: check_appraisable(held, LATE_MS, by_referee=False)).members["reason"] == "window_closed"
    check_appraisable(a_round("CORRECTED"), LATE_MS, by_referee=False)
    assert refusal(lambda: check_appraisable(a_round("SEALED"), LATE_MS, by_referee=True)).kind == "sealed"


def test_a_round_is_opened_with_a_calendar_in_order_only() -> None:
    assert faults(CALENDAR) == []
    wrong = CALENDAR.model_copy(
        update={
            "appraisal": Window(opens_at_ms=SELF.closes_at_ms - 1, closes_at_ms=SELF.closes_at_ms - 1),
            "cut_off_day": "2011-02-30",
        }
    )
    found = refusal(lambda: opened("TEST", YEAR, wrong, Rules(), by="k", reason="r", now_ms=0))
    assert [detail.pointer for detail in found.details] == [
        "/calendar/appraisal/closes_at",
        "/calendar/appraisal/opens_at",
        "/calendar/cut_off_day",
    ]


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_says_what_it_waits_for(phase: EvaluationPhase) -> None:
    told = waits(a_round(phase), Standing(disputed=1, open_requests=1))
    current = [wait for wait in told if wait.place == "current"]
    assert [wait.phase for wait in current] == ([] if phase == "CORRECTED" else [phase])
    assert all(wait.waits_for.vi and wait.waits_for.en for wait in told)
    held_up = [wait.phase for wait in told if wait.held_up_by]
    assert held_up == ([phase] if phase in ("APPRAISAL", "FINAL_REVIEW") else [])
