"""One collection as SQLite tables: their columns, the texts of their statements, and a document as its row. Pure.

Table and field names are put into the texts: they come from declarations whose names were checked. Values are bound.
"""
# ruff: noqa: S608 - see above

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from shared.store.documents import Collection, Document, Scalar
from shared.store.pending import event_id_of
from shared.store.validate import check_content, encode, queried_fields

Waiting = tuple[int, str, str]
"""`pending_ms`, the ids of the events and the events, both as JSON lists."""


@dataclass(frozen=True, slots=True)
class Row:
    """A document as it is stored. `fields`: one value for each column of a field, in the order of the table."""

    id: str
    waiting: Waiting | None
    fields: tuple[Scalar | None, ...]
    content: str

    @property
    def values(self) -> tuple[Any, ...]:
        """What `Table.insert` binds."""
        return (self.id, *self.fields, self.content)


class Table:
    """The texts of one collection's statements, each made once.

    `also`: fields that have a column in the file although this code declares no index on them any more. They are
    written all the same, so that the index is right when some version of the code declares it again.
    """

    def __init__(self, collection: Collection, *, also: Iterable[str] = ()) -> None:
        self.collection = collection
        self.name = name = collection.name
        self.emits = collection.emits
        self.queried = queried_fields(collection)
        named = dict.fromkeys((*self.queried, *also))
        self.fields = tuple(field for field in named if not (self.emits and field == "pending_ms"))
        self._columns = tuple(f'"f_{field}"' for field in self.fields)
        columns = ", ".join(["id", "rev", *self._columns, "content"])
        places = "?, " * len(self.fields)
        self.insert = f'INSERT INTO "{name}" ({columns}) VALUES (?, 1, {places}?) ON CONFLICT DO NOTHING'
        self.held = f'SELECT {", ".join(self._columns)} FROM "{name}" WHERE id = ? AND rev = ?'
        self.present = f'SELECT 1 FROM "{name}" WHERE id = ? AND rev = ?'
        self.delete = f'DELETE FROM "{name}" WHERE id = ?'
        self.delete_if = f'DELETE FROM "{name}" WHERE id = ? AND rev = ?'
        self.revisions = f'SELECT id, rev FROM "{name}" WHERE id > ? ORDER BY id LIMIT ?'
        self._replace: dict[tuple[int, ...], str] = {}
        self._reading(f"{name}__pending")

    def _reading(self, waits: str) -> None:
        """Texts in which the events that wait have a part; they stand in a table of their own."""
        if self.emits:
            self.source = f'"{self.name}" AS d LEFT JOIN "{waits}" AS p ON p.id = d.id'
            self.shown = "d.id, d.rev, p.pending_ms, p.pending, d.content"
        else:
            self.source, self.shown = f'"{self.name}" AS d', "d.id, d.rev, d.content"
        self.get = f"SELECT {self.shown} FROM {self.source} WHERE d.id = ?"
        self._get_many: dict[int, str] = {}
        self.waiting = f'SELECT id, rev, pending_ms, pending FROM "{waits}" ORDER BY pending_ms, id LIMIT ?'
        self.still_waits = f'SELECT pending_ms, pending FROM "{waits}" WHERE id = ? AND rev = ?'
        self.wait = f'INSERT OR REPLACE INTO "{waits}" VALUES (?, ?, ?, ?, ?)'
        self.told = f'DELETE FROM "{waits}" WHERE id = ?'
        self.told_if = f'DELETE FROM "{waits}" WHERE id = ? AND rev = ? AND pending_ids = ?'

    def column(self, field: str) -> str:
        """A field in a query over `source`."""
        if field == "_id":
            return "d.id"
        return "coalesce(p.pending_ms, 0)" if self.emits and field == "pending_ms" else f'd."f_{field}"'

    def get_many(self, count: int) -> str:
        """The query for so many ids at once. The rows come in no order."""
        text = self._get_many.get(count)
        if text is None:
            places = ", ".join("?" * count)
            text = self._get_many[count] = f"SELECT {self.shown} FROM {self.source} WHERE d.id IN ({places})"
        return text

    def replace(self, changed: tuple[int, ...]) -> str:
        """The update that writes the fields at these places of `fields` and leaves the other indexes alone."""
        text = self._replace.get(changed)
        if text is None:
            setting = "".join(f", {self._columns[n]} = ?" for n in changed)
            text = f'UPDATE "{self.name}" SET rev = rev + 1{setting}, content = ? WHERE id = ? AND rev = ?'
            self._replace[changed] = text
        return text

    def row(self, document: Document) -> Row:
        """The document as a row, after every check of the interface. Misuse on a bad document."""
        content = check_content(self.collection, document, self.queried)
        waiting: Waiting | None = None
        if self.emits:
            events, since_ms = content.pop("pending"), content.pop("pending_ms")
            if events:
                waiting = (since_ms, ids_text(events), encode(self.collection, events).decode())
        return Row(document["_id"], waiting, self.scalars(content), encode(self.collection, content).decode())

    def scalars(self, content: Document) -> tuple[Scalar | None, ...]:
        """The values of the fields that have a column; nothing where one is absent or no scalar."""
        return tuple(
            [value if isinstance(value, str | int | float) else None for value in map(content.get, self.fields)]
        )

    def document(self, row: tuple[Any, ...]) -> Document:
        """A row of `shown`, texts as bytes, as the document that the caller knows."""
        document: Document = orjson.loads(row[-1])
        document["_id"] = row[0].decode()
        document["rev"] = row[1]
        if self.emits:
            document["pending"] = orjson.loads(row[3]) if row[2] else []
            document["pending_ms"] = row[2] or 0
        return document


def ids_text(events: Iterable[Any]) -> str:
    """The ids of these events in their order, as they are kept beside them."""
    return orjson.dumps([event_id_of(event) for event in events]).decode()
