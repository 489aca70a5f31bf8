"""A broker and a store of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.nats.connection import Connection, connect
from shared.store.embedded import EmbeddedDocuments
from tests.contract.nats.world import COLLECTIONS
from tests.support.nats_server import NatsServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats").start()
    yield server
    server.stop()


@pytest.fixture
async def connection(server: NatsServer) -> AsyncIterator[Connection]:
    connection = await connect(url=server.url, name="test")
    yield connection
    await connection.aclose()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedDocuments]:
    store = await EmbeddedDocuments.connect(tmp_path / "store.sqlite3", COLLECTIONS)
    yield store
    await store.aclose()
