"""The record of an edition: what was sealed, by whom, after which one, and what became of it.

The sealed part is the entry of a link in the plan's hash chain: `sha256` is the link's hash over {chain, seq,
previous, at_ms, entry}, `previous_sha256` that of the edition sealed before in the same plan (any year), "" for the
first. What happens later (publication) stands beside the entry and has its own lines in the audit log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from services.scoring.domain.editions.content import Facts, digest_of
from services.scoring.domain.editions.files import File, file_from

Status = Literal["SEALED", "PUBLISHED"]


@dataclass(frozen=True, slots=True)
class Correction:
    """Why edition n+1 was made: opened by whom, when, for which reason."""

    reason: str
    opened_by: str
    opened_at_ms: int


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the two identities agreed on: the content by its digest, and who did it when.

    `folder` names where the texts of the files are kept; `counts` how many units a correction changed, and why.
    """

    number: int
    facts: Facts
    digest: str
    files: Mapping[str, File]
    folder: str
    proposed_by: str
    proposed_at_ms: int
    confirmed_by: str
    sealed_at_ms: int
    correction: Correction | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    def entry(self) -> dict[str, Any]:
        """As the plain values that the chain hashes."""
        return {
            "number": self.number,
            **asdict(self.facts),
            "digest": self.digest,
            "files": [self.files[kind].facts() for kind in sorted(self.files)],
            "folder": self.folder,
            "proposed_by": self.proposed_by,
            "proposed_at_ms": self.proposed_at_ms,
            "confirmed_by": self.confirmed_by,
            "sealed_at_ms": self.sealed_at_ms,
            "correction": asdict(self.correction) if self.correction else None,
            "counts": dict(self.counts),
        }

    @property
    def digest_now(self) -> str:
        """The digest that facts and files give: the one agreed on, unless one of them was changed."""
        return digest_of(self.facts, self.files)


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition. `seq` is its place in the chain, `revision` that of the event that announces it.

    `document` is the store's own, handed back to it unchanged.
    """

    agreed: Agreed
    seq: int
    sha256: str
    previous_sha256: str
    status: Status
    revision: int
    published_by: str = ""
    published_at_ms: int = 0
    is_followed: bool = False
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        return edition_id(self.agreed.facts.plan, self.agreed.facts.year, self.agreed.number)


def edition_id(plan: str, year: int, number: int) -> str:
    return f"edition-{plan}-{year}-{number}"


def agreed_of(entry: Mapping[str, Any]) -> Agreed:
    """The reverse of `Agreed.entry`. KeyError or TypeError when the entry was mutilated."""
    facts = Facts(**{name: entry[name] for name in Facts.__dataclass_fields__})
    files = {each["kind"]: file_from(each) for each in entry["files"]}
    correction = Correction(**entry["correction"]) if entry["correction"] else None
    own = ("number", "digest", "folder", "proposed_by", "proposed_at_ms", "confirmed_by", "sealed_at_ms", "counts")
    return Agreed(facts=facts, files=files, correction=correction, **{name: entry[name] for name in own})
