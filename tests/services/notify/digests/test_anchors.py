"""The day's anchors of the audit logs stand in the digest: of the plan and of what concerns none, in every form."""

from __future__ import annotations

import orjson
import pytest

from services.notify.domain.digests.anchors import AnchorOf, printed
from shared.audit.lines import Anchor
from shared.events.anchor import IntakeAnchorState, ScoringAnchorState
from shared.store.audit_chain import ANCHORS
from tests.services.notify.conftest import Running
from tests.services.notify.digests.test_runs import MOMENT, VI, hear_quarter
from tests.services.notify.post import text_of
from tests.services.notify.samples import at

pytestmark = pytest.mark.anyio


def test_the_plans_chains_come_first_and_other_plans_not_at_all() -> None:
    held = [
        AnchorOf(service, chain, "2011-03-20", 7, "a" * 64)
        for service, chain in (
            ("notify", "notify"),
            ("scoring", "P"),
            ("intake", "registry"),
            ("intake", "P"),
            ("intake", "Q"),
        )
    ]
    told = [(one.service, one.chain) for one in printed(held, "P", ["P", "Q"])]
    assert told == [("intake", "P"), ("scoring", "P"), ("intake", "registry"), ("notify", "notify")]


async def test_a_digest_prints_the_newest_anchor_before_its_day(running: Running) -> None:
    await hear_quarter(running)
    for day, mark in (("2011-03-16", "b"), ("2011-03-17", "c"), ("2011-03-18", "d")):
        await running.hear(IntakeAnchorState(revision=1, chain="P", day=day, seq=int(day[-2:]), sha256=mark * 64))
    await running.hear(IntakeAnchorState(revision=1, chain="P", day="2011-03-17", seq=17, sha256="c" * 64))
    await running.hear(ScoringAnchorState(revision=1, chain="lists", day="2011-03-14", seq=3, sha256="e" * 64))
    chain = running.notify.books.audit_chain
    await chain.append("P", {"what": "x", "id": "y", "by": "lan"}, at_ms=at("2011-03-15 10:00"))
    await running.go("2011-03-16 08:00")
    await running.go(MOMENT)
    [mail] = running.post.to(VI)
    [ours] = await chain.anchors("P", first="2011-03-15", last="2011-03-15")
    for kind in ("plain", "html"):
        text = text_of(mail, kind)
        assert "Nhật ký kiểm toán của intake" in text
        assert f"P 2011-03-17 #17 {'c' * 64}" in text
        assert f"P 2011-03-15 #1 {ours.hash}" in text
        assert f"lists 2011-03-14 #3 {'e' * 64}" in text, "it concerns no single plan"
        assert "d" * 64 not in text, "of the present day there is none yet"
        assert "b" * 64 not in text


async def test_an_anchor_is_announced_once_with_the_write_that_keeps_it(running: Running) -> None:
    anchor = Anchor("P", "2011-03-18", 4, "f" * 64)
    chain = running.notify.books.audit_chain
    assert await chain.keep_anchor(anchor, at_ms=at(MOMENT))
    assert not await chain.keep_anchor(anchor, at_ms=at(MOMENT))
    [waits] = await running.notify.store.list_pending(ANCHORS.name, limit=10)
    [event] = waits["pending"]
    assert event["subject"] == "tiendo.notify_audit.anchored.v1.P"
    told = orjson.loads(event["body"])["data"]
    assert told == {
        "revision": 1, "service": "notify", "chain": "P", "day": "2011-03-18", "seq": 4, "sha256": "f" * 64,
    }  # fmt: skip
