"""A sealed edition of the evaluation seals the year's reports; its event may come again at any time."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from services.intake.consumer import subscriptions
from services.intake.main import compose
from shared.clock import FixedClock, from_iso, iso
from shared.errors import Permanent
from shared.events.catalog import CATALOG
from shared.events.catalog import compose as compose_event
from shared.events.envelope import Envelope
from shared.nats.connection import connect
from shared.nats.publisher import Publisher
from shared.nats.streams import SCORING
from shared.store.pending import outgoing
from tests.services.intake.running import STARTS, Running, settings
from tests.services.intake.small_plan import monthly
from tests.support.nats_server import NatsServer
from tests.support.sample_events import edition_state, envelope
from tests.support.streams import ensure_streams
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

SEAL = "/v1/plans/SMALL/years/2011/seal"
MARCH = "obligation-SMALL-MONTHLY-U1-2011-M03"
AFTER = "2012-02-01T08:00:00+07:00"


def edition(number: int = 1, *, plan: str = "SMALL", revision: int = 1) -> Envelope:
    state = edition_state(plan, number=number, revision=revision)
    return envelope(state, state.changed_at_ms)


async def feed(intake: Running, event: Envelope) -> None:
    await subscriptions(intake.intake.handlers.editions)["tiendo.edition.>"](event)


@pytest.fixture
async def over(intake: Running) -> Running:
    """The year is over, one report was accepted in it."""
    await intake.post(monthly())
    intake.at(AFTER)
    return intake


async def test_a_sealed_edition_seals_the_reports_with_its_name(over: Running) -> None:
    await feed(over, edition())
    seal = await over.get(SEAL)
    assert (seal["state"], seal["sealed_by"], seal["round"]) == ("sealed", "edition-SMALL-2011-1", 1)
    refused = await over.post(monthly(used=99, period="2011-M05"))
    assert refused.status_code == 423
    assert refused.json()["sealed_by"] == "edition-SMALL-2011-1"


async def test_the_event_again_and_its_publication_change_nothing(over: Running) -> None:
    await feed(over, edition())
    before = await over.written()
    await feed(over, edition())
    await feed(over, edition(revision=2))
    assert await over.written() == before


async def test_an_old_edition_does_not_close_what_was_unsealed_for_a_correction(over: Running) -> None:
    await feed(over, edition())
    opened = await over.call("POST", f"/v1/obligations/{MARCH}/unseal", json={"reason": "07/TTr"})
    assert opened.status_code == 200
    await feed(over, edition())
    assert (await over.post(monthly(calls=9), headers={"If-Match": '"1"'})).status_code in (200, 201)
    await feed(over, edition(2))
    seal = await over.get(SEAL)
    assert (seal["sealed_by"], seal["round"]) == ("edition-SMALL-2011-2", 2)
    assert (await over.post(monthly(calls=8), headers={"If-Match": '"2"'})).status_code == 423
    await feed(over, edition(1, revision=2))
    assert (await over.get(SEAL))["sealed_by"] == "edition-SMALL-2011-2"


async def test_a_year_sealed_by_a_person_takes_the_name_of_the_edition(over: Running) -> None:
    assert (await over.call("POST", SEAL)).status_code == 200
    await feed(over, edition())
    assert (await over.get(SEAL))["sealed_by"] == "edition-SMALL-2011-1"


async def test_a_year_that_is_not_over_or_unknown_is_left_to_a_person(intake: Running) -> None:
    with pytest.raises(Permanent, match="not over"):
        await feed(intake, edition())
    with pytest.raises(Permanent, match="no obligation"):
        await feed(intake, edition(plan="OTHER"))
    with pytest.raises(Permanent, match="does not carry its state"):
        await feed(intake, edition().model_copy(update={"data": {}}))


async def test_the_table_is_the_catalogue(intake: Running) -> None:
    ours = {f"tiendo.{row.name.split('.')[0]}.>" for row in CATALOG if "intake" in row.consumers}
    assert set(subscriptions(intake.intake.handlers.editions)) == ours


async def test_over_a_real_broker_a_sealed_edition_closes_the_year(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats").start()
    clock = FixedClock(from_iso(STARTS))
    service = await compose(settings(tmp_path, nats_url=server.url, schedule_seconds=0.05), clock=clock)
    await ensure_streams(server.url, SCORING)
    await service.start()
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://intake") as http:
            held = Running(service, clock, http)
            await held.publish()
            await held.put_unit("U1")
            await held.post(monthly())
            held.at(AFTER)
            outside = await connect(url=server.url, name="scoring")
            state = edition_state("SMALL")
            await Publisher(outside).publish_in_order([outgoing(compose_event(state, at=iso(state.changed_at_ms)))])
            await outside.aclose()

            async def closed() -> bool:
                answer = await held.call("GET", SEAL)
                return answer.status_code == 200 and answer.json()["state"] == "sealed"

            await until(closed)
            assert (await held.get(SEAL))["sealed_by"] == "edition-SMALL-2011-1"
    finally:
        await service.stop()
        server.stop()
