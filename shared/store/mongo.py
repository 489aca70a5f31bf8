"""Documents in MongoDB, through motor: the production store, one database per service.

This file is the only importer of motor and pymongo, so that moving to another driver is one file. Writes are
acknowledged by the majority and journaled, reads are of the majority. Only what MongoDB and its test double agree on
is used: whole documents, guards on `_id` and `rev`, equality and one range, no transactions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from bson.int64 import Int64
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
    WTimeoutError,
)

from shared.errors import Permanent, TiendoError, Transient
from shared.store.declared import SchemaMismatch, declare, declared_collection, emitting_collection, index_name
from shared.store.documents import (
    FIND_LIMIT_MAX,
    Between,
    Collection,
    Document,
    Index,
    Page,
    PublishedEvents,
    Scalar,
)
from shared.store.pending import without_published
from shared.store.query import Span, plan
from shared.store.validate import (
    check_batch,
    check_content,
    check_id,
    check_ids,
    check_limit,
    check_revision,
    encode,
    queried_fields,
)

CALL_SECONDS_MAX = 10.0
"""One call, with finding a server, waiting for a connection and the driver's own retries."""
CONNECTIONS_MAX = 64

_DUPLICATE_KEY = 11000
_INDEX_CONFLICTS = frozenset({_DUPLICATE_KEY, 85, 86})
_TRANSIENT_CODES = frozenset({50, 89, 91, 112, 189, 262, 11600, 11602, 13388, 14031})
"""Time limits, shutdown, write conflict, stepping down, interruption, stale routing, no disk space."""


T = TypeVar("T")


class _PlainInt(TypeDecoder):
    """Int64 is a subclass of int that is written back wider; the interface gives plain ints."""

    bson_type = Int64

    def transform_bson(self, value: Any) -> int:
        return int(value)


_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(type_registry=TypeRegistry([_PlainInt()]))


class MongoDocuments:
    """`Documents` on MongoDB. Made by `connect`."""

    def __init__(self, client: AsyncIOMotorClient[Document], database: str, declared: Mapping[str, Collection]) -> None:
        self.has_pending = asyncio.Event()
        self._client = client
        self._database: AsyncIOMotorDatabase[Document] = client.get_database(database, codec_options=_CODEC)
        self._declared = declared
        self._queried = {name: queried_fields(collection) for name, collection in declared.items()}
        self._closed = False

    @classmethod
    async def connect(
        cls,
        url: str,
        database: str,
        collections: Sequence[Collection],
        *,
        call_seconds_max: float = CALL_SECONDS_MAX,
    ) -> MongoDocuments:
        """Connect and ensure the declared indexes.

        Misuse on a bad declaration, SchemaMismatch when an index there disagrees, Transient when no server answers,
        Permanent when it refuses us.
        """
        declared = declare(collections)
        client = _client(url, call_seconds_max)
        store = cls(client, database, declared)
        try:
            await store._ensure_indexes()
            for collection in declared.values():
                if collection.emits and await store.list_pending(collection.name, limit=1):
                    store.has_pending.set()
        except BaseException:
            await store.aclose()
            raise
        return store

    async def insert(self, collection: str, document: Document) -> bool:
        declared = declared_collection(self._declared, collection)
        self._check(declared, document)
        return await self._waking(self._insert(collection, {**document, "rev": 1}), [document])

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> list[bool]:
        declared = declared_collection(self._declared, collection)
        check_batch(documents)
        for document in documents:
            self._check(declared, document)
        fresh = [{**document, "rev": 1} for document in documents]
        return await self._waking(self._insert_many(collection, fresh), documents)

    async def get(self, collection: str, id: str) -> Document | None:
        declared_collection(self._declared, collection)
        with _boundary(f"reading {collection}"):
            found: Document | None = await self._at(collection).find_one({"_id": check_id(id)})
            return found

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document]:
        declared_collection(self._declared, collection)
        check_ids(ids)
        if not ids:
            return []
        with _boundary(f"reading {collection}"):
            found = await self._at(collection).find({"_id": {"$in": list(dict.fromkeys(ids))}}).to_list(len(ids))
        by_id = {document["_id"]: document for document in found}
        return [by_id[id] for id in ids if id in by_id]

    async def replace(self, collection: str, document: Document) -> bool:
        declared = declared_collection(self._declared, collection)
        rev = check_revision(document.get("rev"))
        self._check(declared, document)
        return await self._waking(self._replace(collection, {**document, "rev": rev + 1}, rev), [document])

    async def delete(self, collection: str, id: str, *, rev: int | None = None) -> bool:
        declared_collection(self._declared, collection)
        guard = {} if rev is None else {"rev": check_revision(rev)}
        with _boundary(f"deleting from {collection}"):
            result = await self._at(collection).delete_one({"_id": check_id(id), **guard})
        return bool(result.deleted_count)

    async def find(
        self,
        collection: str,
        equals: Mapping[str, Scalar] | None = None,
        *,
        between: Between | None = None,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        declared = declared_collection(self._declared, collection)
        check_limit(limit)
        query = plan(declared, equals, between=between, order_by=order_by, descending=descending)
        found: list[Document] = []
        for span in query.spans_after(cursor):
            if len(found) <= limit:
                found += await self._walk(collection, span, limit + 1 - len(found))
        if len(found) <= limit:
            return Page(found, None)
        return Page(found[:limit], query.cursor_after(found[limit - 1]))

    async def count(
        self, collection: str, equals: Mapping[str, Scalar] | None = None, *, between: Between | None = None
    ) -> int:
        query = plan(declared_collection(self._declared, collection), equals, between=between)
        stages = [{"$match": _filter(query.span)}, {"$group": {"_id": None, "n": {"$sum": 1}}}]
        with _boundary(f"counting {collection}"):
            counted = await self._at(collection).aggregate(stages).to_list(1)
        return int(counted[0]["n"]) if counted else 0

    async def revisions(
        self, collection: str, *, after: str = "", limit: int = FIND_LIMIT_MAX
    ) -> list[tuple[str, int]]:
        declared_collection(self._declared, collection)
        check_limit(limit)
        with _boundary(f"reading {collection}"):
            cursor = self._at(collection).find({"_id": {"$gt": after}}, {"rev": 1}).sort([("_id", 1)]).limit(limit)
            found = await cursor.to_list(limit)
        return [(document["_id"], document["rev"]) for document in found]

    async def list_pending(self, collection: str, *, limit: int) -> list[Document]:
        emitting_collection(self._declared, collection)
        check_limit(limit)
        waits, shown = {"pending_ms": {"$gte": 1}}, {"rev": 1, "pending": 1, "pending_ms": 1}
        with _boundary(f"finding in {collection}"):
            cursor = self._at(collection).find(waits, shown).sort([("pending_ms", 1), ("_id", 1)]).limit(limit)
            found: list[Document] = await cursor.to_list(limit)
        return found

    async def mark_published(self, collection: str, marks: Sequence[PublishedEvents]) -> list[bool]:
        """As the interface says. Two relays that mark at once may bring an event back: published twice, harmless."""
        emitting_collection(self._declared, collection)
        check_batch(marks)
        for mark in marks:
            check_id(mark.id)
            check_revision(mark.rev)
        held = await self.get_many(collection, [mark.id for mark in marks])
        by_id = {document["_id"]: document for document in held}
        return list(await asyncio.gather(*(self._mark(collection, mark, by_id.get(mark.id)) for mark in marks)))

    async def ping(self) -> None:
        self._refuse_when_closed()
        with _boundary("asking"):
            await self._database.command("ping")

    async def aclose(self) -> None:
        self._closed = True
        self._client.close()

    def _at(self, collection: str) -> AsyncIOMotorCollection[Document]:
        self._refuse_when_closed()
        return self._database[collection]

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Transient("store: closed while stopping")

    def _check(self, declared: Collection, document: Document) -> None:
        encode(declared, check_content(declared, document, self._queried[declared.name]))

    async def _mark(self, collection: str, mark: PublishedEvents, held: Document | None) -> bool:
        if held is None or held["rev"] != mark.rev:
            return False
        waiting, since_ms = without_published(held, mark.event_ids)
        change = {"$set": {"pending": waiting, "pending_ms": since_ms}}
        with _boundary(f"marking in {collection}"):
            result = await self._at(collection).update_one({"_id": mark.id, "rev": mark.rev}, change)
        return bool(result.matched_count)

    async def _insert(self, collection: str, document: Document) -> bool:
        with _boundary(f"inserting into {collection}"):
            try:
                await self._at(collection).insert_one(document)
            except DuplicateKeyError:
                return False
        return True

    async def _insert_many(self, collection: str, documents: list[Document]) -> list[bool]:
        """In order. Where one collides, the server stops: those that exist already are then left out in one go."""
        answers: dict[int, bool] = {}
        todo = list(range(len(documents)))
        while todo:
            stopped = await self._insert_until_taken(collection, [documents[i] for i in todo])
            answers.update((i, True) for i in todo[:stopped])
            if stopped == len(todo):
                break
            answers[todo[stopped]] = False
            todo = todo[stopped + 1 :]
            present = {found["_id"] for found in await self.get_many(collection, [documents[i]["_id"] for i in todo])}
            answers.update((i, False) for i in todo if documents[i]["_id"] in present)
            todo = [i for i in todo if i not in answers]
        return [answers[i] for i in range(len(documents))]

    async def _insert_until_taken(self, collection: str, documents: list[Document]) -> int:
        """Insert in order; how many went in before one was taken (all of them: none was)."""
        with _boundary(f"inserting into {collection}"):
            try:
                await self._at(collection).insert_many(documents, ordered=True)
            except BulkWriteError as err:
                failures = err.details["writeErrors"]
                if err.details.get("writeConcernErrors") or [f["code"] for f in failures] != [_DUPLICATE_KEY]:
                    raise
                return int(failures[0]["index"])
        return len(documents)

    async def _replace(self, collection: str, document: Document, rev: int) -> bool:
        with _boundary(f"replacing in {collection}"):
            try:
                result = await self._at(collection).replace_one({"_id": document["_id"], "rev": rev}, document)
            except DuplicateKeyError:
                return False
        return bool(result.matched_count)

    async def _walk(self, collection: str, span: Span, limit: int) -> list[Document]:
        order = [(field, -1 if span.descending else 1) for field in span.order]
        with _boundary(f"finding in {collection}"):
            cursor = self._at(collection).find(_filter(span)).sort(order).limit(limit)
            found: list[Document] = await cursor.to_list(limit)
        return found

    async def _waking(self, write: Coroutine[Any, Any, T], documents: Sequence[Document]) -> T:
        """Run a write and wake the relay when it carried events, even when the caller was cancelled meanwhile."""
        if not any(document.get("pending") for document in documents):
            return await write
        task = asyncio.ensure_future(write)
        task.add_done_callback(self._wake)
        return await asyncio.shield(task)

    def _wake(self, task: asyncio.Future[Any]) -> None:
        written = None if task.cancelled() or task.exception() else task.result()
        if any(written) if isinstance(written, list) else written:
            self.has_pending.set()

    async def _ensure_indexes(self) -> None:
        with _boundary("reading the server's build"):
            build = await self._database.command("buildInfo")
        # The test double cannot index `_id` in a compound index; on a server ties are then in order without a sort.
        ties = build.get("process") != "nx_27017"
        for collection in self._declared.values():
            await self._refuse_stale_unique(collection)
            for index in collection.indexes:
                await self._ensure_index(collection.name, index, ties=ties and not index.unique)

    async def _refuse_stale_unique(self, collection: Collection) -> None:
        """A unique index that is no longer declared would go on refusing documents."""
        wanted = {index_name(collection.name, index) for index in collection.indexes}
        with _boundary(f"reading the indexes of {collection.name}"):
            present = await self._at(collection.name).index_information()
        for name in sorted(present.keys() - wanted):
            if name.startswith("ux__"):
                raise SchemaMismatch(f"{collection.name}: unique index {name} is there, not declared; drop it first")

    async def _ensure_index(self, collection: str, index: Index, *, ties: bool) -> None:
        keys = [(field, 1) for field in (*index.fields, *(("_id",) if ties else ()))]
        with _boundary(f"indexing {collection}"):
            try:
                await self._at(collection).create_index(keys, unique=index.unique, name=index_name(collection, index))
            except OperationFailure as err:
                if err.code not in _INDEX_CONFLICTS:
                    raise
                raise SchemaMismatch(f"{collection}: index {index} does not fit what is there: {err}") from err


def _client(url: str, call_seconds_max: float) -> AsyncIOMotorClient[Document]:
    """A client that has not connected yet. Permanent when the address cannot be read."""
    try:
        return AsyncIOMotorClient(
            url,
            w="majority",
            journal=True,
            readConcernLevel="majority",
            timeoutMS=int(call_seconds_max * 1000),
            maxPoolSize=CONNECTIONS_MAX,
            appname="tiendo",
        )
    except (PyMongoError, ValueError) as err:
        raise Permanent("store: the mongodb address or its options cannot be read; check the setting") from err


def _filter(span: Span) -> dict[str, Any]:
    condition: dict[str, Any] = dict(span.equals)
    for kind, value in span.bounds:
        condition.setdefault(span.field, {})[f"${kind}"] = value
    return condition


@contextmanager
def _boundary(doing: str) -> Iterator[None]:
    """The driver's errors become ours here and nowhere else."""
    try:
        yield
    except PyMongoError as err:
        raise _translated(err, doing) from err


def _translated(err: PyMongoError, doing: str) -> TiendoError:
    unanswered = isinstance(err, ConnectionFailure | ExecutionTimeout | NetworkTimeout | WTimeoutError) or err.timeout
    unsettled = isinstance(err, WriteConcernError) or err.has_error_label("RetryableWriteError")
    if unanswered or unsettled or (isinstance(err, OperationFailure) and err.code in _TRANSIENT_CODES):
        return Transient(
            f"store: {doing}: no answer, or not by the majority; what was written is unknown ({err!s:.300})"
        )
    return Permanent(f"store: {doing}: refused ({err!s:.300})")
