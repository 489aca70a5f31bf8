"""`tiendo backup` and `tiendo restore`: everything of the local platform that cannot be made anew, in one folder.

The stores are copied while the platform runs, each at one moment of its own, consumers before those whose events they
follow: what a copy lacks of another service is published again from that service's journal when the copies start. The
broker is not copied: it is rebuilt from the journals. A folder under its final name is whole and was read back.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.layout import Layout
from shared.errors import Permanent
from shared.store.sqlite_schema import SCHEMA_VERSION

ORDER = ("dashboard", "notify", "scoring", "intake")
MANIFEST = "backup.json"
KEPT = ("token_secret", "clock.json", "local.json")
"""The secret makes calendar addresses and links in mails go on working: a backup is to be kept as closely as it."""
EVIDENCE = "evidence"
"""Files under the hash of their content; copied after intake's store, so that every file it names is there."""


@dataclass(frozen=True, slots=True)
class Copied:
    """One file of a backup: its path within the folder, its size, and the SHA-256 of its content."""

    path: str
    bytes: int
    sha256: str


def back_up(layout: Layout, folder: Path, *, now: str) -> list[Copied]:
    """Copy the platform's data into `folder`, which must not exist yet. `now`: ISO instant, written into the manifest.

    Permanent, with nothing left behind, when there is no data, the folder is there, or a copy is not sound.
    """
    if not any((layout.data / "store").glob("*.sqlite3")):
        raise Permanent(f"{layout.data} holds no stores: there is nothing to back up")
    if folder.exists():
        raise Permanent(f"{folder} is there already; name a folder that is not, as a backup is never written over")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700, parents=True)
    try:
        for service in ORDER:
            _copy_store(layout, service, part)
        for path in (layout.data / EVIDENCE).glob("[0-9a-f][0-9a-f]/*"):  # what is still being sent stands elsewhere
            _copy(path, part / path.relative_to(layout.data))
        for name in KEPT:
            if (layout.data / name).exists():
                _copy(layout.data / name, part / name)
        found = list(_files(part))
        held = {"made_at": now, "store_version": SCHEMA_VERSION, "files": [asdict(one) for one in found]}
        (part / MANIFEST).write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
        os.sync()
        part.rename(folder)
    except (OSError, sqlite3.Error) as fault:
        raise Permanent(f"the backup was given up: {fault}") from fault
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return found


def check(folder: Path) -> list[Copied]:
    """The files of a backup, after reading each of them. Permanent names the first that is missing or was changed."""
    try:
        held = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version, told = int(held["store_version"]), [Copied(**one) for one in held["files"]]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise Permanent(f"{folder} is not a whole backup: {MANIFEST} cannot be read ({fault})") from fault
    if version > SCHEMA_VERSION:
        raise Permanent(
            f"the backup has store version {version}, this program knows {SCHEMA_VERSION}: use a newer Tiendo"
        )
    found = {one.path: one for one in _files(folder)}
    for one in told:
        if found.get(one.path) != one:
            what = "was changed" if one.path in found else "is missing"
            raise Permanent(f"{folder / one.path} {what}: this backup cannot be trusted, take another")
    return told


def restore(layout: Layout, folder: Path) -> list[Copied]:
    """Check a backup and make it this platform's data, which must be away. Permanent with nothing changed otherwise."""
    told = check(folder)
    if layout.data.exists() and any(layout.data.iterdir()):
        raise Permanent(
            f"{layout.data} is not empty; stop the platform and move it away: mv {layout.data} {layout.data}.before"
        )
    part = layout.data.with_name(f"{layout.data.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        for one in told:
            _copy(folder / one.path, part / one.path)
        if layout.data.exists():
            layout.data.rmdir()
        part.rename(layout.data)
    except OSError as fault:
        raise Permanent(f"nothing was restored: {fault}") from fault
    finally:
        shutil.rmtree(part, ignore_errors=True)
    layout.write_local(pid=None)
    return told


def _copy_store(layout: Layout, service: str, part: Path) -> None:
    """One moment of a store, also while it is written to; read back page by page."""
    source = layout.data / "store" / f"{service}.sqlite3"
    if not source.exists():
        return
    copy = part / "store" / source.name
    copy.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as store:
        store.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as store:
        sound = store.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if sound != "ok":
        raise Permanent(f"the store of {service} is damaged ({sound}): `tiendo doctor` says what to do")


def _copy(path: Path, to: Path) -> None:
    """With the rights of the original: some hold secrets."""
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy2(path, to)


def _files(folder: Path) -> Iterator[Copied]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            yield Copied(str(path.relative_to(folder)), path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
