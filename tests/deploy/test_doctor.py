"""`tiendo doctor`: each thing that can be wrong on a machine is found, named, and said how to mend."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.local.doctor import Finding, examine
from deploy.local.layout import HOST, SERVICES, Layout, Ports
from shared.store.sqlite_schema import SCHEMA_VERSION


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(data=tmp_path / "data", ports=Ports.free())


def findings(layout: Layout) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(layout)}


def wrong(layout: Layout) -> dict[str, Finding]:
    return {what: finding for what, finding in findings(layout).items() if not finding.fine}


def store_of(layout: Layout, service: str, *, version: int = SCHEMA_VERSION) -> Path:
    path = layout.data / "store" / f"{service}.sqlite3"
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as store:
        store.execute("CREATE TABLE held (text)")
        store.executemany("INSERT INTO held VALUES (?)", [("x" * 900,)] * 100)
        store.execute(f"PRAGMA user_version={version}")
        store.commit()
    return path


@contextmanager
def answering(port: int, *, status: int, body: bytes = b"") -> Iterator[None]:
    """A service that answers everything in one way."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer((HOST, port), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def ended_process() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_on_a_machine_that_is_set_up_nothing_is_wrong_and_nothing_is_made(layout: Layout) -> None:
    assert wrong(layout) == {}
    assert findings(layout)["platform"].detail == "not running; start it with `make run`"
    assert not layout.data.exists(), "looking changes nothing"


def test_a_port_that_a_stranger_has_is_named_with_the_setting_that_moves_it(layout: Layout) -> None:
    with closing(socket.socket()) as stranger:
        stranger.bind((HOST, layout.ports.intake))
        stranger.listen()
        finding = wrong(layout)[f"port {layout.ports.intake}"]
    assert finding.detail == "taken, intake cannot listen there"
    assert f"sport = :{layout.ports.intake}" in finding.mend
    assert "TIENDO_LOCAL_INTAKE_PORT=" in finding.mend


def test_ports_of_the_platform_itself_are_no_fault(layout: Layout) -> None:
    layout.data.mkdir()
    layout.write_local(pid=os.getpid())
    with answering(layout.ports.intake, status=200):
        assert f"port {layout.ports.intake}" not in findings(layout)


def test_a_store_that_is_broken_is_named_and_one_that_is_sound_is_not(layout: Layout) -> None:
    store_of(layout, "scoring")
    path = store_of(layout, "intake")
    held = path.read_bytes()
    path.write_bytes(held[:4096] + b"\xff" * (len(held) - 4096))
    assert wrong(layout).keys() == {"store of intake"}
    assert "backup" in wrong(layout)["store of intake"].mend
    path.write_bytes(b"this is no database, but a text that somebody saved here by mistake" * 100)
    assert wrong(layout).keys() == {"store of intake"}
    assert findings(layout)["store of scoring"].detail == f"schema {SCHEMA_VERSION}, ok"


def test_a_store_of_a_newer_version_is_told_and_one_of_an_older_will_be_brought_up(layout: Layout) -> None:
    store_of(layout, "intake", version=SCHEMA_VERSION + 1)
    store_of(layout, "notify", version=SCHEMA_VERSION - 1)
    assert wrong(layout).keys() == {"store of intake"}
    assert "newer Tiendo" in wrong(layout)["store of intake"].mend
    assert f"will be brought to {SCHEMA_VERSION}" in findings(layout)["store of notify"].detail


def test_of_a_platform_that_runs_every_service_is_asked(layout: Layout) -> None:
    layout.data.mkdir()
    layout.write_local(pid=os.getpid())
    with answering(layout.ports.intake, status=200), answering(layout.ports.notify, status=503, body=b"broker: away"):
        found = findings(layout)
    assert {service: found[service].fine for service in SERVICES} == {
        **{"intake": True, "scoring": False, "notify": False, "dashboard": False}
    }
    assert found["notify"].detail == "broker: away"
    assert str(layout.log("notify")) in found["notify"].mend
    assert "does not answer" in found["scoring"].detail


@pytest.mark.parametrize("pid", [None, "ended"])
def test_a_platform_that_was_stopped_or_died_is_not_running(layout: Layout, pid: str | None) -> None:
    """Stopped, it leaves no process in its file; killed, it leaves one that is no more."""
    layout.data.mkdir()
    layout.write_local(pid=ended_process() if pid else None)
    assert wrong(layout) == {}
    assert findings(layout)["platform"].detail.startswith("not running")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "many"}'])
def test_what_the_last_start_left_may_be_unreadable(layout: Layout, text: str) -> None:
    layout.data.mkdir()
    layout.local_json.write_text(text, encoding="utf-8")
    assert wrong(layout).keys() == {"local.json"}
    assert "make run" in wrong(layout)["local.json"].mend
