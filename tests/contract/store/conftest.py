"""Stores of both implementations: SQLite files, and a wire-protocol server on a free port (a real one when named)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from shared.store.documents import Collection, Documents
from shared.store.embedded import EmbeddedDocuments
from shared.store.mongo import MongoDocuments
from tests.contract.store.collections_used import COLLECTIONS

REAL_URL = os.environ.get("TIENDO_TEST_MONGODB_URL", "")

OpenStore = Callable[..., Awaitable[Documents]]


@pytest.fixture(scope="session")
def nx_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the MongoDB test double, with its own data, pid and log."""
    folder = tmp_path_factory.mktemp("nx")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("nx-27017")), "--data-dir", str(folder / "data"), "-p", str(port)]
    command += ["--log-file", str(folder / "log"), "--pid-file", str(folder / "pid")]
    with (folder / "output").open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
    try:
        _await_port(server, port)
        yield f"mongodb://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _await_port(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert server.poll() is None, "the test double ended at once"
            assert time.monotonic() < deadline, "the test double does not listen"
            time.sleep(0.02)


@pytest.fixture(params=["embedded", "nx", *(["mongodb"] if REAL_URL else [])])
async def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Opens the test's own store, again and again if asked; all are closed in the end."""
    database = f"test_{uuid4().hex[:12]}"
    url = {"embedded": "", "nx": "", "mongodb": REAL_URL}[request.param]
    if request.param == "nx":
        url = request.getfixturevalue("nx_url")
    opened: list[Documents] = []

    async def opener(collections: Sequence[Collection] = COLLECTIONS) -> Documents:
        path = tmp_path / "store.sqlite3"
        store = await (
            MongoDocuments.connect(url, database, collections) if url else EmbeddedDocuments.connect(path, collections)
        )
        opened.append(store)
        return store

    yield opener
    for store in opened:
        await store.aclose()
    if request.param == "mongodb":
        _drop(url, database)


def _drop(url: str, database: str) -> None:
    from pymongo import MongoClient

    with MongoClient[dict[str, object]](url) as client:
        client.drop_database(database)


@pytest.fixture
async def store(open_store: OpenStore) -> Documents:
    return await open_store()
