"""Every value that may be stored comes back as it was, type included; every other is refused."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from shared.errors import Misuse
from shared.store.documents import DOCUMENT_BYTES_MAX, Between, Documents
from tests.contract.store.collections_used import thing

pytestmark = pytest.mark.anyio

VALUES: list[Any] = [
    "",
    "Tiếng Việt, Đà Nẵng, 中文, 😀",
    'quote " slash \\ newline \n tab \t nul \x00 dollar $x {"$gt": 1}',
    "2011-03-16T17:00:00Z",
    "5f5f5f5f5f5f5f5f5f5f5f5f",
    0,
    -1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    0.0,
    -0.0,
    2.0,
    0.1,
    1e22,
    5e-324,
    1.7976931348623157e308,
    True,
    False,
    None,
    [],
    {},
    [1, 1.0, True, None, "x", [], {}],
    {"a": {"b": [{"c": [[1, 2], {"D_1": None}]}]}, "0": 1},
]


class Colour(enum.StrEnum):
    RED = "red"


def typed(value: Any) -> Any:
    """The value with its types spelled out: 1, 1.0 and True are equal to Python, and not to us."""
    if isinstance(value, dict):
        return {key: typed(held) for key, held in value.items()}
    if isinstance(value, list):
        return [typed(held) for held in value]
    return type(value).__name__, repr(value)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
async def test_a_value_comes_back_as_it_was(store: Documents, value: Any) -> None:
    await store.insert("things", thing(1, value=value))
    held = await store.get("things", "thing-0001")
    assert held is not None
    assert typed(held["value"]) == typed(value)
    assert await store.replace("things", held)
    again = (await store.find("things", {"kind": "a"})).documents[0]
    assert typed({**again, "rev": 1}) == typed({**held, "rev": 1})


async def test_a_text_enumeration_is_stored_and_asked_for_as_text(store: Documents) -> None:
    await store.insert("things", thing(1, kind=Colour.RED))
    [held] = (await store.find("things", {"kind": Colour.RED})).documents
    assert typed(held["kind"]) == ("str", "'red'")


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 2**53 + 1])
async def test_64_bit_integers_are_exact_in_queries(store: Documents, value: int) -> None:
    near = value - 1 if value > 0 else value + 1
    await store.insert_many("things", [thing(1, at_ms=value), thing(2, at_ms=near)])
    found = await store.find("things", {"kind": "a", "at_ms": value})
    assert [document["_id"] for document in found.documents] == ["thing-0001"]


@pytest.mark.parametrize("value", [0.1, 1e22, 5e-324, 1.7976931348623157e308, 123456.789e-30])
async def test_floats_are_exact_in_queries(store: Documents, value: float) -> None:
    await store.insert("things", thing(1, weight=value))
    assert await store.count("things", {"weight": value}) == 1
    assert await store.count("things", between=Between("weight", at_least=value)) == 1
    assert await store.count("things", between=Between("weight", below=value)) == 0


async def test_booleans_are_queried(store: Documents) -> None:
    await store.insert_many("things", [thing(1, kind=True), thing(2, kind=False)])
    assert [d["kind"] for d in (await store.find("things", {"kind": True})).documents] == [True]


DEEP: list[Any] = []
for _ in range(60):
    DEEP = [DEEP]

BAD_VALUES: list[Any] = [
    2**63,
    -(2**63) - 1,
    float("nan"),
    float("inf"),
    b"bytes",
    (1, 2),
    {1, 2},
    NotImplemented,
    1j,
    {"a.b": 1},
    {"$set": 1},
    {"": 1},
    {"é": 1},
    {"a b": 1},
    {"line\n": 1},
    {1: 1},
    "\ud800",
    DEEP,
    [{"deep": [float("nan")]}],
]


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: ascii(value)[:30])
async def test_a_bad_value_is_misuse_everywhere(store: Documents, value: Any) -> None:
    bad = thing(1, value=value)
    with pytest.raises(Misuse):
        await store.insert("things", bad)
    with pytest.raises(Misuse):
        await store.insert_many("things", [thing(2), bad])
    with pytest.raises(Misuse):
        await store.replace("things", {**bad, "rev": 1})
    assert await store.count("things") == 0


async def test_a_document_has_a_bound(store: Documents) -> None:
    assert await store.insert("things", thing(1, text="x" * (DOCUMENT_BYTES_MAX - 300)))
    with pytest.raises(Misuse, match="bytes"):
        await store.insert("things", thing(2, text="x" * DOCUMENT_BYTES_MAX))
