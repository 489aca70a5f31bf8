"""The files of imports on disk: received whole, read once by a child process into parts, forgotten when done.

A file is written beside its place, synced and renamed: what has its name is complete. What a crash leaves: an upload
that was never finished, a file whose job was never written, parts of a job; `sweep` removes them at a later start, and
parts are written anew before they are read.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from services.intake.domain.imports import Job, Upload
from services.intake.formats.faults import FileFault
from services.intake.formats.reading import Order
from services.intake.formats.records import Record
from services.intake.formats.spool import parts_for, read_part
from shared.errors import Permanent

READ_SECONDS_MAX = 120.0
TOLD_BYTES_MAX = 1024 * 1024
ABANDONED_SECONDS = 3600.0


class ReadingStopped(Permanent):
    """The child process that reads a file was stopped by its bounds, or broke."""


class ImportFiles:
    """The files in one folder. Instances that share a folder can take over each other's jobs.

    A file's name holds the import's id and the start of its hash, so that of two uploads under one id neither can
    take the place of the other.
    """

    def __init__(self, folder: Path, *, rows_max: int) -> None:
        self._folder = folder
        self._rows_max = rows_max

    async def receive(self, id: str, chunks: AsyncIterator[bytes]) -> Upload:
        """Write the stream to disk, synced. Nothing stays when the stream breaks."""
        token = secrets.token_hex(8)
        return await received(self._folder, id, token, chunks)

    async def keep(self, upload: Upload) -> None:
        """The upload is the import's file from now on."""
        await asyncio.to_thread(_renamed, self._upload(upload), self._body(upload.id, upload.sha256))

    async def drop(self, upload: Upload) -> None:
        """Remove an upload that is not wanted."""
        await asyncio.to_thread(self._upload(upload).unlink, missing_ok=True)

    async def has(self, job: Job) -> bool:
        return await asyncio.to_thread(self._file(job).is_file)

    async def cut(self, job: Job) -> list[int]:
        """Read the file into parts; rows of each. FileFault for its faults, ReadingStopped when it cannot be read."""
        folder = self._parts(job)
        await asyncio.to_thread(_emptied, folder)
        order = Order(
            path=self._file(job),
            folder=folder,
            format=job.sent.format,
            decimal=job.sent.decimal,
            parts=parts_for(job.sent.bytes),
            rows_max=self._rows_max,
            reach=job.sent.reach,
        )
        told = await _child(order)
        if "fault" in told:
            raise FileFault.of(told["fault"])
        counts: list[int] = told["rows_by_part"]
        return counts

    async def part(self, job: Job, part: int) -> list[Record]:
        """The records of one part."""
        return await asyncio.to_thread(read_part, self._parts(job), part)

    async def forget(self, job: Job) -> None:
        """Remove what there is of an import."""
        await asyncio.to_thread(_removed, [self._file(job), self._parts(job)])

    async def sweep(self, is_wanted: Callable[[str], Awaitable[bool]]) -> None:
        """Remove what nobody has written to for an hour: uploads, and files of imports that are not wanted."""
        for path in await asyncio.to_thread(_abandoned, self._folder):
            if path.suffix == ".upload" or not await is_wanted(path.name.split(".")[0]):
                await asyncio.to_thread(_removed, [path])

    def _upload(self, upload: Upload) -> Path:
        return upload_path(self._folder, upload.id, upload.token)

    def _file(self, job: Job) -> Path:
        return self._body(job.id, job.sent.sha256)

    def _body(self, id: str, sha256: str) -> Path:
        return self._folder / f"{id}.{sha256[:16]}.body"

    def _parts(self, job: Job) -> Path:
        return self._folder / f"{job.id}.{job.sent.sha256[:16]}.parts"


def upload_path(folder: Path, id: str, token: str) -> Path:
    """Where an upload stands until it is kept or dropped."""
    return folder / f"{id}.{token}.upload"


async def received(folder: Path, id: str, token: str, chunks: AsyncIterator[bytes]) -> Upload:
    """Write a stream to its upload path, synced, and hash it on the way. Nothing stays when the stream breaks."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    path = upload_path(folder, id, token)
    digest, size = hashlib.sha256(), 0
    file = await asyncio.to_thread(path.open, "xb")
    try:
        async for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            await asyncio.to_thread(file.write, chunk)
        await asyncio.to_thread(_synced, file)
    except BaseException:
        file.close()
        path.unlink(missing_ok=True)
        raise
    return Upload(id=id, token=token, sha256=digest.hexdigest(), bytes=size)


def _synced(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _renamed(path: Path, place: Path) -> None:
    path.replace(place)
    sync_folder(place.parent)


def _removed(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _abandoned(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    probe = folder / f"probe-{os.getpid()}"
    probe.touch()
    # The file system's own time: the clock of the service may be virtual.
    now = probe.stat().st_mtime
    probe.unlink()
    found = []
    for path in folder.glob("import-*"):
        with contextlib.suppress(FileNotFoundError):
            if now - path.stat().st_mtime > ABANDONED_SECONDS:
                found.append(path)
    return found


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)


async def _child(order: Order) -> dict[str, Any]:
    """What the reading process tells. It is stopped when it takes too long, or when the caller is cancelled."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.intake.formats.reading"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[3],
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(READ_SECONDS_MAX):
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(order.model_dump_json().encode())
            with contextlib.suppress(ConnectionError):  # it ended early: its exit code says so
                await child.stdin.drain()
            child.stdin.close()
            told = await child.stdout.read(TOLD_BYTES_MAX)
            code = await child.wait()
    except TimeoutError as error:
        raise ReadingStopped("reading took too long") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if code != 0:
        raise ReadingStopped(f"reading ended with {code}")
    held: dict[str, Any] = orjson.loads(told)
    return held
