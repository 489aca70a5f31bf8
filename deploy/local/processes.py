"""Child processes with a log file each: started, watched, restarted when they die, stopped by their own id."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

RESTARTS_MAX = 5
RESTART_WAIT_SECONDS = 0.5
LOG_BYTES_KEPT = 20 * 1024 * 1024
PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Run in the child: the kernel ends it should we be killed, so that no process is left behind."""
    ctypes.CDLL("libc.so.6", use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Command:
    """One process to run. `environment` is added to a minimal one: nothing of the caller's settings leaks in."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Process:
    """One child. `start` and `stop` may be called again and again; `kill` is SIGKILL, for chaos tests."""

    def __init__(self, command: Command, *, log_path: Path) -> None:
        self.command = command
        self.log_path = log_path
        self.restarts = 0
        self._child: asyncio.subprocess.Process | None = None
        self._wanted = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    async def start(self, *, watch: bool = True) -> None:
        """Start the child; with `watch`, start it again (at most RESTARTS_MAX times) when it dies by itself."""
        self._wanted = True
        await self._spawn()
        if watch:
            self._watch = asyncio.create_task(self._restart_when_dead(), name=f"watch {self.command.name}")

    async def stop(self, *, within_seconds: float = 6.0) -> int | None:
        """SIGTERM, wait, and only then SIGKILL; returns the exit code (None when it never ran)."""
        await self._forget()
        return await self._end(signal.SIGTERM, within_seconds)

    async def kill(self) -> None:
        """SIGKILL at once and do not restart: the crash that tests ask for."""
        await self._forget()
        await self._end(signal.SIGKILL, 5.0)

    def last_lines(self, count: int = 12) -> str:
        """The end of the log, for messages about a process that would not start."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as log:
            log.seek(max(0, self.log_path.stat().st_size - 16_384))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])

    async def _spawn(self) -> None:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_BYTES_KEPT:
            self.log_path.replace(self.log_path.with_suffix(".old.log"))
        base = {k: v for k, v in os.environ.items() if not k.startswith("TIENDO_")}
        with self.log_path.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *self.command.arguments,
                env={**base, **self.command.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the children in order
                preexec_fn=_die_with_parent,
            )

    async def _restart_when_dead(self) -> None:
        while self._wanted and self.restarts < RESTARTS_MAX:
            assert self._child is not None
            await self._child.wait()
            if not self._wanted:
                return
            self.restarts += 1
            await asyncio.sleep(RESTART_WAIT_SECONDS * self.restarts)
            await self._spawn()

    async def _forget(self) -> None:
        self._wanted = False
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None

    async def _end(self, how: signal.Signals, within_seconds: float) -> int | None:
        child = self._child
        if child is None:
            return None
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(how)
            try:
                async with asyncio.timeout(within_seconds):
                    await child.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        return child.returncode
