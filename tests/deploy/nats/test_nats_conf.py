"""The generated nats.conf: accepted by the installed server, and as narrow as promised."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.nats.nats_conf import Access, Cluster, Local, Production, TlsFiles, nats_conf, platform_access
from shared.errors import Permanent, Transient
from shared.nats.connection import Connection, Identity, connect
from shared.nats.jetstream_api import api_request
from shared.nats.publisher import Publisher
from shared.nats.streams import ADVISORY, COMMON, OWNED, ensure_stream
from shared.store.embedded import EmbeddedDocuments
from tests.contract.nats.world import COLLECTIONS, Seen, broker, event, until_answer
from tests.support.nats_server import NatsServer
from tests.support.waiting import until

NEW = (2, 14, 0)
DEBIAN = (2, 9, 10)
PRODUCTION = Production("n1", "127.0.0.1", 4222, Path("/data"), None, platform_access())


def _accepted(tmp_path: Path, text: str) -> None:
    file = tmp_path / "nats.conf"
    file.write_text(text)
    names = re.findall(r"\$(NATS_PASSWORD_[A-Z]+)", text)
    done = subprocess.run(
        ["nats-server", "-t", "-c", str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **dict.fromkeys(names, "secret")},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("token", [None, 'a "quoted" token'])
def test_the_local_file_is_accepted_by_the_installed_server(tmp_path: Path, token: str | None) -> None:
    text = nats_conf(DEBIAN, Local(4222, tmp_path / "a folder", token=token, monitor_port=8222))
    _accepted(tmp_path, text)
    assert 'listen: "127.0.0.1:4222"' in text


def test_sync_always_is_asked_of_servers_that_know_it() -> None:
    assert "sync_interval" not in nats_conf(DEBIAN, Local(4222, Path("/data")))
    assert "sync_interval: always" in nats_conf((2, 10, 0), Local(4222, Path("/data")))
    assert "sync_interval: always" in nats_conf(NEW, PRODUCTION)


def test_production_refuses_an_old_server() -> None:
    with pytest.raises(ValueError, match=r"2\.10\.23"):
        nats_conf(DEBIAN, PRODUCTION)


def test_production_names_its_tls_files_and_its_cluster() -> None:
    files = TlsFiles(Path("/tls/cert.pem"), Path("/tls/key.pem"), Path("/tls/ca.pem"))
    cluster = Cluster("tiendo", 6222, ("nats://n2:6222", "nats://n3:6222"))
    text = nats_conf(NEW, replace(PRODUCTION, tls=files, cluster=cluster))
    assert text.count('cert_file: "/tls/cert.pem"') == 2, "clients and routes"
    assert 'routes: [ "nats://n2:6222", "nats://n3:6222" ]' in text


def test_each_service_may_use_only_its_own_subjects_durables_and_inbox() -> None:
    text = nats_conf(NEW, PRODUCTION)
    users = dict(re.findall(r"\{ user: (\w+), .*?\n(.*?)\n      \} \}", text, flags=re.DOTALL))
    assert {"intake", "scoring", "notify", "dashboard", "provision", "operator"} <= set(users)
    assert '"tiendo.score.>"' in users["scoring"]
    assert '"tiendo.report.>"' not in users["scoring"]
    assert '"$JS.ACK.INTAKE.scoring-report.>"' in users["scoring"]
    assert "notify-" not in users["scoring"]
    assert "STREAM.CREATE" not in "".join(users[name] for name in users if name != "provision")
    assert all(f'"_INBOX_{name}.>"' in said for name, said in users.items())
    assert '"tiendo.' not in users["dashboard"], "it emits nothing"


def test_no_password_is_in_the_file() -> None:
    found = re.findall(r"password: (\S+?)[,\s]", nats_conf(NEW, PRODUCTION))
    assert found
    assert all(value.startswith("$NATS_PASSWORD_") for value in found)


@pytest.mark.anyio
async def test_with_these_permissions_a_service_works_and_can_do_no_more(tmp_path: Path) -> None:
    """On the installed server, so without what only newer ones know; the permissions are the same text."""
    server = NatsServer(tmp_path / "nats")
    access = (Access("intake", OWNED[0], ()), Access("scoring", OWNED[1], ("tiendo.report.>",)))
    production = replace(PRODUCTION, port=server.port, store_dir=server.store_dir, services=access)
    text = nats_conf(NEW, production).replace("  sync_interval: always\n", "")
    server.start(re.sub(r"\$NATS_PASSWORD_[A-Z]+", "secret", text))
    opened: list[Connection] = []

    async def as_user(name: str) -> Connection:
        opened.append(await connect(url=server.url, name=name, identity=Identity(user=name, password="secret")))
        return opened[-1]

    provision = await as_user("provision")
    for spec in (*OWNED, *COMMON):
        await until_answer(lambda spec=spec: ensure_stream(provision, spec))  # type: ignore[misc]
    store = await EmbeddedDocuments.connect(tmp_path / "store.sqlite3", COLLECTIONS)
    seen = Seen()
    scoring = broker(
        server.url,
        store,
        {"tiendo.report.>": seen},
        owned_stream=None,
        emitting_collections=[],
        identity=Identity(user="scoring", password="secret"),
        may_create_streams=False,
    )
    await scoring.start()
    intake = await as_user("intake")
    await Publisher(intake).publish_event(event(1))
    await until(lambda: seen.ids == [event(1).id])
    await until_answer(lambda: _settled(scoring))
    assert scoring.ready() == []

    with pytest.raises(Transient):
        await Publisher(scoring.connection, retry_seconds_max=0.1).publish_event(event(2))
    assert scoring.connection.refused is not None
    with pytest.raises((Transient, Permanent)):
        await api_request(intake, f"STREAM.DELETE.{ADVISORY.name}")
    assert seen.ids == [event(1).id]
    await scoring.stop()
    for connection in opened:
        await connection.aclose()
    await store.aclose()
    server.stop()


async def _settled(service: object) -> bool:
    return bool((await service.settled()).is_settled)  # type: ignore[attr-defined]
