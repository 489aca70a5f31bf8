"""`settled` is exact: never yes while something is under way, and yes when all is done."""

from __future__ import annotations

import asyncio

import pytest

from shared.errors import Transient
from shared.events.envelope import Envelope
from shared.store.embedded import EmbeddedDocuments
from tests.contract.nats.world import REPORTS, Seen, broker, document, until_answer
from tests.support.nats_server import NatsServer
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_message_in_a_handler_is_under_way(server: NatsServer, store: EmbeddedDocuments) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(envelope: Envelope) -> None:
        begun.set()
        await go_on.wait()

    service = broker(server.url, store, {"tiendo.report.>": handler})
    await service.start()
    await until(lambda: service.ready() == [])
    assert (await service.settled()).is_settled
    await store.insert(REPORTS.name, document(1))
    await begun.wait()
    assert (await service.settled()).unprocessed > 0
    go_on.set()
    await until_answer(lambda: _is_settled(service))
    await service.stop()


async def test_a_message_that_waits_for_its_retry_is_under_way(server: NatsServer, store: EmbeddedDocuments) -> None:
    def fail(envelope: Envelope, attempt: int) -> None:
        if attempt < 4:
            raise Transient("later")

    seen = Seen(fail=fail)
    service = broker(server.url, store, {"tiendo.report.>": seen})
    await service.start()
    await store.insert(REPORTS.name, document(1))
    answers = 0
    while len(seen.ids) < 4:
        before = len(seen.ids)
        answer = await service.settled()
        if len(seen.ids) < 4:
            assert not answer.is_settled, f"settled after {before} of 4 attempts"
        answers += 1
    assert answers > 1
    await until_answer(lambda: _is_settled(service))
    await service.stop()


async def test_never_settled_before_a_chain_of_events_has_ended(server: NatsServer, store: EmbeddedDocuments) -> None:
    """Each handled report writes the next one: a chain through outbox, broker and handler of 30 links."""
    done: list[int] = []

    async def handler(envelope: Envelope) -> None:
        number = envelope.data["number"]
        if number < 30:
            await store.insert(REPORTS.name, document(number + 1))
        done.append(number)

    service = broker(server.url, store, {"tiendo.report.>": handler})
    await service.start()
    await until(lambda: service.ready() == [])
    await store.insert(REPORTS.name, document(1))
    asked = 0
    while not (await service.settled()).is_settled:
        asked += 1
    assert done[-1] == 30
    assert asked > 1
    await service.stop()


async def _is_settled(service: object) -> bool:
    return bool((await service.settled()).is_settled)  # type: ignore[attr-defined]
