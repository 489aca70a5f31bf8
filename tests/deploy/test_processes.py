"""Child processes: started, restarted when they die, stopped by their own id, never left behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from deploy.local.processes import Command, Process
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

SLEEPER = "import signal, time\nprint('up', flush=True)\nsignal.pause()"
STUBBORN = (
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\nwhile True: signal.pause()"
)


def process(tmp_path: Path, script: str, **environment: str) -> Process:
    return Process(Command("child", [sys.executable, "-c", script], environment), log_path=tmp_path / "child.log")


async def is_up(child: Process, times: int = 1) -> None:
    await until(lambda: child.log_path.exists() and child.log_path.read_text().count("up") >= times)


async def test_a_stopped_child_is_gone_and_its_output_is_kept(tmp_path: Path) -> None:
    child = process(tmp_path, SLEEPER)
    await child.start()
    await is_up(child)
    assert await child.stop() == -signal.SIGTERM
    assert child.pid is None
    assert child.last_lines() == "up"


async def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    child = process(tmp_path, SLEEPER)
    await child.start()
    await is_up(child)
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await is_up(child, times=2)
    assert child.pid not in (None, first)
    assert child.restarts == 1
    await child.stop()


async def test_a_killed_child_stays_dead(tmp_path: Path) -> None:
    child = process(tmp_path, SLEEPER)
    await child.start()
    await is_up(child)
    await child.kill()
    assert child.pid is None
    assert child.restarts == 0


async def test_a_child_that_ignores_the_request_is_killed_in_time(tmp_path: Path) -> None:
    child = process(tmp_path, STUBBORN)
    await child.start()
    await is_up(child)
    assert await child.stop(within_seconds=0.3) == -signal.SIGKILL


async def test_the_callers_settings_do_not_leak_into_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIENDO_TOKEN_SECRET", "of another platform")
    script = "import os\nprint('up', os.environ.get('TIENDO_TOKEN_SECRET'), os.environ['TIENDO_PORT'], flush=True)"
    child = process(tmp_path, script, TIENDO_PORT="7")
    await child.start(watch=False)
    await is_up(child)
    await child.stop()
    assert child.last_lines() == "up None 7"
