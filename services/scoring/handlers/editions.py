"""Seal by two identities: one proposes the digest of what will be sealed, another confirms exactly that.

    propose   compute, keep the files, write the proposal
    confirm   compute again; the same digest: the proposal becomes `sealing`, which settles it
    finish    add the edition to the plan's chain, tell the round and the scores, the proposal becomes `sealed`

Files are written before the record that names them, and records only over the revision that was read. Of several
confirmations at once one settles the proposal; whoever comes next, or the schedule after a crash, finishes it with the
same people and the same instant, and finds the edition that is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from services.scoring.domain.editions.content import INPUTS, Content
from services.scoring.domain.editions.edition import Agreed, Correction, Edition
from services.scoring.domain.editions.files import Part
from services.scoring.domain.editions.proposal import (
    Proposal,
    check_may_confirm,
    check_may_propose,
    confirmed,
    proposal_of,
    void,
    voided,
)
from services.scoring.domain.editions.voiding import changes_since
from services.scoring.domain.round.refusals import refused
from services.scoring.domain.round.view import RoundView
from services.scoring.handlers.edition_content import ComposeContent
from services.scoring.handlers.edition_follow import FollowEditions
from services.scoring.handlers.edition_results import SealedResults
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.refusal import not_found

ATTEMPTS_MAX = 8


class EditionStore(Protocol):
    async def seal(self, agreed: Agreed) -> Edition: ...

    async def of(self, plan: str, year: int) -> Edition | None: ...

    async def get(self, plan: str, year: int, number: int) -> Edition | None: ...


class PartStore(Protocol):
    async def keep(self, folder: str, files: Mapping[str, Sequence[Part]]) -> None: ...

    async def forget(self, folder: str) -> None: ...


class ProposalStore(Protocol):
    async def get(self, plan: str, year: int) -> Proposal | None: ...

    async def save(self, proposal: Proposal) -> bool: ...

    async def sealing(self) -> list[Proposal]: ...


class CorrectionStore(Protocol):
    async def get(self, plan: str, year: int, number: int) -> Correction | None: ...


class Rounds(Protocol):
    async def of(self, plan: str, year: int) -> RoundView: ...


@dataclass(frozen=True, slots=True)
class Sealing:
    """What became of a confirmation: `sealed` by this call, or `unchanged` because it was settled before."""

    result: Literal["sealed", "unchanged"]
    edition: Edition


class SealEditions:
    """Proposes, confirms, and finishes what a crash cut off."""

    def __init__(
        self,
        *,
        editions: EditionStore,
        parts: PartStore,
        proposals: ProposalStore,
        corrections: CorrectionStore,
        rounds: Rounds,
        composing: ComposeContent,
        results: SealedResults,
        follow: FollowEditions,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._editions = editions
        self._parts = parts
        self._proposals = proposals
        self._corrections = corrections
        self._rounds = rounds
        self._composing = composing
        self._results = results
        self._follow = follow
        self._audit = audit
        self._clock = clock

    async def proposal(self, plan: str, year: int) -> Proposal:
        """The newest proposal; refused as not found where nobody proposed."""
        found = await self._proposals.get(plan, year)
        if found is None:
            raise not_found(f"đề nghị niêm phong {plan} năm {year}", f"proposal to seal {plan} for {year}")
        return found

    async def propose(self, plan: str, year: int, *, by: str) -> Proposal:
        """Propose to seal what stands now. The open proposal itself where it says the same, whoever made it."""
        for _ in range(ATTEMPTS_MAX):
            await self._check(plan, year)
            held = await self._proposals.get(plan, year)
            if held is not None and held.state == "sealing":
                await self._finish(held)
                continue
            before = await self._editions.of(plan, year)
            number = before.agreed.number + 1 if before else 1
            content = await self._content(plan, year, number)
            if held is not None and held.state == "open" and (held.number, held.digest) == (number, content.digest):
                return held
            content = await self._composing.with_history(content, before)
            if (made := await self._keep(held, content, number, by)) is not None:
                return made
        raise Transient(f"{plan} {year}: others are proposing at the same time; try again")

    async def confirm(self, plan: str, year: int, *, digest: str, by: str) -> Sealing:
        """Seal what was proposed. Refused: by its proposer, for another digest, or when it has become void."""
        for _ in range(ATTEMPTS_MAX):
            held = await self._proposals.get(plan, year)
            if held is not None and held.digest == digest and held.state in ("sealing", "sealed"):
                return Sealing("unchanged", await self._finish(held))
            proposal = check_may_confirm(held, digest=digest, by=by)
            await self._check(plan, year)
            fresh = await self._content(plan, year, proposal.number)
            if fresh.digest != proposal.digest:
                await self._void(proposal, fresh, by)
                continue
            if await self._proposals.save(confirmed(proposal, by=by, now_ms=self._clock.now_ms())):
                return Sealing("sealed", await self._finish(await self.proposal(plan, year)))
        raise Transient(f"{plan} {year}: others are sealing at the same time; try again")

    async def due(self, _now_ms: int) -> int:
        """Finish what was settled and not finished; how many."""
        held = await self._proposals.sealing()
        for proposal in held:
            await self._finish(proposal)
        return len(held)

    async def _check(self, plan: str, year: int) -> None:
        view = await self._rounds.of(plan, year)
        check_may_propose(view.phase, unsettled=view.unsettled)

    async def _content(self, plan: str, year: int, number: int) -> Content:
        content = await self._composing.content(plan, year, number)
        if content is None:
            raise refused(
                "nothing_owed", "Chưa có số liệu để niêm phong.", "There is nothing to seal: no report is owed."
            )
        return content

    async def _keep(self, held: Proposal | None, content: Content, number: int, by: str) -> Proposal | None:
        """Store the proposal with its files. None when another was faster."""
        facts = content.facts
        made = proposal_of(
            content,
            number=number,
            attempt=held.attempt + 1 if held else 1,
            by=by,
            now_ms=self._clock.now_ms(),
            correction=await self._corrections.get(facts.plan, facts.year, number),
            rev=held.rev if held else 0,
        )
        await self._parts.keep(made.folder, content.parts)
        if not await self._proposals.save(made):
            await self._forget_unless_used(made)
            return None
        if held is not None and held.state in ("open", "void"):
            await self._parts.forget(held.folder)
        await self._record("edition.proposed", made, by, made.proposed_at_ms)
        return made

    async def _void(self, proposal: Proposal, fresh: Content, by: str) -> None:
        """Say in the proposal what has changed since, and refuse. Returns only when the proposal has moved on."""
        inputs = await self._results.lines(proposal, INPUTS)
        gone = voided(proposal, changes_since(proposal, inputs, fresh))
        if await self._proposals.save(gone):
            await self._parts.forget(proposal.folder)
            await self._record("edition.proposal_void", gone, by, self._clock.now_ms())
            raise void(gone)

    async def _forget_unless_used(self, made: Proposal) -> None:
        """Two that propose the same at once keep the same files: only those that no record names are deleted."""
        held = await self._proposals.get(made.facts.plan, made.facts.year)
        if held is None or held.folder != made.folder:
            await self._parts.forget(made.folder)

    async def _finish(self, proposal: Proposal) -> Edition:
        facts = proposal.facts
        if proposal.state == "sealed":
            found = await self._editions.get(facts.plan, facts.year, proposal.number)
            assert found is not None, "a proposal is sealed after its edition was added"
            return found
        edition = await self._editions.seal(proposal.agreed())
        await self._record("edition.sealed", proposal, proposal.confirmed_by, proposal.confirmed_at_ms)
        await self._follow.follow(edition)
        # False: another has finished it meanwhile.
        await self._proposals.save(replace(proposal, state="sealed"))
        return await self._editions.get(facts.plan, facts.year, proposal.number) or edition

    async def _record(self, what: str, proposal: Proposal, by: str, at_ms: int) -> None:
        facts = proposal.facts
        named = f"edition-{facts.plan}-{facts.year}-{proposal.number}"
        await self._audit.record(facts.plan, what, named, by=by, at_ms=at_ms, digest=proposal.digest)
