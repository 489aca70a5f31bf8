"""How fast a large file of reports is imported, and in how much memory.

A CSV of 200,000 values in reports of 26 goes through the whole way: received to disk, read by the child process,
grouped, validated and stored with its events by the handler that takes every report, on the embedded store. Rows are
shuffled, so rows of one report are far apart. Printed: values per second from upload to DONE, the seconds of its
steps, the processor seconds of the service (on a busy machine the figure that holds), and the peak resident memory of
the service and of the child. Run: `python -m bench.intake_import [values]`.
"""

from __future__ import annotations

import asyncio
import csv
import io
import random
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvloop

from services.intake.domain.imports import Job, Sent
from services.intake.main import Intake, collect_less_often, compose
from services.intake.settings import Settings
from shared.clock import SystemClock
from shared.nats.broker import Settled
from shared.plan.load import plan_from_document
from shared.plan.units import UnitInput

VALUES = 200_000
INDICATORS = 26
PERIODS = [f"2011-M{month:02}" for month in range(1, 13)]
CHUNK_BYTES = 64 * 1024
LOOK_SECONDS = 0.2
"""How often a client asks how far its import is: to answer is work of the same process."""
PLAN = "BENCH"
ROOT = Path(__file__).parents[1]


class NoBroker:
    """Events wait in the documents: publishing is another process's processor time."""

    async def start(self, *, start_seconds_max: float = 1.0) -> None: ...

    async def stop(self, *, finish_seconds_max: float = 1.0) -> None: ...

    def ready(self) -> list[str]:
        return []

    async def settled(self) -> Settled:
        return Settled(0, 0, 0)


def document() -> dict[str, Any]:
    """A plan with one monthly form of 26 ratios and the usual rules."""
    names = {"vi": "Đo tốc độ nhập", "en": "Import benchmark"}
    indicators = [
        {
            "code": f"I-{number:02}",
            "names": names,
            "type": "ratio",
            "measure": "%",
            "scale": 100,
            "numerator": names,
            "denominator": names,
            "frequency": "monthly",
            "time": "flow",
            "weight": 1,
            "method": {"kind": "linear_to_target"},
            "targets": {"2011": 80},
            "target_basis": "test",
        }
        for number in range(INDICATORS)
    ]
    month = {"first": {"month": 0, "day": 1}, "last": {"month": 0, "day": "last"}}
    checks = {
        "V01": "non_negative",
        "V02": "numerator_within_denominator",
        "V03": "denominator_zero",
        "V11": "evidence_required",
        "V13": "applicability",
        "V14": "evidence_shared",
    }
    form = {"code": "MONTHLY", "names": names, "frequency": "monthly", "regime": "C", "tier": "unit"}
    return {
        "schema_version": 1,
        "code": PLAN,
        "version": "1",
        "names": names,
        "effective": {"first": "2011-01-01", "last": "2011-12-31"},
        "peer_groups": [{"code": "A", "names": names}],
        "scoring": {"scale_max": INDICATORS},
        "groups": [{"code": "ALL", "names": names, "weight": INDICATORS, "indicators": indicators}],
        "regimes": [
            {
                "code": "C",
                "periods": {"monthly": month},
                "deadlines": {"unit": {"monthly": {"kind": "working_days_after", "days": 2}}},
            }
        ],
        "forms": [form],
        "validation": [
            {"code": code, "check": check, "severity": "error", "names": names} for code, check in checks.items()
        ],
    }


def units(values: int) -> list[str]:
    """As many units as it takes to report so many values in a year."""
    return [f"U{number:05}" for number in range(max(1, values // (INDICATORS * len(PERIODS))))]


def file_of(codes: list[str]) -> bytes:
    """The long format, its rows in no order."""
    rows = [
        [PLAN, "MONTHLY", unit, period, f"I-{number:02}", number + 3, 50]
        for unit in codes
        for period in PERIODS
        for number in range(INDICATORS)
    ]
    random.Random(1).shuffle(rows)
    text = io.StringIO()
    csv.writer(text).writerows([["plan", "form", "unit", "period", "indicator", "numerator", "denominator"], *rows])
    return text.getvalue().encode()


async def prepare(intake: Intake, codes: list[str]) -> None:
    """Plan and units, so that the obligations are there."""
    plan = plan_from_document(document())
    names = {"vi": "Đơn vị", "en": "Unit"}
    for code in codes:
        given = {"code": code, "names": names, "kind": "DEPT", "peer_group": "A", "valid_from": "2007-01-01"}
        await intake.handlers.units.register(UnitInput.model_validate(given, strict=False), unit=code, by="bench")
    await intake.handlers.plans.publish(lambda: plan, plan=PLAN, version="1", by="bench", dry_run=False)


async def chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), CHUNK_BYTES):
        yield body[start : start + CHUNK_BYTES]


async def imported(intake: Intake, body: bytes, *, dry_run: bool, id: str) -> tuple[Job, dict[str, float]]:
    """The job at its end, and the seconds that its steps took."""
    sent = Sent(format="csv", mode="PARTIAL", dry_run=dry_run, decimal="point", by="bench", unit="", plan="")
    began, processor = time.perf_counter(), time.process_time()
    await intake.imports.accept.accept(id, sent, chunks(body))
    seconds = {"received": time.perf_counter() - began}
    await intake.imports.run.due(time.time_ns() // 1_000_000)
    while (job := await intake.imports.accept.get(id)).phase not in ("DONE", "FAILED"):
        if job.rows_total and "read" not in seconds:
            seconds["read"] = time.perf_counter() - began - seconds["received"]
        await asyncio.sleep(LOOK_SECONDS)
    seconds["all"] = time.perf_counter() - began
    seconds["processor"] = time.process_time() - processor
    return job, seconds


def resident_mib(whose: int) -> float:
    """Peak resident memory, in MiB."""
    return resource.getrusage(whose).ru_maxrss / 1024


def current_mib() -> float:
    """Resident memory now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


async def bench(values: int) -> None:
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        settings = Settings(
            store_url=f"sqlite://{folder}/intake.sqlite3",
            token_secret="bench-secret-bench-secret-bench-secret",
            log_level="error",
            import_dir=Path(folder) / "imports",
            horizon_days=1,
        )
        intake = await compose(settings, clock=SystemClock(), broker=NoBroker())
        try:
            codes = units(values)
            await prepare(intake, codes)
            file = Path(folder) / "file.csv"
            file.write_bytes(file_of(codes))
            print(f"before: resident {current_mib():,.0f} MiB (peak {resident_mib(resource.RUSAGE_SELF):,.0f})")
            for name, dry_run in (("real run", False), ("again, unchanged", False), ("rehearsal", True)):
                job, seconds = await imported(intake, file.read_bytes(), dry_run=dry_run, id=f"import-{len(name)}")
                print(told(name, job, seconds))
        finally:
            await intake.stop()


def told(name: str, job: Job, seconds: dict[str, float]) -> str:
    rate = job.rows_done / seconds["all"]
    steps = ", ".join(f"{step} {took:.2f} s" for step, took in seconds.items())
    peaks = f"peak {resident_mib(resource.RUSAGE_SELF):,.0f} MiB, child {resident_mib(resource.RUSAGE_CHILDREN):,.0f}"
    return f"{name}: {job.phase} {job.rows_done:,} values, {rate:,.0f} values/s ({steps}); {peaks}; {job.tally.reports}"


def main() -> None:
    values = int(sys.argv[1]) if len(sys.argv) > 1 else VALUES
    collect_less_often()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(bench(values))


if __name__ == "__main__":
    main()
