"""Receipts: every accepted version is a link of its plan's chain, whatever a crash falls between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.intake.main import compose
from shared.canonical import canonical
from shared.store.chain import HashChain
from tests.services.intake.running import NoBroker, Running, running, settings
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

LATER = "2011-04-05T09:00:00+07:00"


async def posted(intake: Running, version: int = 0, **more: Any) -> dict[str, Any]:
    headers = {"If-Match": f'"{version}"'} if version else {}
    answer = await intake.post(monthly(**more), headers=headers)
    assert answer.status_code == 201, answer.text
    held: dict[str, Any] = answer.json()
    return held


async def test_every_version_becomes_a_link_and_can_be_asked_for(intake: Running) -> None:
    first = (await posted(intake))["receipt"]["sha256"]
    before = await intake.get(f"/v1/receipts/{first}")
    assert (before["place"], before["changed_since"]) == (None, False)
    assert (await intake.get("/internal/settled"))["dirty"] == 1
    await intake.intake.schedule.run_once()
    assert (await intake.get("/internal/settled"))["dirty"] == 0
    second = (await posted(intake, 1, calls=4))["receipt"]["sha256"]
    await intake.intake.schedule.run_once()
    told = await intake.get(f"/v1/receipts/{first}")
    assert (told["version"], told["current_version"], told["changed_since"]) == (1, 2, True)
    assert (told["place"]["seq"], (await intake.get(f"/v1/receipts/{second}"))["place"]["seq"]) == (1, 2)
    chain = await intake.get("/v1/receipts/chain/SMALL")
    assert (chain["intact"], chain["links"], chain["checked_to"], chain["next_after_seq"]) == (True, 2, 2, None)
    assert chain["newest"]["previous"] == told["place"]["hash"]
    assert (await intake.call("GET", "/v1/receipts/chain/NONE")).status_code == 404
    assert (await intake.call("GET", f"/v1/receipts/{'0' * 64}")).status_code == 404


async def test_a_link_names_version_hash_and_instant(intake: Running) -> None:
    told = await posted(intake)
    await intake.intake.schedule.run_once()
    link = await HashChain(intake.store, "receipts").head("SMALL")
    assert link is not None
    assert link.entry == {
        "report": told["report_id"],
        "version": 1,
        "sha256": told["receipt"]["sha256"],
        "received_at": told["receipt"]["received_at"],
    }


async def test_the_same_content_after_another_version_has_a_place_of_its_own(intake: Running) -> None:
    sha256 = (await posted(intake))["receipt"]["sha256"]
    await posted(intake, 1, calls=4)
    await posted(intake, 2)
    await intake.intake.schedule.run_once()
    told = await intake.get(f"/v1/receipts/{sha256}")
    assert (told["version"], told["changed_since"], told["place"]["seq"]) == (3, False, 3)


async def test_versions_that_a_crash_left_without_a_link_get_one_in_the_first_pass(tmp_path: Path) -> None:
    async with running(tmp_path) as before:
        await before.publish()
        await before.put_unit("U1")
        await posted(before)
        await posted(before, 1, calls=4)  # the process ends here: nothing was linked
    async with running(tmp_path) as after:
        await after.intake.schedule.run_once()
        chain = await after.get("/v1/receipts/chain/SMALL")
        assert (chain["intact"], chain["links"]) == (True, 2)
        await after.intake.schedule.run_once()
        assert (await after.get("/v1/receipts/chain/SMALL"))["links"] == 2


@pytest.mark.parametrize(
    ("links", "asked"), [("receipts", "/v1/receipts/chain/SMALL"), ("audit", "/v1/audit/verify?chain=SMALL")]
)
async def test_links_that_a_crash_left_in_the_head_are_not_made_up_again(
    tmp_path: Path, links: str, asked: str
) -> None:
    async with running(tmp_path) as before:
        await before.publish()
        await before.put_unit("U1")
        await posted(before)
        before.at(LATER)
        await posted(before, 1, calls=4)
        await before.intake.schedule.run_once()
        heads = (await before.store.find(f"{links}_heads", limit=9)).documents
        [head] = [one for one in heads if one["chain"] == "SMALL"]
        assert head["writing"], "the process ends before these are written"
        for link in head["writing"]:
            assert await before.store.delete(links, link["_id"])
    async with running(tmp_path) as after:
        after.at(LATER)
        await after.intake.schedule.run_once()
        found = await after.get(asked)
        assert (found["intact"], found.get("links", found.get("checked_to"))) == (True, head["seq"])


async def test_another_process_does_not_link_what_is_linked(intake: Running, tmp_path: Path) -> None:
    await posted(intake)
    await intake.intake.schedule.run_once()
    other = await compose(settings(tmp_path), clock=intake.clock, broker=NoBroker())
    await other.schedule.run_once()
    await other.stop()
    assert (await intake.get("/v1/receipts/chain/SMALL"))["links"] == 1


async def test_a_forged_link_is_found_at_its_place(intake: Running) -> None:
    await posted(intake)
    await posted(intake, 1, calls=4)
    await posted(intake, 2, calls=5)
    await intake.intake.schedule.run_once()
    [held] = (await intake.store.find("receipts", {"chain": "SMALL", "seq": 2})).documents
    held["entry"] = {**held["entry"], "sha256": "f" * 64}
    assert await intake.store.replace("receipts", held)
    chain = await intake.get("/v1/receipts/chain/SMALL")
    assert (chain["intact"], chain["broken_seq"], chain["checked_to"]) == (False, 2, 1)


async def test_a_long_chain_is_checked_part_by_part(intake: Running) -> None:
    for version in range(5):
        await posted(intake, version, calls=version)
    await intake.intake.schedule.run_once()
    seen, after = [], 0
    while True:
        part = await intake.get("/v1/receipts/chain/SMALL", params={"after_seq": after, "links_max": 2})
        assert part["intact"]
        seen.append((part["checked_from"], part["checked_to"]))
        if part["next_after_seq"] is None:
            break
        after = part["next_after_seq"]
    assert seen == [(1, 2), (3, 4), (5, 5)]


async def test_a_dry_run_and_a_repeat_are_not_linked(intake: Running) -> None:
    await intake.post(monthly(), params={"dry_run": "true"})
    await posted(intake)
    assert (await intake.post(monthly())).status_code == 200
    await intake.intake.schedule.run_once()
    assert (await intake.get("/v1/receipts/chain/SMALL"))["links"] == 1


def test_canonical_json_of_the_receipt_is_rfc_8785() -> None:
    assert canonical({"b": 1.0, "a": [1e-7, "é"]}) == '{"a":[1e-7,"é"],"b":1}'.encode()
