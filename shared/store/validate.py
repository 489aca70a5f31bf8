"""The rules of the document interface on values, ids and sizes: one place for all implementations. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

from shared.errors import Misuse
from shared.store.documents import DOCUMENT_BYTES_MAX, FIND_LIMIT_MAX, INSERT_MANY_MAX, Collection, Document
from shared.store.pending import check_pending

ID_CHARACTERS_MAX = 400
NESTING_MAX = 50
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[^\x00-\x1f\x7f\ud800-\udfff]+")
_KEY = re.compile(r"[A-Za-z0-9_]+")


def is_id(value: object) -> bool:
    """Whether this may be an `_id`: a letter prefix, a hyphen, then visible text; at most 400 characters."""
    return isinstance(value, str) and len(value) <= ID_CHARACTERS_MAX and _ID.fullmatch(value) is not None


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


def check_batch(documents: Sequence[Document]) -> None:
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


def encode(collection: Collection, document: Document) -> bytes:
    """JSON of the document without `_id` and `rev`, after every check of the interface. Misuse on a bad document."""
    check_id(document.get("_id"))
    content = {key: value for key, value in document.items() if key not in ("_id", "rev")}
    for key, value in content.items():
        _check_key("document", key)
        check_value(key, value)
    for index in collection.indexes:
        for field in index.fields:
            check_scalar(f"{collection.name}.{field}", content.get(field))
    if collection.emits:
        check_pending(content)
    return _within_bounds(collection, content)


def _within_bounds(collection: Collection, content: dict[str, Any]) -> bytes:
    try:
        encoded = orjson.dumps(content)
    except TypeError as err:  # a lone surrogate: no text in any encoding
        raise Misuse(f"a document of {collection.name} cannot be written as JSON: {err}") from err
    if len(encoded) > DOCUMENT_BYTES_MAX:
        raise Misuse(f"a document of {collection.name} has {len(encoded)} bytes, more than {DOCUMENT_BYTES_MAX}")
    return encoded


def _check_container(path: str, value: dict[Any, Any] | list[Any], depth: int) -> None:
    """Plain values are passed over here and not by a call each: this runs for every member of every document."""
    if depth > NESTING_MAX:
        raise Misuse(f"{path}: nested deeper than {NESTING_MAX}")
    if isinstance(value, dict):
        for key, held in value.items():
            if key not in _KEYS_SEEN:
                _check_key(path, key)
            if held is not None and type(held) not in _PLAIN:
                check_value(key, held, depth)
    else:
        for held in value:
            if held is not None and type(held) not in _PLAIN:
                check_value(path, held, depth)


_PLAIN = frozenset({str, bool})
_KEYS_SEEN: set[object] = set()
"""Field names that were found good: they recur in every document."""
_KEYS_SEEN_MAX = 4096


@lru_cache(maxsize=4096)  # field names recur in every document
def _is_key(key: object) -> bool:
    return isinstance(key, str) and _KEY.fullmatch(key) is not None


def _check_key(path: str, key: object) -> None:
    if not _is_key(key):
        raise Misuse(f"{path}: key {key!r} must match [A-Za-z0-9_]+")
    if len(_KEYS_SEEN) < _KEYS_SEEN_MAX:
        _KEYS_SEEN.add(key)
