"""A sealed evaluation seals the reports that it was computed from: they change again only for a correction.

Corrections work as before: the sealer unseals single obligations, and the next edition closes them again.
"""

from __future__ import annotations

from typing import Protocol

import structlog
from pydantic import ValidationError

from services.intake.handlers.sealing import Sealing
from shared.errors import Permanent
from shared.events.edition import EditionState
from shared.events.envelope import Envelope

EDITION_CHANGED = "edition.changed.v1"

log = structlog.get_logger(__name__)


class Seals(Protocol):
    async def seal(self, plan: str, year: int, *, by: str, edition: int = 0) -> Sealing: ...


class FollowEditions:
    """What editions mean to intake."""

    def __init__(self, *, seals: Seals) -> None:
        self._seals = seals

    async def edition(self, envelope: Envelope) -> None:
        """Seal the year, with the edition named as who did it. Events that come again change nothing.

        Permanent where the year has no obligations here, or is not over: a person has to look at the dead letter.
        """
        if envelope.type != EDITION_CHANGED:
            return
        try:
            state = EditionState.model_validate(envelope.data)
        except ValidationError as err:
            told = f"{envelope.type} {envelope.id} does not carry its state: {err.error_count()} faults"
            raise Permanent(told) from err
        done = await self._seals.seal(state.plan, state.year, by=state.edition, edition=state.number)
        log.info("year.sealed_by_edition", edition=state.edition, result=done.result, closed=done.closed)
