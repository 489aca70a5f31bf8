"""Editions. Each is a link in the hash chain of its plan, with its event, in one document and one write.

What was sealed is the link's entry and is never written again. `status` and who published it stand beside it;
`following` says that the round and the scores have still to be told.
"""

from __future__ import annotations

from services.scoring.domain.editions.announcement import state_of
from services.scoring.domain.editions.edition import Agreed, Edition, agreed_of, edition_id
from services.scoring.repository.collections import EDITIONS
from shared.errors import Transient
from shared.store.announce import unsent_of, with_events
from shared.store.chain import ChainLink, HashChain, Verdict, link_document, link_of, next_link
from shared.store.documents import Between, Document, Documents, scan

ATTEMPTS_MAX = 64


class Editions:
    def __init__(self, store: Documents) -> None:
        self._store = store
        self._chain = HashChain(store, EDITIONS.name)

    async def seal(self, agreed: Agreed) -> Edition:
        """Add it at the end of the plan's chain, once: of several instances one writes, all get the same edition."""
        id = edition_id(agreed.facts.plan, agreed.facts.year, agreed.number)
        for _ in range(ATTEMPTS_MAX):
            held = await self.get(agreed.facts.plan, agreed.facts.year, agreed.number)
            if held is not None:
                return held
            head = await self._chain.head(agreed.facts.plan)
            seq, previous = (head.seq, head.hash) if head else (0, "")
            link = next_link(agreed.facts.plan, seq, previous, agreed.entry(), agreed.sealed_at_ms)
            await self._store.insert(EDITIONS.name, _announced(_document(id, agreed, link)))
        raise Transient(f"{id}: the chain of {agreed.facts.plan} is busy; try again")

    async def publish(self, edition: Edition, *, by: str, at_ms: int) -> bool:
        """Mark it published, with its event. False when another was faster: read it again."""
        fresh = {
            **edition.document,
            "status": "PUBLISHED",
            "published_by": by,
            "published_at_ms": at_ms,
            "changed_ms": at_ms,
            "revision": edition.revision + 1,
            "following": True,
        }
        return await self._store.replace(EDITIONS.name, _announced(fresh))

    async def followed(self, edition: Edition) -> bool:
        """Round and scores know of it."""
        return await self._store.replace(EDITIONS.name, {**edition.document, "following": False})

    async def get(self, plan: str, year: int, number: int) -> Edition | None:
        held = await self._store.get(EDITIONS.name, edition_id(plan, year, number))
        return None if held is None else _edition(held)

    async def of(self, plan: str, year: int) -> Edition | None:
        """The newest edition of the year."""
        found = await self._store.find(
            EDITIONS.name, {"plan": plan, "year": year}, order_by="number", descending=True, limit=1
        )
        return _edition(found.documents[0]) if found.documents else None

    async def all(self, plan: str, *, first_year: int, last_year: int) -> list[Edition]:
        """Every edition of these years, by year and number. A plan has few."""
        years = Between("year", at_least=first_year, below=last_year + 1)
        found = [_edition(held) async for held in scan(self._store, EDITIONS.name, {"plan": plan}, between=years)]
        return sorted(found, key=lambda edition: (edition.agreed.facts.year, edition.agreed.number))

    async def following(self) -> list[Edition]:
        """Those that round and scores have still to be told of."""
        return [_edition(held) async for held in scan(self._store, EDITIONS.name, {"following": True})]

    async def page(self, *, plan: str | None, limit: int, cursor: str | None) -> tuple[list[Edition], str | None]:
        """Editions of a plan by year, of all plans by plan."""
        equals = {"plan": plan} if plan else None
        order = "year" if plan else None
        found = await self._store.find(EDITIONS.name, equals, order_by=order, limit=limit, cursor=cursor)
        return [_edition(held) for held in found.documents], found.cursor

    async def verify(self, plan: str, *, anchor: str) -> Verdict:
        """Recompute the plan's chain from its first edition; `anchor` is a hash that must occur in it."""
        return await self._chain.verify(plan, anchor=anchor)


def _document(id: str, agreed: Agreed, link: ChainLink) -> Document:
    return {
        **link_document(link),
        "_id": id,
        "plan": agreed.facts.plan,
        "year": agreed.facts.year,
        "number": agreed.number,
        "status": "SEALED",
        "revision": 1,
        "published_by": "",
        "published_at_ms": 0,
        "changed_ms": agreed.sealed_at_ms,
        "following": True,
    }


def _announced(document: Document) -> Document:
    state = state_of(_edition(document))
    return with_events(document, [state], unsent=unsent_of(document), now_ms=state.changed_at_ms)


def _edition(held: Document) -> Edition:
    link = link_of(held)
    return Edition(
        agreed=agreed_of(link.entry),
        seq=link.seq,
        sha256=link.hash,
        previous_sha256=link.previous,
        status=held["status"],
        revision=held["revision"],
        published_by=held["published_by"],
        published_at_ms=held["published_at_ms"],
        is_followed=not held["following"],
        document=held,
    )
