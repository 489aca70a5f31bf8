"""What a service declared about its collections, checked once when the store opens. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.errors import Misuse, Permanent
from shared.store.documents import Collection, Index

PENDING_INDEX = Index(("pending_ms",))

_COLLECTION_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_RESERVED_SUFFIXES = ("_files", "_chunks", "__pending", "__v1")
_RESERVED_FIELDS = frozenset({"rev", "pending"})
_SQL_WORDS_TEXT = """
    abort action add after all alter always analyze and as asc attach autoincrement before begin between by
    cascade case cast check collate column commit conflict constraint create cross current current_date current_time
    current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape
    except exclude exclusive exists explain fail filter first following for foreign from full generated glob group
    groups having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join
    key last left like limit match materialized natural no not nothing notnull null nulls of offset on or order others
    outer over partition plan pragma preceding primary query raise range recursive references regexp reindex release
    rename replace restrict returning right rollback row rows savepoint select set table temp temporary then ties to
    transaction trigger unbounded union unique update using vacuum values view virtual when where window with
    without
"""
_SQL_WORDS = frozenset(_SQL_WORDS_TEXT.split())


class SchemaMismatch(Permanent):
    """What the store holds does not agree with what the code declares; the message names the difference."""


class SchemaTooNew(SchemaMismatch):
    """The store was written by a newer version of the code. Run that version, or restore an older backup."""


def declare(collections: Sequence[Collection]) -> Mapping[str, Collection]:
    """The collections by name; those that emit get the index on `pending_ms`. Raises Misuse on a bad declaration."""
    declared: dict[str, Collection] = {}
    for collection in collections:
        _check_name(collection.name)
        if collection.name in declared:
            raise Misuse(f"collection {collection.name} is declared twice")
        if collection.emits and any("pending_ms" in index.fields for index in collection.indexes):
            raise Misuse(f"{collection.name}: pending_ms is indexed by the store; name it in no other index")
        indexes = tuple(dict.fromkeys((*collection.indexes, *((PENDING_INDEX,) if collection.emits else ()))))
        _check_indexes(collection.name, indexes)
        declared[collection.name] = replace(collection, indexes=indexes)
    return declared


def declared_collection(declared: Mapping[str, Collection], name: str) -> Collection:
    """The declaration of this name, or Misuse."""
    try:
        return declared[name]
    except KeyError:
        raise Misuse(f"collection {name!r} is not declared; declared are {sorted(declared)}") from None


def emitting_collection(declared: Mapping[str, Collection], name: str) -> Collection:
    """The declaration of a collection whose documents carry pending events, or Misuse."""
    collection = declared_collection(declared, name)
    if not collection.emits:
        raise Misuse(f"collection {name} carries no pending events; declare it with emits=True")
    return collection


def index_name(collection: str, index: Index) -> str:
    """The name of an index in a store; uniqueness is part of it, so that a changed declaration is noticed."""
    return "__".join(("ux" if index.unique else "ix", collection, *index.fields))


def _check_name(name: str) -> None:
    if not _COLLECTION_NAME.fullmatch(name) or name in _SQL_WORDS or name.startswith("sqlite_"):
        raise Misuse(f"collection name {name!r} must match [a-z][a-z0-9_]* and be no SQL word")
    if name.endswith(_RESERVED_SUFFIXES):
        raise Misuse(f"collection name {name!r} must not end in {' or '.join(_RESERVED_SUFFIXES)}")


def _check_indexes(name: str, indexes: Sequence[Index]) -> None:
    for index in indexes:
        fields = index.fields
        if not fields or len(set(fields)) != len(fields):
            raise Misuse(f"an index of {name} needs fields, each once: {fields}")
        for field in fields:
            if not _FIELD_NAME.fullmatch(field) or field in _RESERVED_FIELDS:
                raise Misuse(f"{name}: {field!r} cannot be indexed; name a top-level scalar field of the document")
    named = {field for index in indexes for field in index.fields}
    if len({field.lower() for field in named}) != len(named):
        raise Misuse(f"{name}: indexed fields that differ only in case cannot be told apart: {sorted(named)}")
    if len({index.fields for index in indexes}) != len(indexes):
        raise Misuse(f"{name}: two indexes on the same fields disagree about being unique")
