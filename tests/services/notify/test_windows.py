"""Silences and outages by themselves: they begin and end on time whatever is under them, are announced and audited."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.notify.domain.instants import DAY_MS, HOUR_MS
from services.notify.handlers.silences import Span
from services.notify.repository.silences import OUTAGES, SILENCES
from services.notify.wiring.edge import why
from tests.services.notify.conftest import Running
from tests.services.notify.samples import at, center, plan, plan_state, report, unit

pytestmark = pytest.mark.anyio
START = "2011-03-15 10:00"


def span(begins: int, ends: int) -> Span:
    return Span("Lan", "bảo trì hệ thống", "lan", begins, ends)


async def announced(running: Running, collection: str) -> list[dict[str, Any]]:
    """What waits to be told of a collection's documents, in the order in which it happened."""
    found = await running.notify.store.list_pending(collection, limit=50)
    return [orjson.loads(event["body"])["data"] for document in found for event in document["pending"]]


async def ready(running: Running) -> None:
    await running.hear(plan_state(plan()), center(), unit("CVT"))
    running.clock.set(at(START))


async def test_a_silence_without_alerts_begins_and_ends_on_time_and_says_so(running: Running) -> None:
    await ready(running)
    now_ms = at(START)
    await running.notify.work.silences.silence(
        "P", span(now_ms + HOUR_MS, now_ms + 2 * HOUR_MS), unit="CVT", now_ms=now_ms
    )
    await running.notify.work.silences.outage("P", span(now_ms, now_ms + HOUR_MS), now_ms=now_ms)
    for moment in (0, HOUR_MS - 1, HOUR_MS, 2 * HOUR_MS):
        await running.go(now_ms + moment)
    told = await announced(running, SILENCES.name)
    assert [(one["standing"], one["changed_at_ms"] - now_ms) for one in told] == [
        ("pending", 0),
        ("active", HOUR_MS),
        ("expired", 2 * HOUR_MS),
    ]
    assert {(one["unit"], one["owner"], one["reason"], one["ended_by"]) for one in told} == {
        ("CVT", "Lan", "bảo trì hệ thống", None)
    }
    outages = await announced(running, OUTAGES.name)
    assert [(one["standing"], one["unit"]) for one in outages] == [("active", None), ("expired", None)]
    assert [one["revision"] for one in told] == [1, 2, 3]


async def test_what_was_silenced_is_looked_at_again_when_the_silence_ends(running: Running) -> None:
    """Also when the silence that ended was one of several that never had a look in between."""
    await ready(running)
    now_ms = at(START)
    await running.notify.work.silences.silence("P", span(now_ms, now_ms + DAY_MS), rule="R3", now_ms=now_ms)
    await running.hear(report("CVT", copied=True))
    await running.go(START)
    [alert] = await running.notify.books.alerts.of_unit("CVT", 10)
    assert alert.phase == "SILENCED"
    await running.go(now_ms + DAY_MS)
    [alert] = await running.notify.books.alerts.of_unit("CVT", 10)
    assert (alert.phase, alert.history[-1]["reason"]) == ("OPEN", "unsilenced")


async def test_a_silence_that_never_has_anything_under_it_is_ended_after_a_fortnight(running: Running) -> None:
    await ready(running)
    now_ms = at(START)
    made = await running.notify.work.silences.silence(
        "P", span(now_ms, now_ms + 60 * DAY_MS), unit="CVT", now_ms=now_ms
    )
    for day in range(15):
        await running.go(now_ms + day * DAY_MS)
    held = await running.notify.books.silences.get(made.id)
    assert held is not None
    assert (held.phase, held.ended_by, held.ended_reason) == ("expired", "notify", "nothing_matched")
    assert held.ends_at_ms == now_ms + 14 * DAY_MS
    assert (await announced(running, SILENCES.name))[-1]["ended_reason"] == "nothing_matched"


async def test_a_digest_lists_what_is_silenced_and_the_outages(running: Running) -> None:
    await ready(running)
    now_ms, desk = at(START), running.notify.work.silences
    await desk.silence("P", span(now_ms, now_ms + DAY_MS), rule="R3", now_ms=now_ms)
    await desk.outage("P", span(now_ms, now_ms + DAY_MS), unit="CVT", now_ms=now_ms)
    told = await running.notify.work.digests.preview.at("P", "leadership", now_ms, language="vi", now_ms=now_ms)
    assert told is not None
    for words in ("Báo cáo sao chép · bảo trì hệ thống", "Sự cố, không báo cáo được · bảo trì hệ thống", "Lan"):
        assert words in told.letter.text
    over = await running.notify.work.digests.preview.at(
        "P", "leadership", now_ms + DAY_MS, language="vi", now_ms=now_ms + DAY_MS
    )
    assert over is not None
    assert "bảo trì hệ thống" not in over.letter.text


async def test_who_declared_and_who_ended_it_is_in_the_audit_log(running: Running) -> None:
    await ready(running)
    now_ms, desk = at(START), running.notify.work.silences
    made = await desk.silence("P", span(now_ms, now_ms + DAY_MS), unit="CVT", now_ms=now_ms)
    await desk.silence("P", span(now_ms, now_ms + DAY_MS), unit="CVT", now_ms=now_ms)
    await running.go(START)
    await desk.end_silence(made.id, by="minh", reason="xong sớm", named=None, now_ms=now_ms + HOUR_MS)
    lines = await running.notify.books.audit_chain.lines("P", about=made.id, by=None, after_seq=0, limit=10)
    assert [(line.entry["what"], line.entry["by"], line.entry["reason"]) for line in lines] == [
        ("silence.declared", "lan", "bảo trì hệ thống"),
        ("silence.ended", "minh", "xong sớm"),
    ]
    told, _ = await why(running.notify.books).about(subject=made.id)
    assert [(one.status, one.reason, one.words.vi) for one in told] == [
        ("expired", "xong sớm", "xong sớm"),
        ("pending", "declared", "bảo trì hệ thống"),
    ]
