"""Appraising over the real store: appraised values move scores, many at once leave one chain of versions."""

from __future__ import annotations

import asyncio
import json

import pytest

from services.scoring.domain.round.appraising import Criterion, Finding
from services.scoring.domain.round.opening import Rules
from services.scoring.handlers.clarify import Verdict
from services.scoring.repository.collections import APPRAISALS
from shared.events.report import Evidence
from shared.events.round import AppraisalState
from shared.refusal import Refusal
from shared.store.documents import scan
from shared.store.pending import envelope_of
from tests.services.scoring.conftest import Service, serve
from tests.services.scoring.round_steps import (
    A2_MAIL,
    appraise,
    at,
    envelope_of_unit,
    indexes,
    opened,
    refused,
)
from tests.services.scoring.rounds import APPRAISAL, DURING
from tests.services.scoring.world import YEAR, envelope, mail, report, sites, unit_event

pytestmark = pytest.mark.anyio


async def test_an_appraised_value_moves_score_and_rank_and_is_explained(drafted: Service) -> None:
    before = await indexes(drafted)
    assert before["a2"] == (pytest.approx(0.6), 2)
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    await appraise(work)
    after = await indexes(drafted)
    assert after["a2"] == (pytest.approx(0.85), 2)
    assert after["a3"] == (pytest.approx(0.6), 3), "a3 moved only because another did"
    assert {unit: after[unit] for unit in ("a1", "b1")} == {unit: before[unit] for unit in ("a1", "b1")}
    told = await work.desk.unit("TEST", YEAR, "a2", as_the_unit=False)
    assert told["index"] == {"self": 0.6, "appraised": pytest.approx(1.0), "final": pytest.approx(0.85)}
    [row] = [one for one in told["criteria"] if one["indicator"] == "MAIL"]
    assert {name: layer["points"] for name, layer in row["layers"].items()} == {
        "self": 25,
        "appraised": 50,
        "final": 50,
    }
    assert {name: layer["value"] for name, layer in row["layers"].items()} == {"self": 40, "appraised": 80, "final": 80}
    assert (row["status"], row["reason"], row["appraiser"]) == ("APPRAISED", "seen on the spot", "x")
    others = [one for one in told["criteria"] if one["indicator"] != "MAIL"]
    assert all(one["layers"]["appraised"] is None for one in others)
    assert sum(one["layers"]["final"]["points"] for one in told["criteria"]) == pytest.approx(85)


async def test_not_applicable_and_rejected_are_two_things(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    await appraise(work, Finding("not_applicable", reason="no mail there"))
    assert (await indexes(drafted))["a2"][0] == pytest.approx(35 / 50)
    await appraise(work, Finding("rejected", reason="not proven"), named=1)
    assert (await indexes(drafted))["a2"][0] == pytest.approx(0.35)


async def test_a_confirmed_value_follows_the_report(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    await appraise(work, Finding("confirmed"))
    await drafted.feed([envelope(report("a2", 3, mail(8, 10), sites(16), revision=2))])
    assert (await indexes(drafted))["a2"][0] > 0.6


async def test_sixteen_appraisers_at_once_leave_one_chain_of_versions(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    other = serve(drafted.store, drafted.clock).handlers.round

    async def one(number: int) -> int:
        finding = Finding("value", float(number), reason="r")
        await appraise(work if number % 2 else other, finding, by=f"x{number}")
        return 1

    written = await asyncio.gather(*(one(number) for number in range(16)), return_exceptions=True)
    lost = [outcome for outcome in written if isinstance(outcome, Refusal)]
    assert (written.count(1), len(lost)) == (1, 15)
    assert all(refusal.kind == "version_moved" and refusal.members["current_version"] == 1 for refusal in lost)
    [held] = [held async for held in scan(drafted.store, APPRAISALS.name)]
    state = AppraisalState.model_validate_json(held["body"])
    assert (state.revision, len(state.opinions)) == (1, 1)
    assert [envelope_of(event)["revision"] for event in held["pending"]] == [1]


async def test_many_who_try_again_leave_every_opinion_in_order(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    other = serve(drafted.store, drafted.clock).handlers.round

    async def insist(number: int) -> None:
        named = None
        while True:
            try:
                await appraise(
                    work if number % 2 else other,
                    Finding("value", float(number), reason="r"),
                    by=f"x{number}",
                    named=named,
                )
                return
            except Refusal as refusal:
                if refusal.kind != "version_moved":
                    raise
                named = refusal.members["current_version"]

    await asyncio.gather(*(insist(number) for number in range(16)))
    [held] = [held async for held in scan(drafted.store, APPRAISALS.name)]
    state = AppraisalState.model_validate_json(held["body"])
    assert [one.revision for one in state.opinions] == list(range(1, 17))
    assert {one.by for one in state.opinions} == {f"x{number}" for number in range(16)}


async def test_one_call_confirms_what_waits_and_says_why_not(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    await appraise(work)
    place = Criterion("TEST", YEAR, "a2", "SITES")
    done = await work.appraise.confirm_all("TEST", YEAR, "a2", subject="x", of=None)
    assert [state.indicator for state in done.appraisals] == ["SITES"]
    assert done.left == {"MAIL": "appraised", "ON-TIME": "computed_by_machine"}
    again = await work.appraise.confirm_all("TEST", YEAR, "a2", subject="x", of=None)
    assert (again.appraisals, again.left["SITES"]) == ([], "appraised")
    told = await work.desk.unit("TEST", YEAR, "a2", as_the_unit=False)
    assert [one["outcome"] for one in told["criteria"] if one["indicator"] == place.indicator] == ["confirmed"]


async def test_two_appraisals_and_a_referee(drafted: Service) -> None:
    await opened(drafted, Rules(2, 0.1))
    work = await at(drafted, DURING["APPRAISAL"])
    await appraise(work, by="x")
    assert (await indexes(drafted))["a2"][0] == pytest.approx(0.6), "one of two does not count yet"
    state = await appraise(work, Finding("value", 20.0, reason="half of it"), by="y", named=1)
    assert state.disputed
    await at(drafted, APPRAISAL.closes_at_ms)
    assert (await work.run.get("TEST", YEAR)).phase == "APPRAISAL", "held up until the third identity decides"
    left = await work.run.standing("TEST", YEAR)
    assert left.disputed == 1
    await appraise(work, Finding("value", 60.0, reason="as the ledger says"), by="z", named=2)
    await at(drafted, APPRAISAL.closes_at_ms)
    assert (await work.run.get("TEST", YEAR)).phase == "PROVISIONAL"
    assert (await indexes(drafted))["a2"][0] == pytest.approx((37.5 + 15 + 20) / 100)


async def test_nobody_appraises_their_own_unit_or_report(drafted: Service) -> None:
    await opened(drafted)
    await drafted.feed(
        [
            unit_event("ministry"),
            envelope_of_unit("a2", parent="ministry"),
            envelope_of_unit("division", parent="a2"),
        ]
    )
    work = await at(drafted, DURING["APPRAISAL"])
    for unit in ("a2", "division"):
        await refused(appraise(work, unit=unit), "own_unit", "forbidden")
        call = work.appraise.confirm_all("TEST", YEAR, "a2", subject="x", of=unit)
        await refused(call, "own_unit", "forbidden")
    await refused(appraise(work, by="test"), "own_report", "forbidden")
    await appraise(work, unit="ministry")


async def test_what_a_machine_computes_is_only_contested(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    on_time = Criterion("TEST", YEAR, "a2", "ON-TIME")
    await refused(appraise(work, place=on_time), "computed_by_machine")
    work = await at(drafted, DURING["CLARIFICATION"])
    await work.clarify.request(on_time, "one was late by our clock only", [], by="officer")
    verdict = Verdict(True, "the log says so", Finding("value", 50.0))
    await work.clarify.decide(on_time, verdict, subject="z", unit=None)
    assert (await indexes(drafted))["a2"][0] == pytest.approx(0.5)


async def test_appraisals_are_taken_in_their_window_only(drafted: Service) -> None:
    await refused(appraise(drafted.handlers.round), "no_round")
    work = await opened(drafted)
    await refused(appraise(work), "wrong_phase")
    work = await at(drafted, DURING["APPRAISAL"])
    drafted.clock.set(APPRAISAL.closes_at_ms)
    await refused(appraise(work), "window_closed")
    work = await at(drafted, DURING["FINAL_REVIEW"])
    await work.run.enter("TEST", YEAR, "SEALED", by="e", reason="edition-1")
    await refused(appraise(work), "sealed", "sealed")
    await refused(work.appraise.explain(A2_MAIL, "t", by="officer"), "sealed", "sealed")


async def test_a_unit_explains_its_value_and_the_appraisal_names_that_version(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["SELF_SCORING"])
    assert (await work.appraise.explain(A2_MAIL, "counted by hand", by="officer")).revision == 1
    assert (await work.appraise.explain(A2_MAIL, "counted by hand", by="officer")).revision == 1
    work = await at(drafted, DURING["APPRAISAL"])
    await refused(appraise(work, by="officer", named=1), "own_report", "forbidden")
    with pytest.raises(Refusal, match="Version 1 stands"):
        await appraise(work)
    assert (await appraise(work, named=1)).revision == 2
    assert (await appraise(work, named=1)).revision == 2, "the same once more is no change"


async def test_evidence_and_support_show_on_the_desk(drafted: Service) -> None:
    proof = Evidence(kind="url", reference="https://example.vn/1")
    with_proof = mail(4, 10).model_copy(update={"evidence": proof})
    await drafted.feed([envelope(report("a2", 3, with_proof, sites(16), revision=2))])
    work = await opened(drafted)
    told = await work.desk.unit("TEST", YEAR, "a2", as_the_unit=False)
    rows = {one["indicator"]: one for one in told["criteria"]}
    assert rows["MAIL"]["evidence"] == [{"report": "report-a2-3", "version": 2, **proof.model_dump()}]
    assert [rows[code]["unsupported"] for code in ("MAIL", "SITES", "ON-TIME")] == [False, True, False]
    assert [rows[code]["status"] for code in ("MAIL", "SITES", "ON-TIME")] == [
        "SELF_SCORED",
        "SELF_SCORED",
        "APPRAISED",
    ]


async def test_the_unit_sees_what_was_appraised_once_it_is_shared(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    await appraise(work)
    await drafted.settle()
    hidden = await work.desk.unit("TEST", YEAR, "a2", as_the_unit=True)
    assert (list(hidden["index"]), hidden["index"]["self"]) == (["self"], 0.6)
    assert "80" not in json.dumps([one["layers"] for one in hidden["criteria"]])
    assert all(one["appraiser"] is None and one["opinions"] == [] for one in hidden["criteria"])
    work = await at(drafted, DURING["PROVISIONAL"])
    shown = await work.desk.unit("TEST", YEAR, "a2", as_the_unit=True)
    assert shown["index"]["final"] == pytest.approx(0.85)


async def test_criteria_are_counted_by_status(drafted: Service) -> None:
    await opened(drafted)
    work = await at(drafted, DURING["APPRAISAL"])
    nothing_yet = {"OPEN": 0, "SELF_SCORED": 10, "APPRAISED": 5, "CONTESTED": 0, "DECIDED": 0}
    assert await work.desk.counts("TEST", YEAR) == nothing_yet
    for unit in ("a1", "a2", "a3", "a4", "b1"):
        await work.appraise.confirm_all("TEST", YEAR, unit, subject="x", of=None)
    assert (await work.desk.counts("TEST", YEAR))["APPRAISED"] == 15
    ended = await work.run.step("TEST", YEAR, "PROVISIONAL", by="keeper", reason="all done")
    assert (ended.phase, ended.steps[-1].by) == ("PROVISIONAL", "keeper")
    work = await at(drafted, DURING["CLARIFICATION"])
    await work.clarify.request(A2_MAIL, "please", [], by="officer")
    counts = await work.desk.counts("TEST", YEAR)
    assert (counts["APPRAISED"], counts["CONTESTED"]) == (14, 1)
