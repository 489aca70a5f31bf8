"""What is wrong with this machine or this folder, and what to do about it. Changes nothing."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from deploy.local.layout import HOST, SERVICES, Layout
from deploy.local.platform import find_nats_server, nats_version
from shared.errors import Permanent
from shared.store.sqlite_schema import SCHEMA_VERSION

DISK_BYTES_MIN = 512 * 1024 * 1024
NATS_OLDEST = (2, 9, 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` says what to do and is empty when all is well."""

    what: str
    fine: bool
    detail: str
    mend: str = ""


def examine(layout: Layout) -> list[Finding]:
    """Everything that `make run` needs, looked at one by one."""
    checks: list[Callable[[Layout], Iterator[Finding]]] = [
        _python,
        _packages,
        _broker,
        _left,
        _ports,
        _disk,
        _stores,
        _running,
    ]
    return [finding for check in checks for finding in check(layout)]


def ports_taken(layout: Layout) -> dict[str, int]:
    """Ports of the platform on which somebody listens already."""
    taken = {}
    for name, port in asdict(layout.ports).items():
        with closing(socket.socket()) as probe:
            probe.settimeout(0.5)
            if probe.connect_ex((HOST, port)) == 0:
                taken[name] = port
    return taken


def _python(_: Layout) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), version, "Python 3.11 or newer is needed; run `make setup`.")


def _packages(_: Layout) -> Iterator[Finding]:
    lock = Path(__file__).parents[2] / "requirements.lock"
    if not lock.exists():
        return
    wrong = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        name, found, pinned = line.partition("==")
        if found and not line.startswith(" "):
            pinned = pinned.split()[0]
            try:
                if importlib.metadata.version(name) != pinned:
                    wrong.append(name)
            except importlib.metadata.PackageNotFoundError:
                wrong.append(name)
    detail = f"differ from requirements.lock: {', '.join(wrong[:5])}" if wrong else "as in requirements.lock"
    yield Finding("packages", not wrong, detail, "Run `make setup`.")


def _broker(_: Layout) -> Iterator[Finding]:
    try:
        program = find_nats_server()
    except Permanent as fault:
        yield Finding("broker", False, str(fault), "Run `make setup`, or: sudo apt-get install nats-server")
        return
    version = nats_version()
    mend = "2.9 is the oldest that works; production wants 2.14 or newer."
    yield Finding("broker", version >= NATS_OLDEST, f"{program} {'.'.join(map(str, version))}", mend)


def _left(layout: Layout) -> Iterator[Finding]:
    try:
        layout.read_local()
    except Permanent as fault:
        yield Finding("local.json", False, str(fault), "Remove the file; `make run` writes it anew.")


def _pid(layout: Layout) -> int:
    """The process of the platform, 0 when none is known."""
    try:
        return int(layout.read_local().get("pid") or 0)
    except Permanent:
        return 0


def _ports(layout: Layout) -> Iterator[Finding]:
    pid = _pid(layout)
    ours = pid > 0 and _alive(pid)
    for name, port in ports_taken(layout).items():
        if not ours:
            yield Finding(
                f"port {port}",
                False,
                f"taken, {name} cannot listen there",
                f"Find who has it with `ss -ltnp 'sport = :{port}'` and end that program, "
                f"or start with another port: TIENDO_LOCAL_{name.upper()}_PORT=... make run",
            )


def _disk(layout: Layout) -> Iterator[Finding]:
    folder = next(parent for parent in (layout.data, *layout.data.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 2**30:.1f} GiB free at {layout.data}"
    yield Finding(
        "disk", free >= DISK_BYTES_MIN, detail, "Free some space; writes stop, and nothing is lost, when it is full."
    )
    yield Finding("folder", os.access(folder, os.W_OK), str(folder), f"Make it writable: chown -R $USER {folder}")


def _stores(layout: Layout) -> Iterator[Finding]:
    for service in SERVICES:
        path = layout.data / "store" / f"{service}.sqlite3"
        if not path.exists():
            continue
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as store:
                version = store.execute("PRAGMA user_version").fetchone()[0]
                sound = store.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.Error as fault:
            yield Finding(
                f"store of {service}", False, str(fault), "Stop the platform and restore the file from a backup."
            )
            continue
        if version > SCHEMA_VERSION:
            mend = "The data was written by a newer Tiendo: check out that version, or restore an older backup."
            yield Finding(f"store of {service}", False, f"schema {version}, this code knows {SCHEMA_VERSION}", mend)
        elif version < SCHEMA_VERSION:
            yield Finding(
                f"store of {service}", True, f"schema {version}, will be brought to {SCHEMA_VERSION} at start"
            )
        else:
            yield Finding(
                f"store of {service}", sound == "ok", f"schema {version}, {sound}", "Restore it from a backup."
            )


def _running(layout: Layout) -> Iterator[Finding]:
    pid = _pid(layout)
    if not pid or not _alive(pid):
        yield Finding("platform", True, "not running; start it with `make run`")
        return
    for service in SERVICES:
        try:
            response = httpx.get(f"{layout.address(service)}/readyz", timeout=3.0, trust_env=False)
            detail = "ready" if response.status_code == httpx.codes.OK else response.text[:600]
            yield Finding(service, response.status_code == httpx.codes.OK, detail, f"Read {layout.log(service)}.")
        except httpx.TransportError as fault:
            yield Finding(service, False, f"does not answer ({type(fault).__name__})", f"Read {layout.log(service)}.")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
