from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from shared.store.pending import envelope_of
from tests.services.intake.running import Running, running, token
from tests.services.intake.small_plan import document

pytestmark = pytest.mark.anyio

PATH = "/v1/plans/SMALL/versions/1"
YAML = {"content-type": "application/yaml"}


async def test_a_version_is_published_once_and_never_changes(empty: Running) -> None:
    text = yaml.safe_dump(json.loads(json.dumps(document())), allow_unicode=True)  # no shared parts, so no anchors
    first = await empty.call("PUT", PATH, content=text, headers=YAML)
    assert first.status_code == 201, first.text
    assert (await empty.call("PUT", PATH, json=document())).status_code == 200
    other = await empty.call("PUT", PATH, json=document(source="elsewhere"))
    assert (other.status_code, other.json()["sha256"]) == (409, first.json()["sha256"])
    held = await empty.get(PATH)
    assert held["document"]["code"] == "SMALL"
    assert [(p["plan"], p["version"]) for p in (await empty.get("/v1/plans"))["items"]] == [("SMALL", "1")]
    stored = await empty.store.get("plans", "plan-SMALL-1")
    assert [envelope_of(event)["type"] for event in stored["pending"]] == ["plan.published.v1"]


async def test_all_faults_are_told_with_their_places(empty: Running) -> None:
    bad = document(peer_groups=[], forms=[{"code": "X"}])
    answer = await empty.call("PUT", PATH, json=bad)
    assert answer.status_code == 422
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert "/peer_groups" in pointers
    assert any(pointer.startswith("/forms/0") for pointer in pointers)
    assert await empty.store.count("plans") == 0


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/yaml", 400),
        (b"a: [", "application/yaml", 422),
        (b"x", "text/plain", 415),
        (b"[" * 100_000, "application/json", 400),
    ],
)
async def test_what_cannot_be_read_is_told_apart(
    empty: Running, content: bytes, content_type: str, status: int
) -> None:
    answer = await empty.call("PUT", PATH, content=content, headers={"content-type": content_type})
    assert answer.status_code == status


async def test_the_address_must_name_the_document(empty: Running) -> None:
    answer = await empty.call("PUT", "/v1/plans/SMALL/versions/2", json=document())
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/version")


async def test_a_dry_run_validates_and_writes_nothing(empty: Running) -> None:
    fine = await empty.call("PUT", PATH, params={"dry_run": "true"}, json=document())
    assert (fine.status_code, fine.json()["result"]) == (200, "valid")
    wrong = await empty.call("PUT", PATH, params={"dry_run": "true"}, json=document(peer_groups=[]))
    assert wrong.status_code == 422
    assert await empty.store.count("plans") == 0


async def test_publishing_needs_the_scope_and_an_unknown_version_is_not_found(empty: Running) -> None:
    operator = token("o", roles=["operator"])
    assert (await empty.call("PUT", PATH, json=document(), bearer=operator)).status_code == 403
    assert (await empty.http.get(PATH)).status_code == 401
    assert (await empty.call("GET", PATH)).status_code == 404


async def test_a_later_version_takes_over_what_has_not_ended(intake: Running) -> None:
    effective = {"first": "2011-07-01", "last": "2012-12-31"}
    assert (await intake.publish(version="2", effective=effective)).status_code == 201
    june = await intake.entry(period="2011-M06")
    july = await intake.entry(period="2011-M07")
    assert (june["plan_version"], july["plan_version"], july["cause"]) == ("1", "2", "recalculated")


async def test_publication_that_a_crash_cut_short_is_completed_by_schedule_and_by_repeating(tmp_path: Path) -> None:
    async with running(tmp_path) as intake:
        for unit in ("U1", "U2"):
            await intake.put_unit(unit)
        await intake.publish()
        everything = await intake.store.count("obligations")
        await intake.store.delete("obligations", "obligation-SMALL-MONTHLY-U2-2011-M03")
        await intake.store.delete("materialised", "materialised-SMALL-U2")
    async with running(tmp_path) as again:
        assert await again.intake.schedule.run_once() == 1
        assert again.intake.schedule.faults == {}
        assert await again.store.count("obligations") == everything
        await again.store.delete("obligations", "obligation-SMALL-MONTHLY-U2-2011-M04")
        await again.store.delete("materialised", "materialised-SMALL-U2")
        assert (await again.publish()).json()["obligations_written"] == 1


async def test_a_marker_that_another_instance_wrote_meanwhile_is_taken_away(intake: Running) -> None:
    from services.intake.domain.markers import Marker
    from services.intake.repository.markers import Markers

    markers = Markers(intake.store)
    held = await markers.get("SMALL", "U1")
    assert held is not None
    stale = Marker("SMALL", "U1", "other", 0, held.rev)
    assert await markers.put(stale)
    assert not await markers.put(stale)
    await markers.forget("SMALL", "U1")
    spoiled = await markers.get("SMALL", "U1")
    assert spoiled is not None
    assert spoiled.inputs == "", "it matches nothing, but still says how far the obligations were complete"
    assert (await intake.publish()).json()["obligations_written"] == 0
    again = await markers.get("SMALL", "U1")
    assert again is not None
    assert again.inputs == held.inputs


async def test_keys_that_no_event_can_carry_are_refused_with_their_place(empty: Running) -> None:
    bad = document()
    bad["regimes"][0]["deadlines"]["unit-to-office"] = {}
    answer = await empty.call("PUT", PATH, json=bad)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/regimes/0/deadlines/unit-to-office"


async def test_a_units_own_targets_are_published_although_its_code_has_a_hyphen(empty: Running) -> None:
    own = document()
    own["groups"][0]["indicators"][2]["target_overrides"] = [{"unit": "U-1", "targets": {"2011": 5}}]
    answer = await empty.call("PUT", PATH, json=own)
    assert answer.status_code == 201, answer.text
