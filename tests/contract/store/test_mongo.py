"""What only the MongoDB store must prove: errors at the boundary and the address."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from shared.errors import Permanent, Transient
from shared.store.mongo import MongoDocuments
from shared.store.open import open_store
from tests.contract.store.collections_used import COLLECTIONS, thing

pytestmark = pytest.mark.anyio


async def test_an_address_opens_the_store(nx_url: str) -> None:
    store = await open_store(nx_url, database="test_address", collections=COLLECTIONS)
    assert await store.insert("things", thing(1))
    await store.aclose()


async def test_a_server_that_is_away_is_transient() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        url = f"mongodb://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Transient, match="no answer"):
            await MongoDocuments.connect(url, "x", COLLECTIONS, call_seconds_max=0.3)


@pytest.mark.parametrize("url", ["mongodb://", "mongodb://localhost:port", "mongodb://a:b:c@localhost"])
async def test_an_unreadable_address_is_permanent(url: str) -> None:
    with pytest.raises(Permanent):
        await MongoDocuments.connect(url, "x", COLLECTIONS)
