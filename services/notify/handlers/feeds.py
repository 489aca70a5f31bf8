"""Calendar feeds: a secret address per recipient, created, read, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from services.notify.domain.acts import CHAIN
from services.notify.domain.calendar_entries import (
    Entry,
    Sayings,
    is_listed,
    of_findings,
    of_report,
    shown,
    standing_of,
)
from services.notify.domain.calendar_feed import Feed, Form, calendar, feed_id, units_owing, units_remedying
from services.notify.domain.contacts import LANGUAGES
from services.notify.handlers.ports import LedgerBook, PlanBook, Recorder, UnitBook
from shared.events.inspection import InspectionState
from shared.events.unit import UnitState
from shared.plan.model import Plan

SECRET_BYTES = 32
OBLIGATIONS_MAX = 200
"""Obligations of one unit that are looked at, those due last first."""

UNITS_MAX = 200


class FeedBook(Protocol):
    async def add(self, feed: Feed) -> bool: ...
    async def get(self, feed: str) -> Feed | None: ...
    async def revoke(self, feed: str, *, by: str, now_ms: int) -> bool: ...
    async def page(self, *, recipient: str | None, limit: int, cursor: str | None) -> tuple[list[Feed], str | None]: ...


class InspectionBook(Protocol):
    async def of_plan(self, plan: str) -> list[InspectionState]: ...


@dataclass(frozen=True, slots=True)
class Served:
    """The calendar's bytes, and the entity tag that changes with them."""

    body: bytes
    etag: str


class FeedDesk:
    """Creates feeds and answers them. `sayings_of(language)` gives the words, `host` the right side of UIDs."""

    def __init__(
        self,
        *,
        feeds: FeedBook,
        plans: PlanBook,
        units: UnitBook,
        ledger: LedgerBook,
        inspections: InspectionBook,
        sayings_of: Callable[[str], Sayings],
        host: str,
        audit: Recorder,
    ) -> None:
        self._feeds = feeds
        self._plans = plans
        self._units = units
        self._ledger = ledger
        self._inspections = inspections
        self._sayings_of = sayings_of
        self._host = host
        self._audit = audit

    async def create(self, *, recipient: str, language: str | None, by: str, now_ms: int) -> tuple[Feed, str]:
        """A new feed and its secret, which is told this once and kept only as a hash."""
        address = recipient.strip().lower()
        secret = secrets.token_urlsafe(SECRET_BYTES)
        feed = Feed(
            id=feed_id(secret),
            recipient=address,
            language=language or await self._language(address),
            created_at_ms=now_ms,
            created_by=by,
        )
        await self._feeds.add(feed)
        await self._audit.record(CHAIN, "feed.created", feed.id, by=by, at_ms=now_ms, language=feed.language)
        return feed, secret

    async def revoke(self, feed: str, *, by: str, now_ms: int) -> bool:
        """End a feed for good; False when there is none. Asked twice, done once."""
        held = await self._feeds.get(feed)
        if held is None or not await self._feeds.revoke(feed, by=by, now_ms=now_ms):
            return False
        if not held.revoked_at_ms:
            await self._audit.record(CHAIN, "feed.revoked", feed, by=by, at_ms=now_ms)
        return True

    async def page(self, *, recipient: str | None, limit: int, cursor: str | None) -> tuple[list[Feed], str | None]:
        return await self._feeds.page(recipient=recipient, limit=limit, cursor=cursor)

    async def find(self, secret: str) -> Feed | None:
        """The feed of a secret; None when there is no such feed, or none any more."""
        feed = await self._feeds.get(feed_id(secret))
        return None if feed is None or feed.revoked_at_ms else feed

    async def serve(self, feed: Feed, *, form: Form, now_ms: int) -> Served:
        """What the owner of this feed owes."""
        units = await self._units.all()
        sayings = self._sayings_of(feed.language)
        entries: list[Entry] = []
        for code in await self._plans.codes():
            newest = await self._plans.newest(code)
            if newest is not None:
                entries += await self._reports(feed, newest[0], units, sayings, now_ms=now_ms)
                entries += await self._remedies(feed, newest[0], units, sayings)
        body = calendar(shown(entries, now_ms=now_ms), title=sayings.title, host=self._host, form=form)
        return Served(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')

    async def _reports(
        self, feed: Feed, newest: Plan, units: Mapping[str, UnitState], sayings: Sayings, *, now_ms: int
    ) -> list[Entry]:
        """Each by the words of the plan version under which it is owed; no words for what is not listed any more."""
        found: list[Entry] = []
        for unit, forms in sorted(units_owing(feed.recipient, newest, units).items())[:UNITS_MAX]:
            for state in await self._ledger.of_unit(unit, OBLIGATIONS_MAX):
                is_theirs = state.plan == newest.code and state.form in forms
                if is_theirs and is_listed(standing_of(state), state.due_at_ms, now_ms=now_ms):
                    plan = await self._plans.version(state.plan, state.plan_version)
                    if plan is not None:
                        found.append(of_report(state, plan, units, sayings, language=feed.language))
        return found

    async def _remedies(self, feed: Feed, plan: Plan, units: Mapping[str, UnitState], sayings: Sayings) -> list[Entry]:
        theirs = units_remedying(feed.recipient, plan, units)
        states = await self._inspections.of_plan(plan.code) if theirs else []
        mine = [state for state in states if state.unit in theirs]
        return [one for state in mine for one in of_findings(state, plan, units, sayings, language=feed.language)]

    async def _language(self, address: str) -> str:
        """The language in which the recipient is written to."""
        for unit in (await self._units.all()).values():
            for contact in unit.contacts:
                if contact.email.strip().lower() == address and contact.language in LANGUAGES:
                    return contact.language
        return LANGUAGES[0]
