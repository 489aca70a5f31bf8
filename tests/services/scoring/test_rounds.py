"""Rounds over the real store: the clock, steps and windows, races, the view of any moment, the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from services.scoring.domain.round.appraising import Finding
from services.scoring.domain.round.opening import Rules
from services.scoring.handlers.appraise import Appraise
from services.scoring.handlers.numbers import Numbers
from services.scoring.handlers.round_case import RoundCases
from services.scoring.repository.appraisals import Appraisals
from services.scoring.repository.collections import APPRAISALS, ROUNDS
from services.scoring.repository.observations import Observations
from services.scoring.repository.results import Results
from services.scoring.repository.rounds import Rounds
from services.scoring.repository.units import Units
from shared.errors import Transient
from shared.events.round import RoundState, Window
from shared.refusal import Refusal
from shared.store.documents import scan
from shared.store.pending import envelope_of
from shared.telemetry.tracing import span_from
from tests.services.scoring.conftest import Service, serve
from tests.services.scoring.round_steps import (
    A2_MAIL,
    HIGHER,
    appraise,
    at,
    decide,
    evaluation,
    indexes,
    opened,
    refused,
)
from tests.services.scoring.rounds import APPRAISAL, CALENDAR, CLARIFICATION, DURING, SELF
from tests.services.scoring.world import DAY_MS, YEAR

pytestmark = pytest.mark.anyio


async def test_the_clock_moves_the_phase_and_the_evaluation_shows_it(drafted: Service) -> None:
    assert (await evaluation(drafted))["phase"] == "DRAFT"
    await opened(drafted)
    for phase, now_ms in DURING.items():
        await at(drafted, now_ms)
        found = await evaluation(drafted)
        assert (found["phase"], found["provisional"]) == (phase, True)
    held = await drafted.handlers.round.run.get("TEST", YEAR)
    assert [step.by for step in held.steps] == ["clock"] * 5
    assert held.steps[0].at_ms == DURING["SELF_SCORING"]


async def test_a_clock_that_slept_takes_every_step_at_once(drafted: Service) -> None:
    await opened(drafted)
    assert await drafted.handlers.round.run.due(CLARIFICATION.closes_at_ms) == 5
    assert await drafted.handlers.round.run.due(CLARIFICATION.closes_at_ms) == 0


async def test_two_instances_that_race_take_each_step_once(drafted: Service) -> None:
    await opened(drafted)
    work, other = drafted.handlers.round, serve(drafted.store, drafted.clock).handlers.round
    now_ms = CLARIFICATION.closes_at_ms
    for _ in range(6):  # whoever loses a race looks again at its next pass
        await asyncio.gather(work.run.due(now_ms), other.run.due(now_ms))
    held = await work.run.get("TEST", YEAR)
    assert (held.phase, held.revision, len(held.steps)) == ("FINAL_REVIEW", 6, 5)
    drafted.clock.set(now_ms + 1)
    calls = [
        each.run.step("TEST", YEAR, "CLARIFICATION", by=by, reason="again", closes_at_ms=now_ms + DAY_MS)
        for each, by in ((work, "k1"), (other, "k2"))
    ]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refusal", "RoundState"]


async def test_a_round_reopened_takes_requests_again(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["FINAL_REVIEW"])
    closes = DURING["FINAL_REVIEW"] + DAY_MS
    state = await work.run.step("TEST", YEAR, "CLARIFICATION", by="k", reason="new law", closes_at_ms=closes)
    assert (state.phase, state.steps[-1].reason) == ("CLARIFICATION", "new law")
    await work.clarify.request(A2_MAIL, "please", [], by="officer")
    await at(drafted, closes)
    assert (await work.run.get("TEST", YEAR)).phase == "FINAL_REVIEW"


async def test_a_window_is_extended(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["SELF_SCORING"])
    longer = Window(opens_at_ms=SELF.opens_at_ms, closes_at_ms=APPRAISAL.opens_at_ms)
    state = await work.run.reschedule("TEST", YEAR, "self_scoring", longer, by="k", reason="five units asked")
    assert state.calendar.self_scoring == longer
    drafted.clock.set(SELF.closes_at_ms)
    assert (await work.appraise.explain(A2_MAIL, "in time", by="officer")).revision == 1


async def test_a_round_is_opened_once_and_for_a_known_plan(drafted: Service) -> None:
    work = drafted.handlers.round
    call = {"by": "k", "reason": "r"}
    state, is_new = await work.run.open("TEST", YEAR, CALENDAR, Rules(), **call)
    assert (is_new, state.revision) == (True, 1)
    again, is_new = await work.run.open("TEST", YEAR, CALENDAR, Rules(), **call)
    assert (is_new, again) == (False, state)
    await refused(work.run.open("TEST", YEAR, CALENDAR, Rules(), by="other", reason="r"), "round_exists")
    with pytest.raises(Refusal, match="no plan NONE"):
        await work.run.open("NONE", YEAR, CALENDAR, Rules(), **call)


async def test_state_and_event_are_one_write_and_carry_the_trace(drafted: Service) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with span_from(parent, "request"):
        work = await opened(drafted)
    [held] = [held async for held in scan(drafted.store, ROUNDS.name)]
    [event] = [envelope_of(event) for event in held["pending"]]
    assert (event["type"], event["revision"], event["traceparent"][:35]) == ("round.changed.v1", 1, parent[:35])
    assert RoundState.model_validate(event["data"]) == RoundState.model_validate_json(held["body"])
    work = await at(drafted, DURING["APPRAISAL"])
    await appraise(work)
    [held] = [held async for held in scan(drafted.store, APPRAISALS.name)]
    assert [envelope_of(event)["type"] for event in held["pending"]] == ["appraisal.changed.v1"]


async def test_the_view_of_any_moment_is_that_of_then(drafted: Service) -> None:
    await opened(drafted, Rules(2, 0.1))
    views = drafted.handlers.round.views
    seen: dict[int, Any] = {drafted.clock.now_ms(): await views.of("TEST", YEAR)}
    for by, named, value in (("x", None, 10.0), ("y", 1, 90.0), ("z", 2, 30.0)):
        work = await at(drafted, DURING["APPRAISAL"] + (named or 0))
        await appraise(work, Finding("value", value, reason="r"), by=by, named=named)
        seen[drafted.clock.now_ms()] = await views.of("TEST", YEAR)
    work = await at(drafted, DURING["CLARIFICATION"])
    await work.clarify.request(A2_MAIL, "please", [], by="officer")
    seen[drafted.clock.now_ms()] = await views.of("TEST", YEAR)
    drafted.clock.advance(5)
    await decide(work, "w")
    seen[drafted.clock.now_ms()] = await views.of("TEST", YEAR)
    for now_ms, view in seen.items():
        assert await views.of("TEST", YEAR, as_of_ms=now_ms) == view


async def test_a_mark_lost_in_a_crash_is_made_up_at_the_next_start(drafted: Service) -> None:
    class NoMarks:
        async def mark(self, plan: str, year: int) -> None:
            raise Transient("the process ends here")

    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    await drafted.settle()
    store, made = drafted.store, drafted.handlers
    numbers = Numbers(
        computing=made.computing,
        last=made.recompute.last,
        marks=made.marks,
        results=Results(store),
        clock=drafted.clock,
    )
    cases = RoundCases(rounds=Rounds(store), reports=Observations(store), units=Units(store), numbers=numbers)
    crashing = Appraise(
        cases=cases, appraisals=Appraisals(store), marks=NoMarks(), audit=work.audit, clock=drafted.clock
    )
    with pytest.raises(Transient):
        await crashing.appraise(A2_MAIL, HIGHER, subject="x", unit=None, named_version=None)
    assert await drafted.settle() == 0
    started = serve(drafted.store, drafted.clock)
    await started.handlers.round.run.due(drafted.clock.now_ms())
    assert (await indexes(started))["a2"][0] == pytest.approx(0.85)


async def test_every_write_has_its_line_in_the_audit_log(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["SELF_SCORING"])
    await work.appraise.explain(A2_MAIL, "counted by hand", by="officer")
    work = await at(drafted, DURING["APPRAISAL"])
    await appraise(work, named=1)
    await work.appraise.confirm_all("TEST", YEAR, "a2", subject="y", of=None)
    work = await at(drafted, DURING["CLARIFICATION"])
    await work.clarify.request(A2_MAIL, "please", [], by="officer")
    await decide(work, "z")
    lines = await work.ask_audit.lines("TEST", about=None, by=None, after_seq=0, limit=100)
    told: Sequence[tuple[str, str]] = [(line.entry["what"], line.entry["by"]) for line in lines]
    assert told == [
        ("round.opened", "keeper"),
        ("round.stepped", "clock"),
        ("criterion.explained", "officer"),
        ("round.stepped", "clock"),
        ("criterion.appraised", "x"),
        ("criterion.confirmed", "y"),
        ("round.stepped", "clock"),
        ("round.stepped", "clock"),
        ("clarification.requested", "officer"),
        ("clarification.decided", "z"),
    ]
    assert (await work.ask_audit.check("TEST", after_seq=0, limit=100)).intact


async def test_lines_lost_in_a_crash_are_made_up_once(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    await appraise(work)
    for collection in ("audit", "audit_heads"):
        for held in [held async for held in scan(drafted.store, collection)]:
            await drafted.store.delete(collection, held["_id"])
    started = serve(drafted.store, drafted.clock).handlers.round
    assert await started.mend.due(drafted.clock.now_ms()) == 2
    lines = await started.ask_audit.lines("TEST", about=None, by=None, after_seq=0, limit=100)
    assert [(line.entry["what"], line.entry["by"], line.entry["made_up"]) for line in lines] == [
        ("round.changed", "clock", True),
        ("criterion.changed", "x", True),
    ]
    again = serve(drafted.store, drafted.clock).handlers.round
    assert await again.mend.due(drafted.clock.now_ms()) == 0


async def test_an_open_correction_takes_appraisals_while_the_sealed_numbers_stand(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["FINAL_REVIEW"])
    sealed = await indexes(drafted)
    for phase in ("SEALED", "PUBLISHED"):
        await work.run.enter("TEST", YEAR, phase, by="e", reason="edition-1")
        await drafted.settle()
        await refused(appraise(work), "sealed", "sealed")
    await work.run.enter("TEST", YEAR, "CORRECTED", by="e", reason="edition-1")
    await appraise(work)
    assert await indexes(drafted) == sealed
    assert [row.value for row in (await work.views.of("TEST", YEAR)).appraised] == [80]


async def test_numbers_at_hand_are_used_and_never_older_than_what_was_written(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    await drafted.settle()
    calls = 0

    async def computing(plan: str, year: int) -> Any:
        nonlocal calls
        calls += 1
        return await drafted.handlers.computing(plan, year)

    made = drafted.handlers
    numbers = Numbers(
        computing=computing,
        last=made.recompute.last,
        marks=made.marks,
        results=Results(drafted.store),
        clock=drafted.clock,
    )
    at_hand = await numbers.current("TEST", YEAR)
    assert at_hand is made.recompute.last[f"evaluation-TEST-{YEAR}"]
    assert calls == 0
    await appraise(work)
    fresh = await numbers.current("TEST", YEAR)
    assert fresh is not None
    assert (calls, len(fresh.sources.appraised)) == (1, 1)
    assert await numbers.recent("TEST", YEAR) is fresh
    drafted.clock.advance(5_001)
    assert await numbers.recent("TEST", YEAR) is not fresh
    assert calls == 2
