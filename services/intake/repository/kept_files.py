"""Evidence files: their bytes on disk under their hash, and a document per unit that gave them.

The bytes are complete and synced before the document is written. A crash between leaves bytes without a document:
nobody can ask for them, and the next upload of the same file takes them over. Bytes are never changed or removed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from services.intake.domain.imports import Upload
from services.intake.domain.kept_files import KeptFile
from services.intake.formats.sniff import media_type_of
from services.intake.repository.collections import KEPT_FILES
from services.intake.repository.import_files import received, sync_folder, upload_path
from shared.store.documents import Document, Documents


class KeptFiles:
    """The evidence of one store, its bytes in one folder."""

    def __init__(self, store: Documents, folder: Path) -> None:
        self._store = store
        self._folder = folder

    async def receive(self, chunks: AsyncIterator[bytes]) -> Upload:
        """Write the stream to disk, synced, not yet kept."""
        return await received(self._folder, "upload", secrets.token_hex(8), chunks)

    async def media_type(self, upload: Upload, claimed: str) -> str:
        """What the upload is, which must be what it was called. FileFault otherwise."""
        return await asyncio.to_thread(media_type_of, self._upload(upload), claimed)

    async def keep(self, upload: Upload, file: KeptFile) -> tuple[KeptFile, bool]:
        """Keep the upload as this unit's file, and whether that is new. The first name that it had stays."""
        await asyncio.to_thread(_placed, self._upload(upload), self.path(file.sha256))
        document: Document = {"_id": _id(file.unit, file.sha256), **file.model_dump(mode="json")}
        if await self._store.insert(KEPT_FILES.name, document):
            return file, True
        return await self.get(file.unit, file.sha256) or file, False

    async def drop(self, upload: Upload) -> None:
        """Remove an upload that is not wanted."""
        await asyncio.to_thread(self._upload(upload).unlink, missing_ok=True)

    async def get(self, unit: str, sha256: str) -> KeptFile | None:
        document = await self._store.get(KEPT_FILES.name, _id(unit, sha256))
        return None if document is None else KeptFile.model_validate(document)

    async def any(self, sha256: str) -> KeptFile | None:
        """The file as one of the units gave it."""
        page = await self._store.find(KEPT_FILES.name, {"sha256": sha256}, limit=1)
        return KeptFile.model_validate(page.documents[0]) if page.documents else None

    async def missing(self, unit: str, files: Iterable[str]) -> frozenset[str]:
        """Those of the files that the unit has not uploaded."""
        wanted = list(files)
        held = await self._store.get_many(KEPT_FILES.name, [_id(unit, sha256) for sha256 in wanted])
        return frozenset(wanted) - {document["sha256"] for document in held}

    def path(self, sha256: str) -> Path:
        """Where the bytes of a file stand: a folder per first two digits keeps folders small."""
        return self._folder / sha256[:2] / sha256

    def _upload(self, upload: Upload) -> Path:
        return upload_path(self._folder, upload.id, upload.token)


def _placed(upload: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    upload.replace(place)
    sync_folder(place.parent)
    sync_folder(place.parent.parent)


def _id(unit: str, sha256: str) -> str:
    return f"kept-{sha256}-{unit}"
