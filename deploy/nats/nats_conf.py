"""`nats.conf` for a server version and a profile. Pure: text in, text out.

Local: loopback, JetStream in a folder, no users. Production: TLS, one user per service with least privilege (its own
inbox prefix, its own subjects, only its own durables), a `provision` user that alone creates streams, and an
`operator` user for dead letters. Wildcards are whole tokens, so every durable is named. Passwords come from the
environment of the server, `NATS_PASSWORD_<USER>`, and must begin with a letter; the file holds none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.events.catalog import CATALOG
from shared.nats.streams import COMMON, DLQ, DLQ_HANDLED, GIB, OWNED, StreamSpec, durable_name, owner_of

Version = tuple[int, int, int]
SYNC_INTERVAL_SINCE: Version = (2, 10, 0)
PRODUCTION_SINCE: Version = (2, 10, 23)
PAYLOAD_BYTES_MAX = 1024 * 1024
PING_INTERVAL_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Local:
    """One server for `make run` and tests, on loopback only. A `token` is asked for when one is given."""

    port: int
    store_dir: Path
    token: str | None = None
    file_bytes_max: int = 8 * GIB
    monitor_port: int | None = None


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of the server, readable by it."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True, slots=True)
class Cluster:
    """The other servers of an R3 cluster."""

    name: str
    port: int
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """What one service does at the broker: the stream that it owns, and the patterns that it subscribes to."""

    service: str
    owned: StreamSpec | None
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Production:
    """One server of production. `tls` None only where something in front terminates TLS."""

    server_name: str
    host: str
    port: int
    store_dir: Path
    tls: TlsFiles | None
    services: tuple[Access, ...]
    file_bytes_max: int = 64 * GIB
    cluster: Cluster | None = None


def nats_conf(version: Version, profile: Local | Production) -> str:
    """The configuration file. ValueError for a production server that is too old to be trusted with power failures."""
    if isinstance(profile, Local):
        return _local(version, profile)
    if version < PRODUCTION_SINCE:
        wanted = ".".join(map(str, PRODUCTION_SINCE))
        raise ValueError(f"production needs nats-server {wanted} or newer")
    return _production(version, profile)


def platform_access() -> tuple[Access, ...]:
    """Who owns and who consumes what, from the event catalogue: one subscription per noun."""
    owners = {spec.name.lower(): spec for spec in OWNED}
    names = sorted({name for row in CATALOG for name in (row.producer, *row.consumers)})
    return tuple(Access(name, owners.get(name), _consumed_by(name)) for name in names)


def _consumed_by(service: str) -> tuple[str, ...]:
    nouns = dict.fromkeys(row.name.split(".")[0] for row in CATALOG if service in row.consumers)
    return tuple(f"tiendo.{noun}.>" for noun in nouns)


def _local(version: Version, profile: Local) -> str:
    lines = [
        "server_name: tiendo-local",
        f'listen: "127.0.0.1:{profile.port}"',
        *([f'http: "127.0.0.1:{profile.monitor_port}"'] if profile.monitor_port else []),
        *_limits(),
        *_jetstream(version, profile.store_dir, profile.file_bytes_max),
        *([f"authorization {{ token: {_quoted(profile.token)} }}"] if profile.token else []),
    ]
    return "\n".join(lines) + "\n"


def _production(version: Version, profile: Production) -> str:
    users = [_user(one.service, _service_subjects(one)) for one in profile.services]
    lines = [
        f"server_name: {_quoted(profile.server_name)}",
        f"listen: {_quoted(f'{profile.host}:{profile.port}')}",
        *_limits(),
        *_jetstream(version, profile.store_dir, profile.file_bytes_max),
        *_tls(profile.tls),
        *_cluster(profile.cluster, profile.tls),
        "accounts {",
        "  TIENDO {",
        "    jetstream: enabled",
        "    users: [",
        *users,
        _user("provision", [f"$JS.API.STREAM.{verb}.*" for verb in ("CREATE", "UPDATE", "INFO")]),
        _user("operator", _operator_subjects()),
        "    ]",
        "  }",
        "  SYS { users: [ { user: system, password: $NATS_PASSWORD_SYSTEM } ] }",
        "}",
        "system_account: SYS",
    ]
    return "\n".join(lines) + "\n"


def _limits() -> list[str]:
    return [f"max_payload: {PAYLOAD_BYTES_MAX}", f'ping_interval: "{PING_INTERVAL_SECONDS}s"', "ping_max: 2"]


def _jetstream(version: Version, store_dir: Path, file_bytes_max: int) -> list[str]:
    # Before 2.10 the server syncs every minute and knows no other way: it refuses a file that names one.
    syncs = ["  sync_interval: always"] if version >= SYNC_INTERVAL_SINCE else []
    return [
        "jetstream {",
        f"  store_dir: {_quoted(str(store_dir))}",
        f"  max_file_store: {file_bytes_max}",
        f"  max_memory_store: {64 * 1024**2}",
        *syncs,
        "}",
    ]


def _tls(files: TlsFiles | None) -> list[str]:
    if files is None:
        return []
    return [
        "tls {",
        f"  cert_file: {_quoted(str(files.certificate))}",
        f"  key_file: {_quoted(str(files.key))}",
        f"  ca_file: {_quoted(str(files.authority))}",
        '  min_version: "1.2"',
        "}",
    ]


def _cluster(cluster: Cluster | None, files: TlsFiles | None) -> list[str]:
    if cluster is None:
        return []
    routes = ", ".join(_quoted(route) for route in cluster.routes)
    inner = [f"  name: {_quoted(cluster.name)}", f"  port: {cluster.port}", f"  routes: [ {routes} ]"]
    return ["cluster {", *inner, *("  " + line for line in _tls(files)), "}"]


def _service_subjects(access: Access) -> list[str]:
    """Where a service may publish: its events, its dead letters, and the API of its own stream and durables."""
    owned = [access.owned] if access.owned else []
    consumed = {pattern: owner_of(pattern).name for pattern in access.patterns}
    streams = dict.fromkeys([*(spec.name for spec in (*owned, *COMMON)), *consumed.values()])
    subjects = [subject for spec in owned for subject in spec.subjects]
    subjects += [f"$JS.API.STREAM.INFO.{stream}" for stream in streams]
    subjects += [f"$JS.API.STREAM.MSG.GET.{stream}" for stream in dict.fromkeys(consumed.values())]
    for pattern, stream in consumed.items():
        durable = durable_name(access.service, pattern)
        subjects += [f"tiendo_dlq.{durable}.>", f"$JS.ACK.{stream}.{durable}.>"]
        subjects += [f"$JS.API.CONSUMER.{verb}.{stream}.{durable}" for verb in ("INFO", "DELETE", "MSG.NEXT")]
        subjects += [f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{durable}"]
    return subjects


def _operator_subjects() -> list[str]:
    subjects = [subject for spec in OWNED for subject in spec.subjects]
    infos = [f"$JS.API.STREAM.INFO.{spec.name}" for spec in (*OWNED, *COMMON)]
    return [*subjects, *DLQ_HANDLED.subjects, *infos, f"$JS.API.STREAM.MSG.GET.{DLQ.name}"]


def _user(name: str, publish: Sequence[str]) -> str:
    allowed = ", ".join(_quoted(subject) for subject in publish)
    return (
        f"      {{ user: {name}, password: $NATS_PASSWORD_{name.upper()}, permissions: {{\n"
        f"        publish: {{ allow: [ {allowed} ] }}\n"
        f"        subscribe: {{ allow: [ {_quoted(f'_INBOX_{name}.>')} ] }}\n"
        "      } }"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
