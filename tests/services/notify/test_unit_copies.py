"""Units are read once a revision; what another instance kept meanwhile is seen at the next asking."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.notify.repository.collections import COLLECTIONS
from services.notify.repository.units import UNITS, Units
from shared.store.documents import Document
from shared.store.embedded import EmbeddedDocuments
from tests.services.notify.samples import contact, unit

pytestmark = pytest.mark.anyio

OFFICER = contact("report_officer", "an@cvt.example")


class Counting:
    """A store that notes which documents were read."""

    def __init__(self, store: EmbeddedDocuments) -> None:
        self.insert, self.get, self.replace, self.revisions = store.insert, store.get, store.replace, store.revisions
        self.read: list[str] = []
        self._store = store

    async def get_many(self, collection: str, ids: list[str]) -> list[Document]:
        self.read += ids
        return await self._store.get_many(collection, ids)


async def test_what_has_not_moved_on_is_not_read_again(tmp_path: Path) -> None:
    store = await EmbeddedDocuments.connect(tmp_path / "notify.sqlite3", COLLECTIONS)
    try:
        counting = Counting(store)
        one, other = Units(counting), Units(store)  # type: ignore[arg-type]
        for code in ("CBC", "CVT", "TTTT"):
            assert await one.put(unit(code), check_at_ms=0)
        assert list(await one.all()) == ["CBC", "CVT", "TTTT"]
        counting.read.clear()
        assert await other.put(unit("CVT", OFFICER, revision=2), check_at_ms=0)
        assert await other.put(unit("VNPT"), check_at_ms=0)
        found = await one.all()
        assert counting.read == ["unit-CVT", "unit-VNPT"]
        assert list(found) == ["CBC", "CVT", "TTTT", "VNPT"]
        assert [held.email for held in found["CVT"].contacts] == ["an@cvt.example"]
    finally:
        await store.aclose()


async def test_more_units_than_a_page_are_all_told(tmp_path: Path) -> None:
    store = await EmbeddedDocuments.connect(tmp_path / "notify.sqlite3", COLLECTIONS)
    try:
        units = Units(store)
        for n in range(1001):
            state = unit(f"U{n:04d}")
            document = {"_id": f"unit-{state.unit}", "unit": state.unit, "revision": 1, "check_at_ms": 0}
            assert await store.insert(UNITS.name, {**document, "state_json": state.model_dump_json()})
        assert list(await units.all()) == [f"U{n:04d}" for n in range(1001)]
    finally:
        await store.aclose()
