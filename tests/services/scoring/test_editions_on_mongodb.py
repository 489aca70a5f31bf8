"""An edition's whole life once more on a MongoDB wire protocol: the same rules hold on both stores."""

from __future__ import annotations

import pytest

from services.scoring.repository.collections import COLLECTIONS
from shared.clock import FixedClock
from shared.store.open import open_store
from tests.contract.store.conftest import nx_url
from tests.services.scoring.conftest import serve
from tests.services.scoring.edition_world import amend, correct, phase, propose, publish, seal, to_final_review
from tests.services.scoring.world import END_MS, YEAR

__all__ = ["nx_url"]  # a fixture of the store's own tests, used here

pytestmark = pytest.mark.anyio


async def test_two_editions_of_a_year(nx_url: str) -> None:
    store = await open_store(nx_url, database="scoring", collections=COLLECTIONS)
    service = await to_final_review(serve(store, FixedClock(END_MS)))
    try:
        await propose(service)
        await amend(service, "a4", 9)
        first = await seal(service)
        await publish(service)
        await correct(service)
        await amend(service, "a1", 5, revision=12)
        second = await seal(service, by=("binh", "an"))
        assert second.previous_sha256 == first.sha256
        assert await phase(service) == "SEALED"
        for number in (1, 2):
            proof = await service.handlers.editions.verify.verify("TEST", YEAR, number)
            assert proof["verdict"] == "right", proof
        listed = await service.handlers.editions.ask.page(plan="TEST", limit=10, cursor=None)
        assert [item["number"] for item in listed["items"]] == [1, 2]
    finally:
        await store.aclose()
