"""Evidence files: take one, find one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from services.intake.domain.audit import REGISTRY
from services.intake.domain.imports import Upload
from services.intake.domain.kept_files import KeptFile
from services.intake.domain.units import Registered
from services.intake.formats.sniff import safe_name
from shared.audit.log import Audit
from shared.clock import Clock
from shared.refusal import Refusal, not_found


class FileStore(Protocol):
    async def receive(self, chunks: AsyncIterator[bytes]) -> Upload: ...
    async def media_type(self, upload: Upload, claimed: str) -> str: ...
    async def keep(self, upload: Upload, file: KeptFile) -> tuple[KeptFile, bool]: ...
    async def drop(self, upload: Upload) -> None: ...
    async def get(self, unit: str, sha256: str) -> KeptFile | None: ...
    async def any(self, sha256: str) -> KeptFile | None: ...
    def path(self, sha256: str) -> Path: ...


class UnitStore(Protocol):
    async def get(self, unit: str) -> Registered | None: ...


class KeepEvidence:
    """Takes and gives evidence files. `files` None: this installation keeps none."""

    def __init__(self, *, files: FileStore | None, units: UnitStore, audit: Audit, clock: Clock) -> None:
        self._files = files
        self._units = units
        self._audit = audit
        self._clock = clock

    async def take(
        self, chunks: AsyncIterator[bytes], *, unit: str, name: str, media_type: str, by: str
    ) -> tuple[KeptFile, bool]:
        """The unit's file, and whether it is new. FileFault when it is not of a type that is taken."""
        files = self._kept()
        if await self._units.get(unit) is None:
            raise not_found(f"đơn vị {unit}", f"unit {unit}")
        upload = await files.receive(chunks)
        try:
            found = await files.media_type(upload, media_type)
            now_ms = self._clock.now_ms()
            file = KeptFile(
                sha256=upload.sha256,
                unit=unit,
                name=safe_name(name),
                media_type=found,
                bytes=upload.bytes,
                uploaded_by=by,
                uploaded_at_ms=now_ms,
            )
            kept, is_new = await files.keep(upload, file)
        except BaseException:
            await files.drop(upload)
            raise
        if is_new:
            await self._audit.record(
                REGISTRY, "evidence.received", kept.sha256, by=by, at_ms=now_ms, unit=unit, bytes=kept.bytes
            )
        return kept, is_new

    async def find(self, sha256: str, *, unit: str | None) -> tuple[KeptFile, Path]:
        """The file and where its bytes are: of one unit, or with None of any."""
        files = self._kept()
        file = await (files.get(unit, sha256) if unit else files.any(sha256))
        if file is None:
            raise not_found(f"tệp minh chứng {sha256}", f"evidence file {sha256}")
        return file, files.path(sha256)

    def _kept(self) -> FileStore:
        if self._files is None:
            raise Refusal(
                "state",
                "Hệ thống này không lưu tệp minh chứng; hãy dùng số văn bản hoặc liên kết.",
                "This installation keeps no evidence files; name a document number or a link.",
            )
        return self._files
