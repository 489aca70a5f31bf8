"""The proposal to seal each (plan, year): the newest one, written over the one before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from services.scoring.domain.editions.content import Facts
from services.scoring.domain.editions.edition import Correction
from services.scoring.domain.editions.files import file_from
from services.scoring.domain.editions.proposal import Proposal
from services.scoring.repository.collections import CORRECTIONS, PROPOSALS
from shared.store.documents import Document, Documents, scan


class Proposals:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, plan: str, year: int) -> Proposal | None:
        held = await self._store.get(PROPOSALS.name, _id(plan, year))
        return None if held is None else _proposal(held)

    async def save(self, proposal: Proposal) -> bool:
        """Write over the revision that was read (`rev` 0: none). False when another was faster."""
        document = _document(proposal)
        if proposal.rev == 0:
            return await self._store.insert(PROPOSALS.name, document)
        return await self._store.replace(PROPOSALS.name, {**document, "rev": proposal.rev})

    async def sealing(self) -> list[Proposal]:
        """Confirmed ones whose edition is not finished: what a crash left."""
        return [_proposal(held) async for held in scan(self._store, PROPOSALS.name, {"state": "sealing"})]


class Corrections:
    """Corrections that were opened: the edition that each is to become, and why."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def open(self, plan: str, year: int, number: int, correction: Correction) -> bool:
        """Record that edition `number` is being prepared. False when it is already."""
        held = {"plan": plan, "year": year, "number": number, **asdict(correction)}
        return await self._store.insert(CORRECTIONS.name, {"_id": f"correction-{plan}-{year}-{number}", **held})

    async def get(self, plan: str, year: int, number: int) -> Correction | None:
        held = await self._store.get(CORRECTIONS.name, f"correction-{plan}-{year}-{number}")
        return None if held is None else Correction(held["reason"], held["opened_by"], held["opened_at_ms"])


def _id(plan: str, year: int) -> str:
    return f"proposal-{plan}-{year}"


def _document(proposal: Proposal) -> Document:
    plain = (
        *("number", "attempt", "digest", "folder", "state"),
        *("proposed_by", "proposed_at_ms", "confirmed_by", "confirmed_at_ms"),
    )
    return {
        "_id": _id(proposal.facts.plan, proposal.facts.year),
        **{name: getattr(proposal, name) for name in plain},
        "facts": asdict(proposal.facts),
        "files": [proposal.files[kind].facts() for kind in sorted(proposal.files)],
        "correction": asdict(proposal.correction) if proposal.correction else None,
        "counts": dict(proposal.counts),
        "changes": list(proposal.changes),
    }


def _proposal(held: dict[str, Any]) -> Proposal:
    fields = {name: part for name, part in held.items() if name in Proposal.__dataclass_fields__}
    return Proposal(
        **{
            **fields,
            "facts": Facts(**held["facts"]),
            "files": {each["kind"]: file_from(each) for each in held["files"]},
            "correction": Correction(**held["correction"]) if held["correction"] else None,
            "changes": tuple(held["changes"]),
        }
    )
