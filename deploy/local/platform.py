"""The local platform as one object: broker, mail catcher and the four services, in order.

`make run`, the journey tests and the benchmarks all start it through this class, on their own ports and folder.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from deploy.local.layout import HOST, SERVICES, Layout
from deploy.local.processes import Command, Process
from deploy.nats.nats_conf import Local, nats_conf
from shared.errors import Permanent

READY_SECONDS = 30.0
POLL_SECONDS = 0.05


class NotReady(Permanent):
    """A process did not become ready; the message holds its reasons and the end of its log."""


def find_nats_server() -> str:
    """Path of the broker's program; `Permanent` says how to get it."""
    found = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Permanent("nats-server is not installed; run `make setup`, or install the package nats-server")
    return found


def nats_version() -> tuple[int, int, int]:
    """Version of the broker's program."""
    told = subprocess.run([find_nats_server(), "--version"], capture_output=True, text=True, timeout=10, check=True)
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", told.stdout)
    if found is None:
        raise Permanent(f"nats-server says {told.stdout!r}, which holds no version")
    major, minor, patch = map(int, found.groups())
    return major, minor, patch


class LocalPlatform:
    """All processes of one local platform. `virtual_clock` makes the services follow `clock.json`."""

    def __init__(
        self, layout: Layout, *, virtual_clock: bool, settings: Mapping[str, str] | None = None, watch: bool = True
    ) -> None:
        self.layout = layout
        self._virtual_clock = virtual_clock
        self._settings = dict(settings or {})
        self._watch = watch
        self.processes: dict[str, Process] = {
            name: Process(command, log_path=layout.log(name)) for name, command in self._commands().items()
        }

    async def start(self, services: Sequence[str] = SERVICES) -> None:
        """Start everything and return when all services are ready; `NotReady` otherwise, and all is stopped."""
        try:
            self._write_nats_conf()
            await self.processes["nats"].start(watch=self._watch)
            await self._wait_for_port("nats", self.layout.ports.nats)
            for name in ("mail", *services):
                await self.processes[name].start(watch=self._watch)
            await asyncio.gather(*(self.wait_ready(name) for name in services))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the services first, at once, then the catcher, then the broker. Under 10 s in all."""
        await asyncio.gather(*(self.processes[name].stop() for name in SERVICES))
        await self.processes["mail"].stop(within_seconds=2.0)
        await self.processes["nats"].stop(within_seconds=2.0)

    async def kill(self, name: str) -> None:
        """SIGKILL one process, as a crash would."""
        await self.processes[name].kill()

    async def start_one(self, name: str) -> None:
        """Start one process again after `kill` or `stop` and wait until it is ready."""
        await self.processes[name].start(watch=self._watch)
        if name == "nats":
            await self._wait_for_port("nats", self.layout.ports.nats)
        elif name in SERVICES:
            await self.wait_ready(name)

    async def wait_ready(self, name: str, *, within_seconds: float = READY_SECONDS) -> None:
        """Return when the service answers 200 at /readyz."""
        until = time.monotonic() + within_seconds
        answer = "no answer"
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            while time.monotonic() < until:
                try:
                    response = await client.get(f"{self.layout.address(name)}/readyz")
                    if response.status_code == httpx.codes.OK:
                        return
                    answer = response.text
                except httpx.TransportError as fault:
                    answer = f"{type(fault).__name__}: {fault}"
                self._raise_if_dead(name)
                await asyncio.sleep(POLL_SECONDS)
        raise NotReady(f"{name} is not ready after {within_seconds:g} s: {answer}\n{self._log_tail(name)}")

    def _raise_if_dead(self, name: str) -> None:
        process = self.processes[name]
        if process.pid is None and (not self._watch or process.restarts >= 2):
            raise NotReady(f"{name} ended at its start.\n{self._log_tail(name)}")

    def _log_tail(self, name: str) -> str:
        process = self.processes[name]
        return f"--- end of {process.log_path}\n{process.last_lines()}"

    async def _wait_for_port(self, name: str, port: int) -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                self._raise_if_dead(name)
                await asyncio.sleep(POLL_SECONDS)
            else:
                writer.close()
                await writer.wait_closed()
                return
        raise NotReady(f"{name} does not listen on {port}.\n{self._log_tail(name)}")

    def _write_nats_conf(self) -> None:
        path = self.layout.data / "nats.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        local = Local(port=self.layout.ports.nats, store_dir=self.layout.data / "nats")
        path.write_text(nats_conf(nats_version(), local), encoding="utf-8")

    def _commands(self) -> dict[str, Command]:
        layout = self.layout
        commands = {
            "nats": Command("nats", [find_nats_server(), "-c", str(layout.data / "nats.conf")]),
            "mail": Command(
                "mail",
                [
                    *(sys.executable, "-m", "deploy.mail_catcher", "--dir", str(layout.data / "mail")),
                    *("--smtp-port", str(layout.ports.smtp), "--http-port", str(layout.ports.mail)),
                ],
            ),
        }
        for name in SERVICES:
            arguments = [sys.executable, "-m", f"services.{name}.main"]
            commands[name] = Command(name, arguments, self._environment(name))
        return commands

    def _environment(self, service: str) -> dict[str, str]:
        layout = self.layout
        environment = {
            "TIENDO_PROFILE": "local",
            "TIENDO_HOST": HOST,
            "TIENDO_PORT": str(layout.ports.of(service)),
            "TIENDO_PUBLIC_URL": layout.address(service),
            "TIENDO_STORE_URL": layout.store_url(service),
            "TIENDO_NATS_URL": layout.nats_url,
            "TIENDO_TOKEN_SECRET": layout.token_secret(),
            "TIENDO_SCHEDULE_SECONDS": "0.05" if self._virtual_clock else "1",
            **self._settings,
        }
        if self._virtual_clock:
            environment["TIENDO_CLOCK_FILE"] = str(layout.clock_file)
            if service == "scoring":  # pauses are real time, which a stepped clock would only wait for
                environment |= {"TIENDO_DEBOUNCE_SECONDS": "0.02", "TIENDO_PAUSE_COST_FACTOR": "0"}
        if service == "intake":
            environment |= {
                "TIENDO_EVIDENCE_DIR": str(layout.data / "evidence"),
                "TIENDO_IMPORT_DIR": str(layout.data / "imports"),
            }
        if service == "dashboard":
            environment["TIENDO_NOTIFY_URL"] = layout.address("notify")
        if service == "notify":
            environment |= {
                "TIENDO_SMTP_HOST": HOST,
                "TIENDO_SMTP_PORT": str(layout.ports.smtp),
                "TIENDO_DASHBOARD_URL": layout.address("dashboard"),
            }
        return environment


async def settled(layout: Layout, client: httpx.AsyncClient, service: str) -> dict[str, Any]:
    """What a service has still to do; see `/internal/settled`."""
    response = await client.get(f"{layout.address(service)}/internal/settled")
    response.raise_for_status()
    answer: dict[str, Any] = json.loads(response.content)
    return answer


async def wait_settled(
    layout: Layout,
    *,
    since_ms: int | None = None,
    services: Sequence[str] = SERVICES,
    within_seconds: float = 60.0,
) -> None:
    """Return when nothing is in flight anywhere: the barrier that the simulator steps by.

    Services are asked in the order in which events flow (intake, scoring, notify, dashboard): one that is empty
    while all before it are empty stays empty, since nothing flows back. `since_ms` asks each service also for a
    completed pass of its schedule at or after that virtual instant, made after the services before it were empty.
    """
    until = time.monotonic() + within_seconds
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
        for service in services:
            while True:
                answer = await settled(layout, client, service)
                open_work = answer["outbox"] + answer["unprocessed"] + answer["dirty"]
                passed = since_ms is None or service == "dashboard" or answer["schedule_ms"] >= since_ms
                if open_work == 0 and passed:
                    break
                if time.monotonic() > until:
                    raise NotReady(f"{service} did not settle within {within_seconds:g} s: {answer}")
                await asyncio.sleep(0.02)
