"""Intake running in this process: empty, and with the small plan and two units."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.intake.running import Running, running


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def intake(empty: Running) -> Running:
    assert (await empty.publish()).status_code == 201
    assert (await empty.put_unit("U1")).status_code == 201
    assert (await empty.put_unit("U2", peer_group="B")).status_code == 201
    return empty
