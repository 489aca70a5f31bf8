"""What the contract suite declares, and documents that fit it."""

from __future__ import annotations

from typing import Any

import orjson

from shared.store.chain import chain_collection
from shared.store.claims import CLAIMS
from shared.store.documents import Collection, Document, Index, PublishedEvents
from shared.store.journal import JOURNAL

THINGS = Collection(
    "things",
    indexes=(
        Index(("kind",)),
        Index(("kind", "at_ms")),
        Index(("colour", "kind", "at_ms")),
        Index(("weight",)),
        Index(("code",), unique=True),
        Index(("shelf", "place"), unique=True),
    ),
)
ORDERS = Collection("orders", emits=True)
COLLECTIONS = (THINGS, ORDERS, JOURNAL, CLAIMS, chain_collection("audit"))


def thing(number: int, **fields: Any) -> Document:
    """A document of `things` that collides with no other number's."""
    return {
        "_id": f"thing-{number:04d}",
        "kind": "a",
        "colour": "red",
        "at_ms": 1_700_000_000_000 + number,
        "weight": number / 8,
        "code": f"code-{number}",
        "shelf": "s",
        "place": number,
        **fields,
    }


def order(number: int, **fields: Any) -> Document:
    """A document of `orders` without waiting events."""
    return {"_id": f"order-{number}", "pending": [], "pending_ms": 0, **fields}


def event(id: str) -> Any:
    """A pending event with this id."""
    body = orjson.dumps({"id": id, "data": {"n": 1, "said": 'quote " and Đà Nẵng'}}).decode()
    return {"subject": "tiendo.order.placed.v1.x", "id": id, "body": body}


def old_event(id: str) -> Any:
    """The same in the form of earlier versions: the envelope as a dict."""
    return {"subject": "tiendo.order.placed.v1.x", "envelope": {"id": id, "data": {"n": 1}, "traceparent": None}}


def marks(id: str, *event_ids: str, rev: int = 1) -> list[PublishedEvents]:
    """These events of one document are published."""
    return [PublishedEvents(id, rev, event_ids)]
