"""From a configured address to the store of a service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from shared.errors import Misuse, Transient
from shared.store.documents import Collection, Documents


async def open_store(url: str, *, database: str, collections: Sequence[Collection]) -> Documents:
    """The store at `sqlite:///absolute/path/file.sqlite3`, or `mongodb://...` (or `mongodb+srv://...`) with `database`.

    A SQLite file belongs to one service, so `database` says nothing there; its folder is created. Misuse on another
    address or a bad declaration, SchemaMismatch when the store disagrees with it, Transient when it does not answer.
    """
    address = urlsplit(url)
    if address.scheme in ("mongodb", "mongodb+srv"):
        from shared.store.mongo import MongoDocuments

        return await MongoDocuments.connect(url, database, collections)
    if address.scheme == "sqlite" and not address.netloc and address.path.startswith("/") and len(address.path) > 1:
        from shared.store.embedded import EmbeddedDocuments

        path = Path(unquote(address.path))
        await asyncio.to_thread(_make_folder, path.parent)
        return await EmbeddedDocuments.connect(path, collections)
    raise Misuse(
        f"store address must be sqlite:///absolute/path or mongodb://..., not one of scheme {address.scheme!r}"
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise Transient(f"store: the folder {folder} cannot be made; check its owner, its mode and the disk") from err
