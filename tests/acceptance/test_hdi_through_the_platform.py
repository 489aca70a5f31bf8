"""UNDP's published table through the whole platform: posted to intake over HTTP, answered by scoring."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.client import Client
from deploy.demo_hdi import PLAN, caught_up, post_all, read_table
from deploy.local.layout import Layout, Ports
from deploy.local.platform import LocalPlatform
from deploy.local.up import operator_token
from shared.plan.load import load_plan

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.timeout(300)]


async def test_every_published_value_and_rank_is_reproduced(tmp_path: Path) -> None:
    layout = Layout(data=tmp_path, ports=Ports.free())
    platform = LocalPlatform(layout, virtual_clock=False, watch=False)
    plan, rows = load_plan(PLAN.read_text(encoding="utf-8")), read_table()
    accepted = 0

    def told(count: int) -> None:
        nonlocal accepted
        accepted += count

    await platform.start()
    try:
        token = operator_token(layout)
        async with (
            Client(layout.address("intake"), token) as intake,
            Client(layout.address("scoring"), token) as scoring,
        ):
            await post_all(intake, plan, rows, told=told)
            found = await caught_up(scoring, plan, rows)
    finally:
        await platform.stop()
    assert accepted == len(rows) == 5808
    assert found.differing == ()
    assert found.compared == 5808
    assert found.ranks_differing == ()
    assert found.ranks_compared == 193
