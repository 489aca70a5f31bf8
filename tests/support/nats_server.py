"""A real nats-server on a free loopback port, with its store in a folder of the test; can be killed and wiped."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

READY_SECONDS_MAX = 15.0
STOP_SECONDS_MAX = 10.0


class NatsServer:
    """One server process of ours. `start` waits until it answers; `kill` is kill -9; `wipe` removes its store."""

    def __init__(self, path: Path, *, config: str | None = None) -> None:
        """`config`: text of a configuration to use instead; it must listen on `port` and store under `store_dir`."""
        self.path = path
        self.port = free_port()
        self.store_dir = path / "jetstream"
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None
        path.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self, config: str | None = None) -> NatsServer:
        """Start (again) on the same port and store; `config` replaces the configuration from now on."""
        self._config = config or self._config or self._plain()
        file = self.path / "nats.conf"
        file.write_text(self._config, encoding="utf-8")
        with (self.path / "nats.log").open("ab") as log:
            self._process = subprocess.Popen(["nats-server", "-c", str(file)], stdout=log, stderr=log)
        self._wait_until_ready()
        return self

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop in order; nothing happens when it does not run."""
        self._end(signal.SIGTERM)

    def wipe(self) -> None:
        """Remove everything that the (stopped) server had stored."""
        assert self._process is None, "stop or kill it first"
        shutil.rmtree(self.store_dir, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(STOP_SECONDS_MAX)
            self._process = None

    def _plain(self) -> str:
        folder = json.dumps(str(self.store_dir))
        limits = "max_file_store: 8GB, max_memory_store: 64MB"
        return f'listen: "127.0.0.1:{self.port}"\njetstream {{ store_dir: {folder}, {limits} }}\n'

    def _wait_until_ready(self) -> None:
        """The server greets before JetStream is up, so ask JetStream itself."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"nats-server ended: {(self.path / 'nats.log').read_text()}")
            with contextlib.suppress(OSError):
                if _jetstream_answers(self.port):
                    return
            time.sleep(0.02)
        raise AssertionError("nats-server did not become ready")


def _jetstream_answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1) as link:
        link.settimeout(0.5)
        greeting = link.recv(4096)
        if b'"auth_required":true' in greeting:
            return True  # we have no password to ask further with
        link.sendall(b'CONNECT {"verbose":false}\r\nSUB ready 1\r\nPUB $JS.API.INFO ready 0\r\n\r\nPING\r\n')
        heard = b""
        with contextlib.suppress(TimeoutError):
            while b"account_info_response" not in heard:
                heard += (more := link.recv(4096))
                if not more:
                    break
        return b"account_info_response" in heard


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
