"""Publish a sealed edition, and open a correction of a published one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from services.scoring.domain.editions.edition import Correction, Edition, edition_id
from services.scoring.domain.round.refusals import refused
from services.scoring.handlers.edition_follow import FollowEditions, Marks, Rounds, Steps
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.refusal import Refusal, not_found

ATTEMPTS_MAX = 8


class EditionStore(Protocol):
    async def get(self, plan: str, year: int, number: int) -> Edition | None: ...

    async def of(self, plan: str, year: int) -> Edition | None: ...

    async def publish(self, edition: Edition, *, by: str, at_ms: int) -> bool: ...


class CorrectionStore(Protocol):
    async def open(self, plan: str, year: int, number: int, correction: Correction) -> bool: ...

    async def get(self, plan: str, year: int, number: int) -> Correction | None: ...


@dataclass(frozen=True, slots=True)
class Publication:
    result: Literal["published", "unchanged"]
    edition: Edition


@dataclass(frozen=True, slots=True)
class Opened:
    """A correction: the edition that it is to become."""

    result: Literal["opened", "unchanged"]
    number: int
    correction: Correction


class PublishEditions:
    """The steps after the seal."""

    def __init__(
        self,
        *,
        editions: EditionStore,
        corrections: CorrectionStore,
        rounds: Rounds,
        steps: Steps,
        marks: Marks,
        follow: FollowEditions,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._editions = editions
        self._corrections = corrections
        self._rounds = rounds
        self._steps = steps
        self._marks = marks
        self._follow = follow
        self._audit = audit
        self._clock = clock

    async def publish(self, plan: str, year: int, number: int, *, by: str) -> Publication:
        """Publish it; the event goes out with the same write."""
        for _ in range(ATTEMPTS_MAX):
            edition = await self._editions.get(plan, year, number)
            if edition is None:
                raise no_edition(plan, year, number)
            if edition.status == "PUBLISHED":
                await self._follow.follow(edition)
                return Publication("unchanged", edition)
            # The round takes one step after the other: that of the seal may have been cut off.
            await self._follow.follow(edition)
            edition = await self._editions.get(plan, year, number) or edition
            at_ms = self._clock.now_ms()
            if await self._editions.publish(edition, by=by, at_ms=at_ms):
                published = await self._editions.get(plan, year, number)
                assert published is not None, "an edition is never deleted"
                await self._audit.record(
                    plan, "edition.published", published.id, by=by, at_ms=at_ms, sha256=published.sha256
                )
                await self._follow.follow(published)
                return Publication("published", published)
        raise Transient(f"{edition_id(plan, year, number)}: others change this edition; try again")

    async def correct(self, plan: str, year: int, *, reason: str, by: str) -> Opened:
        """Open a correction of the newest edition: appraisals may change again, and are sealed as the next edition."""
        edition = await self._editions.of(plan, year)
        if edition is None:
            raise not_found(f"bản kết quả {plan} năm {year}", f"edition of {plan} for {year}")
        if edition.status != "PUBLISHED":
            raise refused(
                "not_published",
                "Bản kết quả mới nhất chưa công bố; chỉ đính chính kết quả đã công bố.",
                "The newest edition is not published; only what is published is corrected.",
                edition=edition.id,
                status=edition.status,
            )
        await self._follow.follow(edition)
        number = edition.agreed.number + 1
        wanted = Correction(reason, by, self._clock.now_ms())
        opened = await self._corrections.open(plan, year, number, wanted)
        held = await self._corrections.get(plan, year, number) or wanted
        if (await self._rounds.of(plan, year)).phase == "PUBLISHED":
            await self._steps.enter(plan, year, "CORRECTED", by=held.opened_by, reason=held.reason)
        await self._marks.mark(plan, year)
        if opened:
            id = edition_id(plan, year, number)
            await self._audit.record(plan, "edition.correction_opened", id, by=by, at_ms=wanted.opened_at_ms)
        return Opened("opened" if opened else "unchanged", number, held)


def no_edition(plan: str, year: int, number: int) -> Refusal:
    """There is no such edition."""
    return not_found(f"bản kết quả số {number} của {plan} năm {year}", f"edition {number} of {plan} for {year}")
