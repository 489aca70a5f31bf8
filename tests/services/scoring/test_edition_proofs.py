"""An edition proves itself; whatever is changed in the store afterwards is found and named."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.scoring.domain.editions.content import INPUTS, RESULTS
from services.scoring.domain.editions.proposal import confirmed, proposal_of
from services.scoring.repository.collections import EDITION_PARTS, EDITIONS
from services.scoring.repository.editions import Editions
from shared.clock import FixedClock
from shared.store.documents import Document, scan
from tests.services.scoring.conftest import Service, open_scoring_store, serve
from tests.services.scoring.domain.editions.worlds import content, some_units
from tests.services.scoring.edition_world import amend, correct, publish, seal, to_final_review
from tests.services.scoring.world import YEAR

pytestmark = pytest.mark.anyio

Change = Callable[[Document], Document]


@pytest.fixture
async def sealed(service: Service) -> Service:
    await to_final_review(service)
    await seal(service)
    return service


async def proved(service: Service, number: int = 1) -> dict[str, Any]:
    return await service.handlers.editions.verify.verify("TEST", YEAR, number)


def outcomes(proof: dict[str, Any]) -> dict[str, str]:
    return {check["what"]: check["outcome"] for check in proof["checks"]}


def said(proof: dict[str, Any], what: str) -> str:
    [check] = [check for check in proof["checks"] if check["what"] == what]
    return " ".join([check["says"], *check["faults"]])


async def part_of(service: Service, kind: str) -> Document:
    folders = {held["_id"]: held async for held in scan(service.store, EDITION_PARTS.name)}
    return next(held for id, held in sorted(folders.items()) if held["kind"] == kind and "provisional" not in id)


async def tamper(service: Service, collection: str, id: str, change: Change) -> None:
    held = await service.store.get(collection, id)
    assert held is not None
    assert await service.store.replace(collection, change(held))


async def test_everything_is_checked_and_said(sealed: Service) -> None:
    proof = await proved(sealed)
    assert proof["verdict"] == "right"
    assert outcomes(proof) == dict.fromkeys(
        ("files", "digest", "identities", "chain", "recomputed", "history"), "right"
    )
    assert "byte for byte" in said(proof, "recomputed")


@pytest.mark.parametrize(
    "kind", ["results", "inputs", "plan", "reference", "summary", "layout", "places", "statistics"]
)
async def test_one_flipped_byte_in_any_file_is_found_and_named(sealed: Service, kind: str) -> None:
    part = await part_of(sealed, kind)
    at = len(part["text"]) // 2
    flipped = "".join((part["text"][:at], chr(ord(part["text"][at]) ^ 1), part["text"][at + 1 :]))
    await tamper(sealed, EDITION_PARTS.name, part["_id"], lambda held: {**held, "text": flipped})
    proof = await proved(sealed)
    assert proof["verdict"] == "wrong"
    assert f"{kind}, part 0" in said(proof, "files")
    assert outcomes(proof)["recomputed"] == "not_checked"


async def test_a_deleted_part_is_found(sealed: Service) -> None:
    await sealed.store.delete(EDITION_PARTS.name, (await part_of(sealed, RESULTS))["_id"])
    assert "results, part 0: missing" in said(await proved(sealed), "files")


async def test_results_forged_with_their_hashes_do_not_come_out_again(sealed: Service) -> None:
    """Who rewrites a result, its hashes, the digest and the chain still cannot make the inputs give it."""
    part = await part_of(sealed, RESULTS)
    text = part["text"].replace('"rank":2', '"rank":1')
    assert text != part["text"]
    await tamper(sealed, EDITION_PARTS.name, part["_id"], lambda held: {**held, "text": text})

    def forge(held: Document) -> Document:
        files = [_refiled(file, text) if file["kind"] == RESULTS else file for file in held["entry"]["files"]]
        return {**held, "entry": {**held["entry"], "files": files}}

    await tamper(sealed, EDITIONS.name, f"edition-TEST-{YEAR}-1", forge)
    proof = await proved(sealed)
    found = outcomes(proof)
    assert (found["files"], found["digest"], found["chain"], found["recomputed"]) == (
        "right",
        "wrong",
        "wrong",
        "wrong",
    )
    assert "unit a2" in said(proof, "recomputed")


def _refiled(file: dict[str, Any], text: str) -> dict[str, Any]:
    sha = hashlib.sha256(text.encode()).hexdigest()
    return {**file, "sha256": sha, "parts": [{**file["parts"][0], "sha256": sha}]}


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("confirmed_by", "chau"),
        ("sealed_at_ms", 5),
        ("code_version", "x"),
        ("ranked", 4),
        ("digest", "0" * 64),
    ],
)
async def test_a_changed_record_breaks_the_chain_and_says_which_link(sealed: Service, what: str, change: Any) -> None:
    id = f"edition-TEST-{YEAR}-1"
    await tamper(sealed, EDITIONS.name, id, lambda held: {**held, "entry": {**held["entry"], what: change}})
    proof = await proved(sealed)
    assert proof["verdict"] == "wrong"
    assert "link 1 of the chain of TEST (this edition is link 1): its content does not give its hash" in said(
        proof, "chain"
    )


async def test_an_edition_put_in_the_place_of_another_is_found(sealed: Service) -> None:
    await tamper(sealed, EDITIONS.name, f"edition-TEST-{YEAR}-1", lambda held: {**held, "year": 1999})
    assert outcomes(await proved(sealed))["chain"] == "wrong"


async def test_a_change_of_the_first_edition_shows_in_the_second_too(sealed: Service) -> None:
    await publish(sealed)
    await correct(sealed)
    await amend(sealed, "a1", 5)
    await seal(sealed)
    assert (await proved(sealed, 2))["verdict"] == "right"
    id = f"edition-TEST-{YEAR}-1"
    await tamper(sealed, EDITIONS.name, id, lambda held: {**held, "entry": {**held["entry"], "proposed_by": "x"}})
    assert "link 1 of the chain of TEST (this edition is link 2)" in said(await proved(sealed, 2), "chain")


async def test_years_that_are_sealed_at_once_stand_in_one_chain_one_after_the_other(tmp_path: Path) -> None:
    stores = [await open_scoring_store(tmp_path / "chain.sqlite3") for _ in range(3)]
    made = content(some_units(2))
    agreed = []
    for year in range(2001, 2010):
        proposal = proposal_of(made, number=1, attempt=1, by="an", now_ms=1, correction=None, rev=0)
        settled = confirmed(replace(proposal, facts=replace(proposal.facts, year=year)), by="binh", now_ms=2)
        agreed.append(settled.agreed())
    editions = await asyncio.gather(*(Editions(stores[at % 3]).seal(each) for at, each in enumerate(agreed)))
    assert sorted(edition.seq for edition in editions) == list(range(1, 10))
    assert (await Editions(stores[0]).verify("TEST", anchor=editions[0].sha256)).links == 9
    in_order = sorted(editions, key=lambda edition: edition.seq)
    assert [edition.previous_sha256 for edition in in_order] == ["", *(edition.sha256 for edition in in_order[:-1])]
    for store in stores:
        await store.aclose()


async def test_one_identity_twice_is_wrong_whatever_the_record_says(sealed: Service) -> None:
    id = f"edition-TEST-{YEAR}-1"
    await tamper(sealed, EDITIONS.name, id, lambda held: {**held, "entry": {**held["entry"], "confirmed_by": "an"}})
    assert outcomes(await proved(sealed))["identities"] == "wrong"


async def test_an_edition_proves_itself_where_the_rest_of_the_store_is_gone(sealed: Service, tmp_path: Path) -> None:
    other = await open_scoring_store(tmp_path / "other.sqlite3")
    for collection in (EDITIONS.name, EDITION_PARTS.name):
        async for held in scan(sealed.store, collection):
            await other.insert(collection, {name: part for name, part in held.items() if name != "rev"})
    proof = await proved(serve(other, FixedClock(sealed.clock.now_ms())))
    assert proof["verdict"] == "right"
    assert outcomes(proof)["recomputed"] == "right"
    assert outcomes(proof)["history"] == "not_checked"
    assert await Editions(other).of("TEST", YEAR) is not None
    await other.aclose()


async def test_what_arrives_late_about_the_time_before_the_seal_is_said_and_changes_nothing(sealed: Service) -> None:
    items = await sealed.handlers.editions.ask.whole("TEST", YEAR, 1, limit=50, cursor=None)
    sealed.clock.advance(-60_000)
    await amend(sealed, "a3", 9)
    sealed.clock.advance(120_000)
    await sealed.settle()
    proof = await proved(sealed)
    assert (proof["verdict"], outcomes(proof)["history"]) == ("right", "moved_on")
    assert await sealed.handlers.editions.ask.whole("TEST", YEAR, 1, limit=50, cursor=None) == items


async def test_a_stranger_can_follow_the_proof_with_ordinary_tools(sealed: Service) -> None:
    ask = sealed.handlers.editions.ask
    entry = await ask.entry("TEST", YEAR, 1)
    edition = await ask.edition("TEST", YEAR, 1)
    assert hashlib.sha256(entry).hexdigest() == edition.sha256
    held = json.loads(entry)["entry"]
    for file in held["files"]:
        _, chunks = await ask.file("TEST", YEAR, 1, file["kind"])
        assert hashlib.sha256(b"".join([chunk async for chunk in chunks])).hexdigest() == file["sha256"]
    assert {file["kind"] for file in held["files"]} >= {INPUTS, RESULTS}
