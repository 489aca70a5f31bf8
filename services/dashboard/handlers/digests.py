"""Digests: the runs and to whom they went, by events; what a run said, or would say at a moment, asked of notify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.dashboard.domain.asking import Reader
from services.dashboard.domain.facts import Listed
from services.dashboard.domain.told import Paper
from shared.events.notice import DeliveryState, DigestState

RECIPIENTS_MAX = 500


class DigestsHeld(Protocol):
    async def page(self, plan: str, *, audience: str | None, limit: int, cursor: str | None) -> Listed[DigestState]: ...
    async def get(self, digest: str) -> DigestState | None: ...


class DeliveriesOf(Protocol):
    async def of_subject(self, subject: str, *, limit: int) -> list[DeliveryState]: ...


class DigestApi(Protocol):
    async def preview(
        self, plan: str, audience: str, *, at: str | None, language: str, format: str, reader: Reader
    ) -> Paper: ...
    async def content(self, digest: str, *, language: str, format: str, reader: Reader) -> Paper: ...


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """One run and its deliveries, newest first."""

    state: DigestState
    deliveries: tuple[DeliveryState, ...]


class DigestPages:
    """Answers what the pages about digests show."""

    def __init__(self, *, held: DigestsHeld, deliveries: DeliveriesOf, api: DigestApi) -> None:
        self._held = held
        self._deliveries = deliveries
        self._api = api

    async def page(self, plan: str, *, audience: str | None, limit: int, cursor: str | None) -> Listed[DigestState]:
        """Runs, newest first; `Permanent` when the cursor is not of this list."""
        return await self._held.page(plan, audience=audience, limit=limit, cursor=cursor)

    async def one(self, digest: str) -> DigestFacts | None:
        """One run; None when no event told of it."""
        state = await self._held.get(digest)
        if state is None:
            return None
        return DigestFacts(state, tuple(await self._deliveries.of_subject(digest, limit=RECIPIENTS_MAX)))

    async def preview(
        self, plan: str, audience: str, *, at: str | None, language: str, format: str, reader: Reader
    ) -> Paper:
        """A digest as it would be at a moment (RFC 3339; None: now). `Refused`, `Away`."""
        return await self._api.preview(plan, audience, at=at, language=language, format=format, reader=reader)

    async def content(self, digest: str, *, language: str, format: str, reader: Reader) -> Paper:
        """What a run said. `Refused`, `Away`."""
        return await self._api.content(digest, language=language, format=format, reader=reader)
