"""An import whose process is killed in the middle: all of the file is stored in the end, and nothing of it twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx

from services.intake.domain.imports import LEASE_MS
from shared.clock import from_iso, write_clock_file
from tests.services.intake.files import HEADER
from tests.services.intake.running import STARTS
from tests.services.intake.served import Served, served

UNITS = [f"N{number:03}" for number in range(120)]
PERIODS = ("2011-M01", "2011-M02", "2011-M03")
REPORTS = len(UNITS) * len(PERIODS)
PADDING = "x" * 1_900
"""Makes the file large enough for several parts."""
SECONDS_MAX = 60.0


def units() -> bytes:
    lines = [f"{code},{code},{code},DEPT,A,2007-01-01" for code in UNITS]
    return "\n".join(["code,name_vi,name_en,kind,peer_group,valid_from", *lines, ""]).encode()


def reports() -> bytes:
    lines = []
    for place, code in enumerate(UNITS):
        for month, period in enumerate(PERIODS, start=1):
            head = f"SMALL,MONTHLY,{code},{period}"
            lines.append(f"{head},MAIL,,{month + place % 40},50,,{PADDING}")
            lines.append(f"{head},DOCS,,1.5,2.5,,{PADDING}")
            lines.append(f"{head},CALLS,{place},,,,{PADDING}")
    return "\n".join([HEADER, *lines, ""]).encode()


class Asking:
    """Requests of the administrator."""

    def __init__(self, intake: Served) -> None:
        headers = {"Authorization": f"Bearer {intake.admin}", "Accept-Language": "en"}
        self.http = httpx.Client(base_url=intake.address, headers=headers, trust_env=False, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str) -> Any:
        return self.http.get(path).raise_for_status().json()

    def received(self) -> int:
        return int(self.get("/v1/rates?plan=SMALL&year=2011&form=MONTHLY")["received"])

    def until(self, found: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS_MAX
        while not found():
            assert time.monotonic() < deadline, "nothing came of it"
            time.sleep(0.01)


def test_a_killed_import_goes_on_and_stores_the_whole_file_once(tmp_path: Path) -> None:
    settings = {"schedule_seconds": 0.05, "import_dir": tmp_path / "imports"}
    with served(tmp_path, **settings) as first, Asking(first) as asking:
        asking.http.post("/v1/units/import", content=units(), headers={"Content-Type": "text/csv"}).raise_for_status()
        job = asking.http.post("/v1/imports?format=csv", content=reports()).raise_for_status().headers["location"]
        asking.until(lambda: asking.received() > 0)
        os.kill(first.pid, signal.SIGKILL)
    with served(tmp_path, **settings) as second, Asking(second) as asking:
        left = asking.received()
        assert 0 < left < REPORTS, "it was killed in the middle"
        assert asking.get(job)["phase"] == "RUNNING"
        write_clock_file(tmp_path / "clock", virtual_ms=from_iso(STARTS) + LEASE_MS, rate=0)
        asking.until(lambda: asking.get(job)["phase"] == "DONE")
        summary = asking.get(job)["summary"]
        assert (summary["outcome"], sum(summary["reports"].values())) == ("ACCEPTED", REPORTS)
        assert summary["reports"]["created"] + summary["reports"]["unchanged"] == REPORTS
        assert asking.received() == REPORTS
        asking.until(lambda: asking.get("/v1/receipts/chain/SMALL?links_max=1")["links"] >= REPORTS)
        assert asking.get("/v1/receipts/chain/SMALL?links_max=1")["links"] == REPORTS, "a link a report, none twice"
        assert asking.get("/v1/audit/verify?chain=SMALL&links_max=1000")["intact"] is True
