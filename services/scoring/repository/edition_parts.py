"""The texts of sealed files, in parts that fit a document. Written before the record that names them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from services.scoring.domain.editions.files import File, Part
from services.scoring.repository.collections import EDITION_PARTS
from shared.store.documents import Document, Documents, scan

AT_ONCE = 16
"""Parts in one commit, or read at once: some 8 MiB."""


class EditionParts:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def keep(self, folder: str, files: Mapping[str, Sequence[Part]]) -> None:
        """Store the parts of a folder. What is there already stays: writing again finishes what a crash cut off."""
        documents = [_document(folder, kind, part) for kind, parts in sorted(files.items()) for part in parts]
        for start in range(0, len(documents), AT_ONCE):
            await self._store.insert_many(EDITION_PARTS.name, documents[start : start + AT_ONCE])

    async def texts(self, folder: str, file: File) -> list[str | None]:
        """The text of every part of a file, None where it is missing."""
        return [text async for text in self.each(folder, file)]

    async def each(self, folder: str, file: File, *, first: int = 0) -> AsyncIterator[str | None]:
        """The texts of the parts from `first` on, a few at a time."""
        for start in range(first, len(file.parts), AT_ONCE):
            ids = [_id(folder, file.kind, number) for number in range(start, min(start + AT_ONCE, len(file.parts)))]
            found = {held["_id"]: held["text"] for held in await self._store.get_many(EDITION_PARTS.name, ids)}
            for id in ids:
                yield found.get(id)

    async def forget(self, folder: str) -> None:
        """Delete the parts of a proposal that is void."""
        ids = [
            held["_id"] async for held in scan(self._store, EDITION_PARTS.name, {"folder": folder}, page_size=AT_ONCE)
        ]
        for id in ids:
            await self._store.delete(EDITION_PARTS.name, id)


def _document(folder: str, kind: str, part: Part) -> Document:
    return {"_id": _id(folder, kind, part.number), "folder": folder, "kind": kind, "text": part.text}


def _id(folder: str, kind: str, number: int) -> str:
    return f"part-{folder}-{kind}-{number:06d}"
