"""The rules of the document interface on values, ids and sizes: one place for all implementations. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from shared.errors import Misuse
from shared.store.documents import DOCUMENT_BYTES_MAX, FIND_LIMIT_MAX, INSERT_MANY_MAX, Collection, Document
from shared.store.pending import check_pending

ID_CHARACTERS_MAX = 400
NESTING_MAX = 50
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[^\x00-\x1f\x7f\ud800-\udfff]+")
_ID_BEGINS = re.compile(r"[A-Za-z][A-Za-z0-9_]*-.")
_KEY = re.compile(r"[A-Za-z0-9_]+")


def is_id(value: object) -> bool:
    """Whether this may be an `_id`: a letter prefix, a hyphen, then visible text; at most 400 characters."""
    if not isinstance(value, str) or len(value) > ID_CHARACTERS_MAX:
        return False
    if value.isascii() and value.isprintable():  # nothing forbidden in it: only its beginning is left to look at
        return _ID_BEGINS.match(value) is not None
    return _ID.fullmatch(value) is not None


def check_id(value: object) -> str:
    """The id unchanged, or Misuse."""
    if isinstance(value, str) and is_id(value):
        return value
    raise Misuse(f"_id must be a string such as 'report-...' of at most {ID_CHARACTERS_MAX} characters, not {value!r}")


def check_ids(ids: Sequence[str]) -> None:
    """At most FIND_LIMIT_MAX valid ids, or Misuse."""
    if len(ids) > FIND_LIMIT_MAX:
        raise Misuse(f"at most {FIND_LIMIT_MAX} ids at once, not {len(ids)}")
    for id in ids:
        check_id(id)


def check_batch(documents: Sequence[object]) -> None:
    """At most INSERT_MANY_MAX documents, or Misuse."""
    if len(documents) > INSERT_MANY_MAX:
        raise Misuse(f"at most {INSERT_MANY_MAX} documents at once, not {len(documents)}")


def check_limit(limit: int) -> None:
    """1 <= limit <= FIND_LIMIT_MAX, or Misuse."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= FIND_LIMIT_MAX:
        raise Misuse(f"limit must be 1 to {FIND_LIMIT_MAX}, not {limit!r}")


def check_revision(value: object) -> int:
    """A revision as the store gives it (an int from 1), or Misuse."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise Misuse(f"rev must be the revision that was read, not {value!r}")


def check_scalar(field: str, value: object) -> None:
    """A str, int64, finite float or bool that can be indexed and compared, or Misuse."""
    if value is None or isinstance(value, list | dict):
        raise Misuse(f"{field} is a queried field: always present, a str, int, float or bool, not {value!r}")
    check_value(field, value)
    if isinstance(value, str) and "\x00" in value:
        raise Misuse(f"{field} is a queried field and must not contain the character NUL")


def check_value(path: str, value: object, depth: int = 0) -> None:
    """Any value a document may hold, or Misuse with the path of the bad one."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return
    if kind is int:
        if not INT_MIN <= value <= INT_MAX:  # type: ignore[operator]
            raise Misuse(f"{path}: {value} is outside of 64 bits")
    elif kind is float:
        if not math.isfinite(value):  # type: ignore[arg-type]
            raise Misuse(f"{path}: {value} is not a finite number")
    elif isinstance(value, str):  # an enumeration of texts: read back as plain text
        return
    elif isinstance(value, dict | list):
        _check_container(path, value, depth + 1)
    else:
        raise Misuse(f"{path}: {kind.__name__} cannot be stored; use str, int, float, bool, None, list or dict")


def check_content(collection: Collection, document: Document, queried: Sequence[str]) -> Document:
    """The document without `_id` and `rev`, after every check of the interface but that of its size.

    `queried`: the fields of the collection's indexes, each once (`queried_fields`). Misuse on a bad document.
    """
    check_id(document.get("_id"))
    content = document.copy()
    del content["_id"]
    content.pop("rev", None)
    waiting: list[Any] = []
    if collection.emits:
        check_pending(content)
        waiting = content["pending"]
        content["pending"] = None
    if not _is_plainly_good(content):
        for key, value in content.items():
            _check_key("document", key)
            check_value(key, value)
    if collection.emits:
        content["pending"] = waiting
        for event in waiting:
            if "body" not in event or not _PENDING_KEYS.issuperset(event):  # else texts only: nothing to walk
                check_value("pending", event, 1)
            elif type(event.get("at_ms", 0)) is not int:
                raise Misuse("at_ms of a pending event is in epoch milliseconds")
    for field in queried:
        value = content.get(field)
        if type(value) is int or (type(value) is str and "\x00" not in value):  # an int was checked above
            continue
        check_scalar(f"{collection.name}.{field}", value)
    return content


def queried_fields(collection: Collection) -> tuple[str, ...]:
    """The fields of its indexes, each once."""
    return tuple(dict.fromkeys(field for index in collection.indexes for field in index.fields))


def encode(collection: Collection, content: Mapping[str, Any]) -> bytes:
    """Its JSON. Misuse when it has none or too much of it."""
    try:
        encoded = orjson.dumps(content)
    except TypeError as err:  # a lone surrogate: no text in any encoding
        raise Misuse(f"a document of {collection.name} cannot be written as JSON: {err}") from err
    if len(encoded) > DOCUMENT_BYTES_MAX:
        raise Misuse(f"a document of {collection.name} has {len(encoded)} bytes, more than {DOCUMENT_BYTES_MAX}")
    return encoded


def _check_container(path: str, value: dict[Any, Any] | list[Any], depth: int) -> None:
    if depth > NESTING_MAX:
        raise Misuse(f"{path}: nested deeper than {NESTING_MAX}")
    if isinstance(value, dict):
        for key, held in value.items():
            _check_key(path, key)
            check_value(key, held, depth)
    else:
        for held in value:
            check_value(path, held, depth)


def _is_plainly_good(content: dict[Any, Any]) -> bool:
    """Whether everything in it is good at first sight: no call for each value, for this runs over every document.

    False says nothing: then `check_value` walks it with all rules, and names what is bad.
    """
    level: list[Any] = [content]
    for _ in range(NESTING_MAX):
        deeper: list[Any] = []
        for container in level:
            if type(container) is dict:
                if not _KEYS_SEEN.issuperset(container):
                    return False
                values: Any = container.values()
            else:
                values = container
            for held in values:
                kind = type(held)
                if kind in _HARMLESS:
                    continue
                if kind is float:
                    if held - held != 0.0:  # infinite or not a number
                        return False
                elif kind is dict or kind is list:
                    deeper.append(held)
                elif kind is not int or not INT_MIN <= held <= INT_MAX:
                    return False
        if not deeper:
            return True
        level = deeper
    return False


_HARMLESS = frozenset({str, bool, type(None)})
_PENDING_KEYS = frozenset({"subject", "id", "body", "traceparent", "at_ms"})
_KEYS_SEEN: set[object] = set()
"""Field names that were found good: they recur in every document."""
_KEYS_SEEN_MAX = 4096


def _check_key(path: str, key: object) -> None:
    if key in _KEYS_SEEN:
        return
    if not isinstance(key, str) or _KEY.fullmatch(key) is None:
        raise Misuse(f"{path}: key {key!r} must match [A-Za-z0-9_]+")
    if len(_KEYS_SEEN) < _KEYS_SEEN_MAX:
        _KEYS_SEEN.add(key)
