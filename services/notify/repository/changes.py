"""What people changed since an instant, for audit lines that a crash left unwritten.

Where a document keeps its own trail of changes every one of them is told; else the last.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from services.notify.domain.acts import CHAIN, was_done
from services.notify.repository.acts import Acts
from services.notify.repository.addresses import ADDRESSES
from services.notify.repository.alerts import ALERTS
from services.notify.repository.deliveries import Deliveries
from services.notify.repository.feeds import FEEDS
from services.notify.repository.inspections import DRAWS, INSPECTIONS
from services.notify.repository.preferences import PREFERENCES
from services.notify.repository.silences import OUTAGES, SILENCES
from shared.audit.lines import Changed
from shared.store.documents import Between, Document, Documents, scan

_PAGE = 200


class ChangedByPeople:
    """Changes of every noun that people change; those that the clock made have nobody's name and are left out."""

    def __init__(self, store: Documents) -> None:
        self._store = store
        self._acts = Acts(store)
        self._deliveries = Deliveries(store)

    async def since(self, at_ms: int) -> AsyncIterator[Changed]:
        """Changes of this instant or later."""
        for collection, field, told in _KINDS:
            between = Between(field, at_least=at_ms)
            async for held in scan(self._store, collection, between=between, page_size=_PAGE):
                for changed in told(held):
                    if changed.at_ms >= at_ms and changed.by:
                        yield changed
        async for act in self._acts.since(at_ms):
            made = await self._deliveries.get(act.made)
            if made is not None and was_done(act, made):
                yield Changed(act.chain, (act.about,), made.revision, act.by, act.at_ms, act.what)


def _inspection(held: Document) -> Iterable[Changed]:
    yield _last(held, "inspection.changed", held["plan"], held["changed_by"], held["changed_ms"])


def _draw(held: Document) -> Iterable[Changed]:
    yield _last(held, "inspection_draw.changed", held["plan"], held["changed_by"], held["changed_ms"])


def _alert(held: Document) -> Iterable[Changed]:
    return _trail(held, held["history"], "alert.changed", held["plan"])


def _preferences(held: Document) -> Iterable[Changed]:
    return _trail(held, held["trail"], "preferences.changed", CHAIN)


def _address(held: Document) -> Iterable[Changed]:
    return _trail(held, held["trail"], "address.changed", CHAIN)


def _feed(held: Document) -> Iterable[Changed]:
    yield _last(held, "feed.created", CHAIN, held["created_by"], held["created_at_ms"])
    if held["revoked_at_ms"]:
        yield _last(held, "feed.revoked", CHAIN, held.get("revoked_by", ""), held["revoked_at_ms"])


def _silence(held: Document) -> Iterable[Changed]:
    return _window(held, "silence")


def _outage(held: Document) -> Iterable[Changed]:
    return _window(held, "outage")


def _window(held: Document, noun: str) -> Iterable[Changed]:
    yield _last(held, f"{noun}.declared", held["plan"], held["by"], held["created_at_ms"])
    yield _last(held, f"{noun}.ended", held["plan"], held["ended_by"], held["changed_at_ms"])


def _last(held: Document, what: str, chain: str, by: str, at_ms: int) -> Changed:
    return Changed(chain, (held["_id"],), held.get("revision") or held["rev"], by, at_ms, what)


def _trail(held: Document, steps: Iterable[dict[str, Any]], what: str, chain: str) -> Iterable[Changed]:
    for step in steps:
        yield _last(held, what, chain, str(step.get("by", "")), step["at_ms"])


_KINDS: tuple[tuple[str, str, Callable[[Document], Iterable[Changed]]], ...] = (
    (INSPECTIONS.name, "changed_ms", _inspection),
    (DRAWS.name, "changed_ms", _draw),
    (ALERTS.name, "changed_at_ms", _alert),
    (SILENCES.name, "changed_at_ms", _silence),
    (OUTAGES.name, "changed_at_ms", _outage),
    (PREFERENCES.name, "changed_at_ms", _preferences),
    (ADDRESSES.name, "changed_at_ms", _address),
    (FEEDS.name, "changed_at_ms", _feed),
)
