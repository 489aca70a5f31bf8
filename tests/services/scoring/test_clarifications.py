"""Previews, requests for clarification and decisions over the real store."""

from __future__ import annotations

import asyncio

import pytest

from services.scoring.domain.round.appraising import Criterion
from services.scoring.repository.collections import APPRAISALS, CLARIFICATIONS
from shared.events.round import DatedEvidence
from shared.refusal import Refusal
from shared.store.documents import scan
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
    seal,
)
from tests.services.scoring.rounds import CLARIFICATION, DURING
from tests.services.scoring.world import YEAR

pytestmark = pytest.mark.anyio


async def test_a_preview_shows_who_would_move_and_touches_no_record(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    before = await drafted.documents()
    moves = await work.desk.preview(A2_MAIL, HIGHER)
    assert [(move["unit"], move["before"]["rank"], move["after"]["rank"]) for move in moves.items] == [
        ("a2", 2, 2),
        ("a3", 2, 3),
    ]
    assert moves.items[0]["after"]["index"] == pytest.approx(0.85)
    assert (moves.items[0]["before"]["band"], moves.items[0]["after"]["band"]) == ("FAIR", "GOOD")
    assert await drafted.documents() == before
    assert await drafted.handlers.marks.unfinished() <= 1
    assert [held async for held in scan(drafted.store, APPRAISALS.name)] == []
    await appraise(work)
    real = await indexes(drafted)
    assert {move["unit"]: (move["after"]["index"], move["after"]["rank"]) for move in moves.items} == {
        unit: real[unit] for unit in ("a2", "a3")
    }


async def test_a_clarification_from_request_to_changed_rank(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["CLARIFICATION"])
    proof = DatedEvidence(kind="document_number", reference="21/BB", dated="2011-12-20")
    asked, is_new = await work.clarify.request(A2_MAIL, "six more", [proof], by="officer")
    assert (asked.status, is_new) == ("OPEN", True)
    assert not (await work.clarify.request(A2_MAIL, "six more", [proof], by="officer"))[1]
    await refused(work.clarify.request(A2_MAIL, "another", [], by="officer"), "one_request")
    await refused(decide(work, "officer"), "own_report", "forbidden")
    drafted.clock.set(CLARIFICATION.closes_at_ms)
    late = Criterion("TEST", YEAR, "a2", "SITES")
    await refused(work.clarify.request(late, "late", [], by="officer"), "window_closed")
    work = await at(drafted, DURING["FINAL_REVIEW"])
    await refused(work.run.step("TEST", YEAR, "SEALED", by="k", reason="r"), "by_edition")
    await refused(seal(work), "requests_open")
    done = await decide(work, "z")
    assert (done.status, (await indexes(drafted))["a2"]) == ("ACCEPTED", (pytest.approx(0.85), 2))
    assert await decide(work, "z") == done, "the same once more is no change"
    await refused(decide(work, "w"), "already_decided")
    await seal(work)
    await seal(work)
    assert (await work.views.of("TEST", YEAR)).closed
    found = await evaluation(drafted)
    assert (found["phase"], found["provisional"]) == ("SEALED", False)


async def test_two_requests_at_once_are_one(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["CLARIFICATION"])
    other = serve(drafted.store, drafted.clock).handlers.round
    calls = [each.clarify.request(A2_MAIL, text, [], by="o") for each, text in ((work, "one"), (other, "two"))]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Refusal) for outcome in outcomes) == 1
    assert len([held async for held in scan(drafted.store, CLARIFICATIONS.name)]) == 1
