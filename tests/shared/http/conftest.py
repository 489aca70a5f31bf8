"""Logs of the tests of the edge go to memory: nothing is printed, and a test can read them."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from tests.shared.telemetry.captured import captured_logs


@pytest.fixture(autouse=True)
def logged() -> Iterator[io.BytesIO]:
    with captured_logs() as stream:
        yield stream
