"""Fixtures of every suite: one event loop kind, free ports, bounded waiting."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
