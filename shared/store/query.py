"""A `find` as pure data: checked against the declared indexes, and cut into spans that any index can walk.

A page that continues after (value, id) is two spans, walked one after the other: first the rest of those with the
same value by `_id`, then those beyond the value. Each span is equality plus one range in index order, so no
implementation needs `OR`, row values or a sort of its own, and both give the same answer.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from shared.errors import Misuse, Permanent
from shared.store.documents import Between, Collection, Document, Scalar
from shared.store.validate import check_scalar, is_id

Bound = tuple[Literal["gt", "gte", "lt"], Scalar]
CURSOR_CHARACTERS_MAX = 8192


@dataclass(frozen=True, slots=True)
class Span:
    """Documents with these equal fields, whose `field` is within `bounds`, in the order of the fields of `order`."""

    equals: Mapping[str, Scalar]
    field: str
    bounds: tuple[Bound, ...]
    order: tuple[str, ...]
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A checked query: the whole span, whether equal sort values can occur, and a digest that cursors carry."""

    span: Span
    ties: bool
    digest: str

    def spans_after(self, cursor: str | None) -> list[Span]:
        """What is left to walk after this cursor, in order. Permanent when it is not a cursor of this query."""
        if cursor is None:
            return [self.span]
        value, id = self._opened(cursor)
        span = self.span
        beyond: Literal["lt", "gt"] = "lt" if span.descending else "gt"
        rest = replace(span, bounds=(*span.bounds, (beyond, value)))
        if not self.ties:
            return [rest]
        same = replace(
            span, equals={**span.equals, span.field: value}, field="_id", bounds=((beyond, id),), order=("_id",)
        )
        return [same, rest]

    def cursor_after(self, document: Document) -> str:
        """The opaque cursor of what follows this document."""
        held = orjson.dumps([self.digest, document[self.span.field], document["_id"]])
        return base64.urlsafe_b64encode(held).decode().rstrip("=")

    def _opened(self, cursor: str) -> tuple[Scalar, str]:
        """Value and id where the page ended. A cursor comes back from outside: nothing in it is believed."""
        try:
            if len(cursor) > CURSOR_CHARACTERS_MAX:
                raise ValueError("too long")
            digest, value, id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            check_scalar("cursor", value)
            inside = all(_holds(value, bound) for bound in self.span.bounds)
        except (ValueError, TypeError, binascii.Error, Misuse) as err:
            raise Permanent("the cursor cannot be read; start again without one") from err
        if digest != self.digest or not is_id(id) or not inside:
            raise Permanent("the cursor belongs to another query; start again without one")
        return value, id


def plan(
    collection: Collection,
    equals: Mapping[str, Scalar] | None,
    *,
    between: Between | None = None,
    order_by: str | None = None,
    descending: bool = False,
) -> Query:
    """The checked query. Misuse when no declared index leads with the fields used, or a bound or value is bad."""
    fixed = dict(equals or {})
    for field, value in fixed.items():
        check_scalar(field, value)
    bounds = _bounds(between)
    field = _sort_field(fixed, between, order_by)
    ties = _ties(collection, frozenset(fixed), field)
    order = (field, "_id") if ties else (field,)
    span = Span(equals=fixed, field=field, bounds=bounds, order=order, descending=descending)
    return Query(span=span, ties=ties, digest=_digest(collection.name, span))


def _bounds(between: Between | None) -> tuple[Bound, ...]:
    if between is None:
        return ()
    bounds: list[Bound] = []
    if between.at_least is not None:
        bounds.append(("gte", between.at_least))
    if between.below is not None:
        bounds.append(("lt", between.below))
    if not bounds:
        raise Misuse(f"a range on {between.field} needs at_least, below or both")
    for _, value in bounds:
        check_scalar(between.field, value)
        if isinstance(value, bool):
            raise Misuse(f"a range on {between.field} is between numbers or texts, not {value}")
    if len({isinstance(value, str) for _, value in bounds}) > 1:
        raise Misuse(f"the bounds of a range on {between.field} are of one type")
    return tuple(bounds)


def _sort_field(equals: Mapping[str, Scalar], between: Between | None, order_by: str | None) -> str:
    if between is not None and order_by is not None and between.field != order_by:
        raise Misuse(f"a range on {between.field} cannot be ordered by {order_by}: one index serves both")
    field = order_by or (between.field if between else "_id")
    if field in equals or "_id" in equals:
        raise Misuse(f"{field} is fixed already by equality; use get for one _id")
    return field


def _ties(collection: Collection, equals: frozenset[str], field: str) -> bool:
    """Whether documents of this query can share a sort value. Misuse when no index serves the query."""
    if field == "_id":
        if equals and not any(frozenset(index.fields[: len(equals)]) == equals for index in collection.indexes):
            raise _no_index(collection, equals, field)
        return False
    serving = [
        index
        for index in collection.indexes
        if frozenset(index.fields[: len(equals)]) == equals and index.fields[len(equals) : len(equals) + 1] == (field,)
    ]
    if not serving:
        raise _no_index(collection, equals, field)
    return not any(index.unique and len(index.fields) == len(equals) + 1 for index in serving)


def _no_index(collection: Collection, equals: frozenset[str], field: str) -> Misuse:
    declared = [index.fields for index in collection.indexes]
    return Misuse(f"no index of {collection.name} leads with {sorted(equals)} then {field}; declared: {declared}")


def _holds(value: Any, bound: Bound) -> bool:
    kind, limit = bound
    return bool(value >= limit if kind == "gte" else value < limit)


def _digest(collection: str, span: Span) -> str:
    described = [collection, sorted(span.equals.items()), span.field, span.bounds, span.descending]
    return hashlib.sha256(orjson.dumps(described)).hexdigest()[:16]
