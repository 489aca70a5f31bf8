"""Queries as data: spans after a cursor, and cursors that nobody can forge into another question. Pure."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from shared.errors import Permanent
from shared.store.documents import Between, Collection, Index
from shared.store.query import Query, plan

THINGS = Collection("things", indexes=(Index(("kind", "at_ms")), Index(("shelf", "place"), unique=True)))
RANGE = Between("at_ms", at_least=10, below=20)


def query() -> Query:
    return plan(THINGS, {"kind": "a"}, between=RANGE)


def forged(*held: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(held)).decode().rstrip("=")


def test_after_a_cursor_come_its_ties_then_what_is_beyond() -> None:
    cursor = query().cursor_after({"_id": "thing-5", "at_ms": 12})
    same, beyond = query().spans_after(cursor)
    assert (same.equals, same.field, same.bounds) == ({"kind": "a", "at_ms": 12}, "_id", (("gt", "thing-5"),))
    assert (beyond.equals, beyond.bounds) == ({"kind": "a"}, (("gte", 10), ("lt", 20), ("gt", 12)))


def test_a_unique_index_used_whole_has_no_ties() -> None:
    unique = plan(THINGS, {"shelf": "s"}, order_by="place", descending=True)
    [span] = unique.spans_after(unique.cursor_after({"_id": "thing-5", "place": 3}))
    assert (span.order, span.bounds, span.descending) == (("place",), (("lt", 3),), True)


@pytest.mark.parametrize(
    "held",
    [
        (9, "thing-1"),
        (20, "thing-1"),
        ({"$gt": 0}, "thing-1"),
        (None, "thing-1"),
        ([12], "thing-1"),
        ("12", "thing-1"),
        (12, {"$gt": ""}),
        (12, "17"),
        (12, None),
        (12,),
    ],
)
def test_a_forged_cursor_is_permanent(held: tuple[Any, ...]) -> None:
    with pytest.raises(Permanent):
        query().spans_after(forged(query().digest, *held))
    assert len(query().spans_after(forged(query().digest, 12, "thing-1"))) == 2


def test_cursors_tell_queries_apart() -> None:
    digests = {
        plan(THINGS, {"kind": "a"}).digest,
        plan(THINGS, {"kind": "b"}).digest,
        plan(THINGS, {"kind": "a"}, order_by="at_ms").digest,
        plan(THINGS, {"kind": "a"}, order_by="at_ms", descending=True).digest,
        plan(THINGS, {"kind": "a"}, between=RANGE).digest,
        plan(THINGS, {"shelf": "a"}).digest,
        plan(THINGS, None).digest,
    }
    assert len(digests) == 7
