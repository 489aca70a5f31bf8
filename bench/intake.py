"""Reports a second through intake, beside a floor in the same run: `python -m bench.intake`.

Both run as one server process (uvicorn, uvloop, httptools) with an embedded store and a real nats-server, and are
asked by 32 clients in another process with the same valid reports of 26 values, each for another obligation.

Floor: a bare FastAPI route that parses the same body, makes one durable insert and one acknowledged publish. Nothing
is validated against a plan, nobody is asked who they are, nothing is journaled or chained.
Intake: the real route, with a unit system's key. Its time ends when its outbox is empty: every event is published.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.http.tokens import issue_token
from shared.nats.streams import SCORING
from tests.support.nats_server import NatsServer, free_port
from tests.support.streams import provide_streams

CLIENTS = 32
VALUES = 26
UNITS = 250
MONTHS = 12
REPORTS = UNITS * MONTHS
WARM_UP = 300
SECRET = "a secret of the benchmark, long enough to sign with"
YEAR = 2025
"""A year that is over: every one of its periods takes reports."""
FAR_MS = 4_000_000_000_000
START_SECONDS_MAX = 20.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Reports per second, latencies in milliseconds, memory of the server in MB."""

    per_second: float
    p50_ms: float
    p99_ms: float
    memory_mb: float


def plan() -> dict[str, Any]:
    """26 monthly indicators, most of them ratios, under rules of every kind that a report meets."""
    names = {"vi": "x", "en": "x"}
    ratio = {"type": "ratio", "numerator": names, "denominator": names, "scale": 100, "measure": "%", "integer": True}
    count = {"type": "count", "measure": "items"}
    indicators = [
        {
            "code": f"I{n:02}", "names": names, "frequency": "monthly", "time": "stock", "weight": 1,
            "method": {"kind": "linear_to_target"}, "targets": {str(YEAR): 80}, "target_basis": "x",
            **(count if n % 3 == 2 else ratio),
        }
        for n in range(VALUES)
    ]  # fmt: skip
    whole = {"first": {"month": 0, "day": 1}, "last": {"month": 0, "day": "last"}}
    checks = ("non_negative", "numerator_within_denominator", "denominator_zero", "not_decreasing", "ratio_jump",
              "copied_report", "evidence_required", "evidence_shared", "exact_targets", "applicability")  # fmt: skip
    return {
        "schema_version": 1, "code": "BENCH", "version": "1", "names": names,
        "effective": {"first": f"{YEAR}-01-01", "last": f"{YEAR}-12-31"},
        "peer_groups": [{"code": "A", "names": names}], "scoring": {"scale_max": VALUES},
        "groups": [{"code": "ALL", "names": names, "weight": VALUES, "indicators": indicators}],
        "regimes": [{"code": "C", "periods": {"monthly": whole},
                     "deadlines": {"unit": {"monthly": {"kind": "working_days_after", "days": 2}}}}],
        "forms": [{"code": "M", "names": names, "frequency": "monthly", "regime": "C", "tier": "unit",
                   "open_days_before_close": 31, "grace_days": 2}],
        "validation": [{"code": f"V{n:02}", "check": check, "severity": "error" if n < 3 else "warning",
                        "names": names} for n, check in enumerate(checks)],
    }  # fmt: skip


def report(number: int) -> bytes:
    """A valid report for an obligation of its own; consecutive months differ everywhere."""
    unit, month = divmod(number, MONTHS)
    values = [
        {"indicator": f"I{n:02}", "value": number % 90 + n}
        if n % 3 == 2
        else {"indicator": f"I{n:02}", "numerator": 40 + (unit + month + n) % 11, "denominator": 60}
        for n in range(VALUES)
    ]
    body = {"plan": "BENCH", "form": "M", "unit": f"U{unit:04}", "period": f"{YEAR}-M{month + 1:02}", "values": values}
    return json.dumps(body).encode()


async def ask(port: int, bearer: str, numbers: Iterator[int], spent: list[float]) -> None:
    """One client: the next report as soon as the last one is answered, on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in numbers:
        body = report(number)
        head = (
            f"POST /v1/reports HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        told = await reader.readexactly(length)
        spent.append(time.perf_counter() - began)
        assert answer.startswith(b"HTTP/1.1 201"), answer + told
    writer.close()


async def measure(port: int, bearer: str, pid: int, *, settled: bool) -> Figures:
    warm = iter(range(WARM_UP))
    await asyncio.gather(*(ask(port, bearer, warm, []) for _ in range(CLIENTS)))
    spent: list[float] = []
    numbers = iter(range(WARM_UP, REPORTS))
    began = time.perf_counter()
    await asyncio.gather(*(ask(port, bearer, numbers, spent) for _ in range(CLIENTS)))
    if settled:
        await everything_published(port)
    seconds = time.perf_counter() - began
    spent.sort()
    return Figures(
        len(spent) / seconds,
        spent[len(spent) // 2] * 1000,
        spent[int(len(spent) * 0.99)] * 1000,
        memory_mb(pid),
    )


async def everything_published(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        for _ in range(10_000):
            if not (await http.get("/internal/settled")).json()["outbox"]:
                return
            await asyncio.sleep(0.005)
    raise SystemExit("the events were not published")


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def server(folder: Path, *command: str) -> Iterator[tuple[int, int]]:
    """A server process of ours with its own broker: (port, pid), once it answers."""
    broker = NatsServer(folder / "nats").start()
    provide_streams(broker.url, SCORING)
    port = free_port()
    environment = {
        **os.environ,
        "TIENDO_PORT": str(port),
        "TIENDO_STORE_URL": f"sqlite://{folder}/store.sqlite3",
        "TIENDO_NATS_URL": broker.url,
        "TIENDO_TOKEN_SECRET": SECRET,
        "TIENDO_LOG_LEVEL": "warning",
        "TIENDO_KEY_REQUESTS_PER_MINUTE": "1000000",
        "TIENDO_KEY_REQUESTS_PER_SECOND": "100000",
    }
    process = subprocess.Popen([sys.executable, "-m", *command], env=environment)
    try:
        wait_ready(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)
        broker.stop()


def wait_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit("the server did not become ready")


async def prepare(port: int) -> str:
    """Publish the plan, register the units; the key of a system that reports for all of them."""
    token = issue_token(SECRET, subject="bench", roles=["administrator"], expires_at_ms=FAR_MS, now_ms=0)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as http:
        unit = {"names": {"vi": "x", "en": "x"}, "kind": "VU", "peer_group": "A", "valid_from": "2007-01-01"}
        units = [{"code": "TOP", **unit, "peer_group": "NONE"}]
        units += [{"code": f"U{n:04}", "parent": "TOP", **unit} for n in range(UNITS)]
        (await http.put("/v1/plans/BENCH/versions/1", json=plan())).raise_for_status()
        for start in range(0, len(units), 16):
            batch = units[start : start + 16]
            answers = await asyncio.gather(*(http.put(f"/v1/units/{one['code']}", json=one) for one in batch))
            assert all(answer.status_code == 201 for answer in answers), answers[0].text
        answer = await http.post("/v1/keys", json={"unit": "TOP", "label": "bench", "subtree": True})
        return str(answer.raise_for_status().json()["key"])


def show(name: str, figures: Figures) -> None:
    print(
        f"  {name:8} {figures.per_second:8.0f} reports/s   p50 {figures.p50_ms:6.1f} ms   "
        f"p99 {figures.p99_ms:6.1f} ms   {figures.memory_mb:5.0f} MB"
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-intake-") as text:
        folder = Path(text)
        (folder / "floor").mkdir()
        (folder / "intake").mkdir()
        with server(folder / "floor", "bench.intake_floor") as (port, pid):
            floor = asyncio.run(measure(port, "x", pid, settled=False))
        with server(folder / "intake", "services.intake.main") as (port, pid):
            bearer = asyncio.run(prepare(port))
            real = asyncio.run(measure(port, bearer, pid, settled=True))
    print(f"{REPORTS - WARM_UP} reports of {VALUES} values, {CLIENTS} clients:")
    show("floor", floor)
    show("intake", real)
    print(f"  ratio    {real.per_second / floor.per_second:8.2f} of the floor")


if __name__ == "__main__":
    main()
