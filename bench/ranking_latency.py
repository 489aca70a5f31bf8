"""From the last of 1,000 reports to the announced new ranking: `python -m bench.ranking_latency`.

A real nats-server, the whole scoring service with an embedded store in this process, 1,000 units x 26 indicators that
are ranked already. 1,000 amended reports are published as intake does; the time begins when the broker has the last of
them and ends when it has the evaluation's event that counts them all, and when it has the last unit's score. Beside
it, for 1,000 and 10,000 units, the CPU milliseconds from ledger and reports to the content of every unit's score and to
the texts that are saved and announced, as ratios to the bare numpy pass in the same run.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from pydantic import SecretStr

from bench.scoring import PEER_GROUPS, Bare, sample_plan, spent
from services.scoring.domain.computation import compute
from services.scoring.domain.evaluations import Mark
from services.scoring.domain.ledger import Owed
from services.scoring.domain.saved import changed_scores
from services.scoring.domain.sources import Accepted, Sources
from services.scoring.domain.values import Cells
from services.scoring.main import Scoring
from services.scoring.main import compose as compose_service
from services.scoring.settings import Settings
from shared.clock import FixedClock, iso
from shared.events.base import State
from shared.events.catalog import compose
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.events.report import ReportState
from shared.nats.connection import Connection, connect
from shared.nats.publisher import Publisher
from shared.nats.streams import INTAKE, ensure_stream, stream_info
from shared.plan.load import plan_document, plan_sha256
from shared.store.pending import OutgoingEvent, outgoing
from tests.support.nats_server import NatsServer

UNITS, INDICATORS = 1_000, 26
ROUNDS = 3
YEAR = 2011
START_MS = 1_293_840_000_000
SECONDS_MAX = 120.0
LOOK_SECONDS = 0.005


def event(state: State) -> OutgoingEvent:
    return outgoing(compose(state, at=iso(START_MS)))


def plan_state() -> PlanState:
    plan = sample_plan(INDICATORS)
    return PlanState(
        revision=1, plan=plan.code, version=plan.version, names=plan.names, sha256=plan_sha256(plan),
        effective_from="2000-01-01", effective_to=None, published_at_ms=START_MS, document=plan_document(plan),
    )  # fmt: skip


def obligation(at: int) -> ObligationState:
    return ObligationState.model_validate(
        {
            **_common(at, 1), "peer_group": f"G{at % PEER_GROUPS}", "period_start": "2011-01-01",
            "period_last": "2011-12-31", "period_end_ms": START_MS, "open_at_ms": START_MS,
            "due_at_ms": START_MS, "grace_end_ms": START_MS, "time_zone": "Asia/Ho_Chi_Minh",
            "outcome": "FULFILLED", "timeliness": "ON_TIME", "cause": "report",
        }
    )  # fmt: skip


def report(at: int, revision: int, row: list[float]) -> ReportState:
    return ReportState.model_validate(
        {
            **_common(at, revision), "report": f"report-u{at:05}", "version": revision, "phase": "APPROVED",
            "values": [{"indicator": f"I{n:02}", "value": value} for n, value in enumerate(row)],
            "submitted_by": "bench", "received_at_ms": START_MS, "timeliness": "ON_TIME", "sha256": "0" * 64,
        }
    )  # fmt: skip


def _common(at: int, revision: int) -> dict[str, Any]:
    return {
        "revision": revision, "obligation": f"obligation-u{at:05}", "plan": "BENCH", "plan_version": "1", "form": "F",
        "unit": f"u{at:05}", "period": "2011", "year": YEAR, "changed_at_ms": START_MS + revision,
    }  # fmt: skip


def reports(revision: int) -> Iterator[OutgoingEvent]:
    """The same units with other numbers in every revision."""
    values = np.random.default_rng(revision).uniform(0, 100, (UNITS, INDICATORS))
    return (event(report(at, revision, row)) for at, row in enumerate(values.tolist()))


async def measure(folder: Path, server: NatsServer) -> list[tuple[float, float]]:
    settings = Settings(
        store_url=f"sqlite://{folder}/scoring.sqlite3", token_secret=SecretStr("x" * 40), nats_url=server.url,
        log_level="error", port=0,
    )  # fmt: skip
    scoring = await compose_service(settings, clock=FixedClock(START_MS + 100))
    outside = await connect(url=server.url, name="bench")
    await ensure_stream(outside, INTAKE)
    await scoring.start()
    try:
        first = [event(plan_state()), *(event(obligation(at)) for at in range(UNITS)), *reports(1)]
        publisher = Publisher(outside)
        watch = Watch(outside)
        await watch.start()
        await publisher.publish_in_order(first)
        await watch.until(scoring, START_MS + 1)
        found = []
        for revision in range(2, 2 + ROUNDS):
            some = list(reports(revision))
            await publisher.publish_in_order(some)
            began = time.perf_counter()
            found.append(tuple(each - began for each in await watch.until(scoring, START_MS + revision)))
        return [(ranking, scores) for ranking, scores in found]
    finally:
        await scoring.stop()
        await outside.aclose()


class Watch:
    """Sees what scoring announces, and when."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._reached: dict[int, float] = {}

    async def start(self) -> None:
        await self._connection.client.subscribe("tiendo.evaluation.>", cb=self._see)

    async def _see(self, message: Any) -> None:
        data = orjson.loads(message.data)["data"]
        self._reached[data["as_of_ms"]] = time.perf_counter()

    async def until(self, scoring: Scoring, as_of_ms: int) -> tuple[float, float]:
        """When the evaluation that counts every report was announced last, and when nothing waited any more."""
        give_up = time.perf_counter() + SECONDS_MAX
        while time.perf_counter() < give_up:
            busy = as_of_ms not in self._reached or await scoring.handlers.marks.unfinished()
            if not busy and await self._announced(scoring):
                return self._reached[as_of_ms], time.perf_counter()
            await asyncio.sleep(LOOK_SECONDS)
        raise SystemExit("nothing was announced in time")

    async def _announced(self, scoring: Scoring) -> bool:
        told = (await stream_info(self._connection, "SCORING"))["state"]["messages"]
        saved = await scoring.handlers.answer.evaluation("BENCH", YEAR, peer_group=None, limit=1, cursor=None)
        waiting = await scoring.store.list_pending("scores", limit=1) or await scoring.store.list_pending(
            "evaluations", limit=1
        )
        return saved is not None and told > 0 and not waiting


def sample_sources(units: int) -> Sources:
    """One obligation and one report of every unit, as they come from the store; 5 % of the values are missing."""
    chance = np.random.default_rng(7)
    values = chance.uniform(0, 100, (units, INDICATORS))
    values[chance.random(values.shape) < 0.05] = np.nan
    obligations, accepted = [], []
    for at, row in enumerate(values.tolist()):
        unit, group = f"u{at:06}", f"G{at % PEER_GROUPS}"
        obligations.append(
            Owed(f"obligation-{unit}", "1", "F", unit, group, "2011", 1, 2, "FULFILLED", "ON_TIME", 0, 1)
        )
        told = [{"indicator": f"I{n:02}", "value": value} for n, value in enumerate(row) if not np.isnan(value)]
        accepted.append(Accepted(f"report-{unit}", f"obligation-{unit}", 1, False, 1, 1, Cells.of(told)))
    return Sources(tuple(obligations), tuple(accepted))


def unread(sources: Sources) -> Sources:
    """The same as just read from the store: nothing of it is parsed or sorted yet."""
    reports = [replace(report, values=Cells(report.cells.text)) for report in sources.accepted]
    return Sources(sources.obligations, tuple(reports))


def computing(units: int) -> None:
    """CPU milliseconds from ledger to content and to texts, beside the bare pass."""
    plan, sources = sample_plan(INDICATORS), sample_sources(units)
    values = np.full((INDICATORS, units), np.nan)
    for at, report in enumerate(sources.accepted):
        for cell in report.values:
            values[int(cell["indicator"][1:]), at] = cell["value"]
    bare = Bare(plan, values, np.arange(units) % PEER_GROUPS)
    floor = spent(bare.whole, 10).cpu_ms

    def content() -> list[dict[str, Any]]:
        return compute(plan, "x", YEAR, unread(sources), START_MS).units()

    def texts() -> None:
        contents = {f"u{at:06}": each for at, each in enumerate(content())}
        changed_scores(Mark("mark-BENCH-2011", "BENCH", YEAR), contents, {}, listed=True, now_ms=START_MS)

    print(f"{units} units x {INDICATORS} indicators: bare numpy {floor:.2f} ms")
    for name, work in (("from ledger to announced content", content), ("to the texts that are saved", texts)):
        cost = spent(work, 4).cpu_ms
        print(f"  {name:36} {cost:9.1f} ms  {cost / floor:7.1f} x bare, {cost / units * 1000:7.1f} us a unit")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        server = NatsServer(Path(name) / "nats").start()
        try:
            found = asyncio.run(measure(Path(name), server))
        finally:
            server.stop()
    print(f"{UNITS} units x {INDICATORS} indicators, {UNITS} amended reports, {ROUNDS} rounds")
    for what, at in (("to the announced ranking", 0), ("to the last announced score", 1)):
        seconds = sorted(each[at] for each in found)
        print(f"  from the last report {what:28} {seconds[len(seconds) // 2]:6.2f} s (best {seconds[0]:.2f})")
    for units in (1_000, 10_000):
        computing(units)


if __name__ == "__main__":
    main()
