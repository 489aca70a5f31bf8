"""Intake as a process of its own: real uvicorn on a free port, real broker, the small plan and its units."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.clock import from_iso, write_clock_file
from shared.nats.streams import SCORING
from tests.services.intake import small_plan
from tests.services.intake.running import SECRET, STARTS, token
from tests.support.nats_server import NatsServer, free_port
from tests.support.streams import provide_streams

START_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """Where it listens, the administrator's token, the key of unit U1, its process id."""

    address: str
    port: int
    admin: str
    key: str
    pid: int


@contextmanager
def served(folder: Path, **settings: Any) -> Iterator[Served]:
    """The process, once it answers; ended by its id. `settings` become TIENDO_* variables."""
    broker = NatsServer(folder / "nats").start()
    provide_streams(broker.url, SCORING)
    port = free_port()
    write_clock_file(folder / "clock", virtual_ms=from_iso(STARTS), rate=0)
    environment = {
        **os.environ,
        "TIENDO_PORT": str(port),
        "TIENDO_STORE_URL": f"sqlite://{folder}/store.sqlite3",
        "TIENDO_NATS_URL": broker.url,
        "TIENDO_TOKEN_SECRET": SECRET,
        "TIENDO_CLOCK_FILE": str(folder / "clock"),
        "TIENDO_LOG_LEVEL": "error",
        **{f"TIENDO_{name}".upper(): str(value) for name, value in settings.items()},
    }
    with (folder / "intake.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "services.intake.main"], env=environment, stdout=log)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_ready(address, process)
        admin = token("admin", roles=["administrator"])
        yield Served(address, port, admin, _prepared(address, admin), process.pid)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)
        broker.stop()


def _wait_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        assert process.poll() is None, "intake ended at once"
        try:
            if httpx.get(f"{address}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise AssertionError("intake did not become ready")


def _prepared(address: str, admin: str) -> str:
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {admin}"}, trust_env=False) as http:
        http.put("/v1/plans/SMALL/versions/1", json=small_plan.document()).raise_for_status()
        for code in ("U1", "U2"):
            http.put(f"/v1/units/{code}", json=small_plan.unit(code)).raise_for_status()
        key: str = http.post("/v1/keys", json={"unit": "U1", "label": "m"}).raise_for_status().json()["key"]
    return key
