"""Where things are on this machine: ports, folders, addresses and the two files that others read."""

from __future__ import annotations

import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared.errors import Permanent

HOST = "127.0.0.1"
MEND_LOCAL = "remove it, and `make run` writes it anew"
SERVICES = ("intake", "scoring", "notify", "dashboard")


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of the local platform."""

    dashboard: int = 8100
    intake: int = 8101
    scoring: int = 8102
    notify: int = 8103
    nats: int = 8104
    smtp: int = 8125
    mail: int = 8126

    @classmethod
    def free(cls) -> Ports:
        """Ports that are free now, for tests: several platforms may run side by side."""
        sockets = [socket.socket() for _ in range(7)]
        try:
            for held in sockets:
                held.bind((HOST, 0))
            return cls(*(held.getsockname()[1] for held in sockets))
        finally:
            for held in sockets:
                held.close()

    def of(self, service: str) -> int:
        return int(asdict(self)[service])


@dataclass(frozen=True, slots=True)
class Layout:
    """One platform's folder and ports."""

    data: Path
    ports: Ports

    def address(self, service: str) -> str:
        return f"http://{HOST}:{self.ports.of(service)}"

    @property
    def nats_url(self) -> str:
        return f"nats://{HOST}:{self.ports.nats}"

    @property
    def clock_file(self) -> Path:
        return self.data / "clock.json"

    @property
    def local_json(self) -> Path:
        return self.data / "local.json"

    def store_url(self, service: str) -> str:
        return f"sqlite:///{self.data / 'store' / f'{service}.sqlite3'}"

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def token_secret(self) -> str:
        """The secret that signs local tokens: made at the first start, readable by its owner alone."""
        path = self.data / "token_secret"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as fresh:
                fresh.write(secrets.token_urlsafe(48))
        return path.read_text().strip()

    def read_local(self) -> dict[str, Any]:
        """What the last start left for scripts: addresses, an operator's token, one unit's key. Empty before.

        Permanent when the file is not as a start leaves it.
        """
        if not self.local_json.exists():
            return {}
        try:
            held = json.loads(self.local_json.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Permanent(f"{self.local_json} is not JSON ({error}); {MEND_LOCAL}") from error
        if not isinstance(held, dict) or not isinstance(held.get("pid"), int | None):
            raise Permanent(f"{self.local_json} is not what a start leaves; {MEND_LOCAL}")
        return held

    def write_local(self, **more: Any) -> dict[str, Any]:
        """Merge into `local.json`, replaced in one step, readable by its owner alone (it holds a token)."""
        held = {**self.read_local(), **more}
        fresh = self.local_json.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(held, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        fresh.replace(self.local_json)
        return held
