"""Sealing by two identities over a real store: one edition, whatever happens at the same time or in between."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from services.scoring.handlers.editions import Sealing
from services.scoring.repository.collections import EDITION_PARTS
from services.scoring.repository.editions import Editions as EditionStore
from shared.clock import FixedClock
from shared.events.catalog import read
from shared.events.edition import EditionState
from shared.events.envelope import Envelope
from shared.refusal import Refusal
from shared.store.documents import Documents, scan
from shared.store.pending import envelope_of
from tests.services.scoring.conftest import Service, open_scoring_store, serve
from tests.services.scoring.edition_world import (
    FINAL_MS,
    amend,
    correct,
    documents,
    events,
    phase,
    propose,
    publish,
    seal,
    to_final_review,
)
from tests.services.scoring.world import DAY_MS, END_MS, YEAR

pytestmark = pytest.mark.anyio


@pytest.fixture
async def final(service: Service) -> Service:
    return await to_final_review(service)


async def refused(awaitable: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await awaitable
    return caught.value


def announced(document: dict[str, Any]) -> list[EditionState]:
    states = [read(Envelope.model_validate(envelope_of(event))) for event in document["pending"]]
    return [state for state in states if isinstance(state, EditionState)]


async def whole(service: Service, number: int = 1) -> dict[str, Any]:
    return await service.handlers.editions.ask.whole("TEST", YEAR, number, limit=500, cursor=None)


async def figures(service: Service) -> dict[str, tuple[Any, ...]]:
    saved = {unit: json.loads(held["body"]) for unit, held in (await service.scores()).items()}
    return {unit: (one["index"], one["rank"], one["band"], one["provisional"]) for unit, one in saved.items()}


async def test_two_identities_seal_what_stands(final: Service) -> None:
    before = await figures(final)
    edition = await seal(final)
    assert await phase(final) == "SEALED"
    assert (edition.agreed.proposed_by, edition.agreed.confirmed_by) == ("an", "binh")
    assert (edition.agreed.number, edition.seq, edition.previous_sha256, edition.status) == (1, 1, "", "SEALED")
    held = await whole(final)
    assert {row["unit"]: (row["index"], row["rank"], row["band"], True) for row in held["items"]} == before
    after = await figures(final)
    assert {unit: (*place[:3], False) for unit, place in before.items()} == after, (
        "sealed numbers are no longer provisional"
    )
    [document] = await documents(final.store)
    [state] = announced(document)
    assert (state.status, state.number, state.sha256, state.units) == ("SEALED", 1, edition.sha256, 5)


async def test_the_proposer_cannot_confirm_and_only_the_proposed_digest_can_be(final: Service) -> None:
    proposal = await propose(final)
    sealing = final.handlers.editions.seal
    assert (await refused(sealing.confirm("TEST", YEAR, digest=proposal.digest, by="an"))).kind == "forbidden"
    assert (await refused(sealing.confirm("TEST", YEAR, digest="0" * 64, by="binh"))).kind == "state"
    assert await documents(final.store) == []
    assert await phase(final) == "FINAL_REVIEW"


async def test_nothing_is_sealed_before_the_final_review(service: Service) -> None:
    await service.feed(events())
    refusal = await refused(propose(service))
    assert (refusal.kind, refusal.members) == (
        "state",
        {"reason": "wrong_phase", "phase": "DRAFT", "needs": ["FINAL_REVIEW", "CORRECTED"]},
    )


async def test_inputs_that_change_make_the_proposal_void_and_it_says_what_changed(final: Service) -> None:
    proposal = await propose(final)
    await amend(final, "a4", 9)
    sealing = final.handlers.editions.seal
    refusal = await refused(sealing.confirm("TEST", YEAR, digest=proposal.digest, by="binh"))
    assert refusal.members["proposal"] == "void"
    [change] = refusal.members["changes"]
    assert (change["unit"], change["change"]) == ("a4", "changed")
    again = await refused(sealing.confirm("TEST", YEAR, digest=proposal.digest, by="binh"))
    assert again.members == refusal.members, "a void proposal stays void"
    assert await documents(final.store) == []
    assert [part async for part in scan(final.store, EDITION_PARTS.name, {"folder": proposal.folder})] == []
    fresh = await propose(final)
    assert fresh.digest != proposal.digest
    done = await sealing.confirm("TEST", YEAR, digest=fresh.digest, by="binh")
    assert done.result == "sealed"


async def test_proposing_the_same_again_finds_the_proposal(final: Service) -> None:
    first = await propose(final)
    assert await propose(final, by="binh") == first, "the second person is told what there is to confirm"
    folders = {part["folder"] async for part in scan(final.store, EDITION_PARTS.name)}
    assert {folder for folder in folders if "provisional" not in folder} == {first.folder}


async def test_a_new_proposal_takes_the_files_of_the_one_before_away(final: Service) -> None:
    first = await propose(final)
    await amend(final, "a4", 9)
    second = await propose(final)
    assert await final.store.count(EDITION_PARTS.name, {"folder": first.folder}) == 0
    assert await final.store.count(EDITION_PARTS.name, {"folder": second.folder}) > 0


@pytest.mark.parametrize("instances", [2, 5])
async def test_several_instances_confirming_at_once_make_one_edition(tmp_path: Path, instances: int) -> None:
    stores = [await open_scoring_store(tmp_path / "scoring.sqlite3") for _ in range(instances)]
    services = [serve(store, FixedClock(END_MS)) for store in stores]
    await to_final_review(services[0])
    proposal = await propose(services[0])
    for number, each in enumerate(services):
        each.clock.set(FINAL_MS + number)
    done: list[Sealing] = await asyncio.gather(
        *(
            each.handlers.editions.seal.confirm("TEST", YEAR, digest=proposal.digest, by=f"person-{number}")
            for number, each in enumerate(services)
        )
    )
    assert sorted(each.result for each in done) == ["sealed", *["unchanged"] * (instances - 1)]
    assert len({(each.edition.sha256, each.edition.agreed.confirmed_by) for each in done}) == 1
    assert len(await documents(stores[0])) == 1
    assert await phase(services[0]) == "SEALED"
    for store in stores:
        await store.aclose()


@pytest.mark.parametrize("instances", [4])
async def test_several_proposals_at_once_leave_one_whole_proposal(tmp_path: Path, instances: int) -> None:
    stores = [await open_scoring_store(tmp_path / "scoring.sqlite3") for _ in range(instances)]
    services = [serve(store, FixedClock(END_MS)) for store in stores]
    await to_final_review(services[0])
    for number, each in enumerate(services):
        each.clock.set(FINAL_MS + number)
    made = await asyncio.gather(*(propose(each, f"person-{number}") for number, each in enumerate(services)))
    assert len({proposal.digest for proposal in made}) == 1
    held = await services[0].handlers.editions.seal.proposal("TEST", YEAR)
    done = await services[0].handlers.editions.seal.confirm("TEST", YEAR, digest=held.digest, by="binh")
    proved = await services[0].handlers.editions.verify.verify("TEST", YEAR, 1)
    assert (done.result, proved["verdict"]) == ("sealed", "right")
    for store in stores:
        await store.aclose()


async def test_after_the_seal_nothing_moves_and_every_step_back_is_refused(final: Service) -> None:
    await seal(final)
    sealed = json.dumps(await whole(final), sort_keys=True)
    scores = await figures(final)
    await amend(final, "a4", 10)
    await final.settle()
    assert await figures(final) == scores
    assert json.dumps(await whole(final), sort_keys=True) == sealed
    assert (await refused(propose(final))).kind == "sealed"
    run = final.handlers.round.run
    step = run.step("TEST", YEAR, "CLARIFICATION", by="clerk", reason="x", closes_at_ms=FINAL_MS + 10**9)
    assert (await refused(step)).kind == "sealed"
    saved = await final.handlers.answer.evaluation("TEST", YEAR, peer_group=None, limit=5, cursor=None)
    assert saved is not None
    assert (saved["phase"], saved["inputs_changed_since_seal"]) == ("SEALED", True)


async def test_confirming_again_is_the_same_edition(final: Service) -> None:
    edition = await seal(final)
    again = await final.handlers.editions.seal.confirm("TEST", YEAR, digest=edition.agreed.digest, by="chau")
    assert (again.result, again.edition.sha256) == ("unchanged", edition.sha256)
    assert again.edition.agreed.confirmed_by == "binh"


async def test_publication_is_announced_once(final: Service) -> None:
    await seal(final)
    edition = await publish(final)
    again = await final.handlers.editions.publish.publish("TEST", YEAR, 1, by="other")
    assert (again.result, again.edition.published_by) == ("unchanged", "chair")
    assert await phase(final) == "PUBLISHED"
    [document] = await documents(final.store)
    states = announced(document)
    assert [(state.revision, state.status) for state in states] == [(1, "SEALED"), (2, "PUBLISHED")]
    assert states[-1].published_by == "chair"
    assert states[-1].sha256 == edition.sha256


async def test_only_a_sealed_edition_is_published_and_only_a_published_one_corrected(final: Service) -> None:
    assert (await refused(publish(final))).kind == "not_found"
    assert (await refused(correct(final))).kind == "not_found"
    await seal(final)
    assert (await refused(correct(final))).kind == "state"


async def test_a_correction_makes_the_next_edition_and_leaves_the_old_one_alone(final: Service) -> None:
    await seal(final)
    first = await publish(final)
    old = json.dumps(await whole(final), sort_keys=True)
    scores = await figures(final)
    await correct(final)
    assert await phase(final) == "CORRECTED"
    await amend(final, "a1", 4)
    await final.settle()
    assert await figures(final) == scores, "the published numbers stand while the correction is prepared"
    second = await seal(final, by=("binh", "an"))
    assert (second.agreed.number, second.seq, second.previous_sha256) == (2, 2, first.sha256)
    assert second.agreed.correction is not None
    assert second.agreed.correction.reason == "Thanh tra 07/TTr"
    assert json.dumps(await whole(final), sort_keys=True) == old
    diff = await final.handlers.editions.ask.diff("TEST", YEAR, 2, limit=50, cursor=None)
    causes = {change["unit"]: change["cause"] for change in diff["items"]}
    # a1 sets the maximum of its peers: the others of A move because of it, b1 does not.
    assert causes == {"a1": "own", "a2": "others", "a3": "others", "a4": "others"}
    assert diff["counts"]["moved"] == sum(change["moved"] for change in diff["items"])
    await publish(final, 2)
    now = await figures(final)
    assert now != scores
    assert {
        row["unit"]: (row["index"], row["rank"], row["band"], False) for row in (await whole(final, 2))["items"]
    } == now
    for number in (1, 2):
        assert (await final.handlers.editions.verify.verify("TEST", YEAR, number))["verdict"] == "right"


async def test_a_first_edition_has_no_diff(final: Service) -> None:
    await seal(final)
    diff = await final.handlers.editions.ask.diff("TEST", YEAR, 1, limit=50, cursor=None)
    assert (diff["before"], diff["items"], diff["counts"]) == (None, [], {})


async def test_what_a_crash_cuts_off_is_finished(tmp_path: Path) -> None:
    """Confirmed, and then the process is gone after each of the writes that follow."""
    for writes in range(7):
        store = await open_scoring_store(tmp_path / f"scoring-{writes}.sqlite3")
        service = await to_final_review(serve(store, FixedClock(END_MS)))
        proposal = await propose(service)
        dying = serve(Dying(store, writes), FixedClock(service.clock.now_ms() + 5))
        with pytest.raises(Gone):
            await confirm_and_publish(dying, proposal.digest)
        work = service.handlers.editions
        await work.seal.due(0)
        await work.follow.due(0)
        done = await work.seal.confirm("TEST", YEAR, digest=proposal.digest, by="binh")
        assert done.edition.agreed.confirmed_by == "binh"
        assert len(await documents(store)) == 1
        assert await phase(service) in ("SEALED", "PUBLISHED")
        assert (await work.verify.verify("TEST", YEAR, 1))["verdict"] == "right"
        assert (await work.publish.publish("TEST", YEAR, 1, by="chair")).edition.status == "PUBLISHED"
        assert await phase(service) == "PUBLISHED"
        await store.aclose()


async def confirm_and_publish(service: Service, digest: str) -> None:
    await service.handlers.editions.seal.confirm("TEST", YEAR, digest=digest, by="binh")
    await service.handlers.editions.publish.publish("TEST", YEAR, 1, by="chair")


class Gone(Exception):
    """The process is no more."""


class Dying:
    """The store of a process that ends before one of its writes to rounds, editions or proposals."""

    def __init__(self, inner: Documents, writes: int) -> None:
        self._inner = inner
        self._left = writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def insert(self, collection: str, document: dict[str, Any]) -> bool:
        self._count(collection)
        return await self._inner.insert(collection, document)

    async def replace(self, collection: str, document: dict[str, Any]) -> bool:
        self._count(collection)
        return await self._inner.replace(collection, document)

    def _count(self, collection: str) -> None:
        if collection in ("editions", "edition_proposals", "rounds", "marks"):
            if self._left == 0:
                raise Gone
            self._left -= 1


@pytest.mark.parametrize("corrected", [False, True])
async def test_scores_are_brought_to_what_is_sealed_even_when_inputs_change_right_after(
    final: Service, corrected: bool
) -> None:
    if corrected:
        await seal(final)
        await publish(final)
        await correct(final)
        await amend(final, "a1", 4)
    proposal = await propose(final)
    final.clock.advance(1000)
    work = final.handlers.editions.seal
    edition = (await work.confirm("TEST", YEAR, digest=proposal.digest, by="binh")).edition
    await amend(final, "a2", 10)
    await final.settle()
    items = (await whole(final, edition.agreed.number))["items"]
    assert {row["unit"]: (row["index"], row["rank"], row["band"], False) for row in items} == await figures(final)


async def test_a_publication_whose_line_a_crash_left_out_is_written_down_later(final: Service) -> None:
    edition = await seal(final)
    final.clock.advance(60_000)
    assert await EditionStore(final.store).publish(edition, by="chair", at_ms=final.clock.now_ms())
    final.clock.advance(DAY_MS)
    assert await final.handlers.round.mend.due(final.clock.now_ms()) >= 1
    lines = await final.handlers.round.ask_audit.lines("TEST", about=edition.id, by=None, after_seq=0, limit=50)
    assert [(line.entry["what"], line.entry["by"]) for line in lines][-1] == ("edition.changed", "chair")
