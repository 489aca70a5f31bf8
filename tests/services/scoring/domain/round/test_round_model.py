"""A round and a much simpler model of it, moved at random side by side."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.scoring.domain.round.machine import STEPS, Standing, due_at_ms, entered, stepped, ticked
from services.scoring.domain.round.results import round_as_of
from services.scoring.domain.round.view import CLOSED
from services.scoring.domain.round.windows import check_open, rescheduled
from shared.events.round import RoundState, Window, WindowName
from shared.events.score import EvaluationPhase
from shared.refusal import Refusal
from tests.services.scoring.rounds import OPENS_MS, PHASES, a_round
from tests.services.scoring.world import DAY_MS

ORDER = PHASES[:6]


class RoundModel(RuleBasedStateMachine):
    """The model: a place in a list of phases, three windows as pairs, and what is unsettled."""

    def __init__(self) -> None:
        super().__init__()
        self.round = a_round()
        self.now = OPENS_MS - DAY_MS
        self.standing = Standing()
        self.past: list[tuple[int, RoundState]] = [(self.now, self.round)]

    def kept(self, fresh: RoundState) -> None:
        assert fresh.revision == self.round.revision + 1
        assert fresh.changed_at_ms == self.now
        self.round = fresh
        self.past = [entry for entry in self.past if entry[0] != self.now] + [(self.now, fresh)]

    @rule(days=st.integers(0, 12))
    def time_passes(self, days: int) -> None:
        self.now += days * DAY_MS + 1

    @rule(disputed=st.integers(0, 1), requests=st.integers(0, 1), left=st.sampled_from([None, 0, 2]))
    def people_work(self, disputed: int, requests: int, left: int | None) -> None:
        self.standing = Standing(disputed, requests, left)

    @rule()
    def the_clock_ticks(self) -> None:
        before, due = self.round.phase, due_at_ms(self.round)
        fresh = ticked(self.round, self.standing, self.now)
        held_up = before == "APPRAISAL" and self.standing.disputed > 0
        assert (fresh is not None) == (due is not None and due <= self.now and not held_up)
        if fresh is not None:
            assert ORDER.index(fresh.phase) == ORDER.index(before) + 1
            self.kept(fresh)

    @rule(after=st.sampled_from(PHASES), days=st.one_of(st.none(), st.integers(-2, 40)))
    def somebody_steps(self, after: EvaluationPhase, days: int | None) -> None:
        closes = None if days is None else self.now + days * DAY_MS
        before = self.round
        try:
            fresh = stepped(before, after, self.standing, by="k", reason="r", now_ms=self.now, closes_at_ms=closes)
        except Refusal:
            return
        assert STEPS[before.phase, after] != "edition"
        due = due_at_ms(before)
        is_early = STEPS[before.phase, after] == "time" and due is not None and self.now < due
        assert not is_early or (after == "PROVISIONAL" and self.standing.unappraised == 0)
        assert not (after == "PROVISIONAL" and self.standing.disputed)
        self.kept(fresh)

    @rule(after=st.sampled_from(["SEALED", "PUBLISHED", "CORRECTED"]))
    def an_edition_steps(self, after: EvaluationPhase) -> None:
        legal = STEPS.get((self.round.phase, after)) == "edition"
        settled = after != "SEALED" or self.standing.unsettled == 0
        try:
            fresh = entered(self.round, after, self.standing, by="e", reason="r", now_ms=self.now)
        except Refusal:
            assert not (legal and settled)
            return
        assert legal
        assert settled
        self.kept(fresh)

    @precondition(lambda self: self.round.phase not in CLOSED)
    @rule(
        name=st.sampled_from(["self_scoring", "appraisal", "clarification"]),
        opens=st.integers(-5, 5),
        closes=st.integers(-5, 20),
    )
    def a_window_moves(self, name: WindowName, opens: int, closes: int) -> None:
        held: Window = getattr(self.round.calendar, name)
        to = Window(opens_at_ms=held.opens_at_ms + opens * DAY_MS, closes_at_ms=held.closes_at_ms + closes * DAY_MS)
        try:
            fresh = rescheduled(self.round, name, to, by="k", reason="r", now_ms=self.now)
        except Refusal:
            return
        if held.opens_at_ms <= self.now:
            assert to.opens_at_ms == held.opens_at_ms
            assert to.closes_at_ms >= held.closes_at_ms
        self.kept(fresh)

    @invariant()
    def windows_are_in_order_and_open_in_one_phase_only(self) -> None:
        calendar = self.round.calendar
        instants = [
            instant
            for one in (calendar.self_scoring, calendar.appraisal, calendar.clarification)
            for instant in (one.opens_at_ms, one.closes_at_ms)
        ]
        assert instants == sorted(instants)
        open_now = []
        for name in ("self_scoring", "appraisal", "clarification"):
            try:
                check_open(self.round, name, self.now)
                open_now.append(name.upper())
            except Refusal:
                pass
        assert open_now in ([], [self.round.phase])

    @invariant()
    def the_steps_lead_from_the_draft_to_here(self) -> None:
        phase: EvaluationPhase = "DRAFT"
        for step in self.round.steps:
            assert step.before == phase
            assert (step.before, step.after) in STEPS
            phase = step.after
        assert phase == self.round.phase

    @invariant()
    def every_past_moment_is_found_again(self) -> None:
        for at_ms, then in self.past[-3:]:
            found = round_as_of(self.round, at_ms)
            assert found is not None
            assert (found.phase, found.calendar, found.steps) == (then.phase, then.calendar, then.steps)


RoundModel.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestRoundModel = RoundModel.TestCase
