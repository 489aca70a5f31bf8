"""Fixtures of every suite: one event loop kind, free ports, bounded waiting."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("tiendo", deadline=None, derandomize=True)
settings.load_profile("tiendo")
"""The same examples in every run, however busy the machine is."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
