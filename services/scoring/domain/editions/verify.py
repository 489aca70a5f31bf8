"""What is checked of an edition, and what was found: each check with its outcome and a sentence. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import orjson

from services.scoring.domain.computation import Computation
from services.scoring.domain.editions.content import INPUTS, LAYOUT, PLAN, REFERENCE, RESULTS, Content, content_of
from services.scoring.domain.editions.edition import Agreed, Edition
from services.scoring.domain.editions.files import faults_of, lines_of
from services.scoring.domain.editions.texts import sources_of
from services.scoring.domain.inputs import Sources
from shared.plan.model import Plan

Outcome = Literal["right", "wrong", "moved_on", "not_checked"]
"""`moved_on`: the store has learnt of something since that happened before the seal; the edition stands."""
Texts = Mapping[str, Sequence[str | None]]
Compute = Callable[[Plan, str, int, Sources, int], Computation]

FAULTS_MAX = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `says` in English: it is read by machines and auditors."""

    what: str
    outcome: Outcome
    says: str
    faults: tuple[str, ...] = ()

    def shown(self) -> dict[str, Any]:
        return asdict(self)


def check_files(agreed: Agreed, texts: Texts) -> Check:
    """Every part of every file against its hash."""
    found = [fault for kind, file in agreed.files.items() for fault in faults_of(file, texts[kind])]
    if found:
        return Check("files", "wrong", f"{len(found)} parts are not what was sealed", tuple(found[:FAULTS_MAX]))
    size = sum(file.bytes for file in agreed.files.values())
    return Check("files", "right", f"{len(agreed.files)} files of {size} bytes give the hashes that were sealed")


def check_digest(agreed: Agreed) -> Check:
    """The digest that two identities agreed on, from inputs, parameters, code version and results."""
    now = agreed.digest_now
    if now != agreed.digest:
        return Check("digest", "wrong", f"the sealed facts give {now}, not the digest {agreed.digest}")
    return Check("digest", "right", f"inputs, parameters, code version and results give {now}")


def check_identities(agreed: Agreed) -> Check:
    if agreed.proposed_by == agreed.confirmed_by:
        return Check("identities", "wrong", "one identity proposed and confirmed it")
    return Check("identities", "right", "one identity proposed it and another confirmed it")


class Walked(Protocol):
    """What walking a hash chain found."""

    @property
    def intact(self) -> bool: ...

    @property
    def links(self) -> int: ...

    @property
    def broken_seq(self) -> int | None: ...

    @property
    def reason(self) -> str: ...


def check_chain(edition: Edition, walked: Walked) -> Check:
    """The edition at its place in the plan's chain, and every edition of the plan with it."""
    named = edition.agreed.facts
    beside = (edition.document["plan"], edition.document["year"], edition.document["number"])
    if beside != (named.plan, named.year, edition.agreed.number):
        return Check("chain", "wrong", f"it is kept as {beside}, but another was sealed: {edition.id}")
    if not walked.intact:
        place = f"link {walked.broken_seq} of the chain of {named.plan} (this edition is link {edition.seq})"
        return Check("chain", "wrong", f"{place}: {walked.reason}")
    after = f"after {edition.previous_sha256}" if edition.previous_sha256 else "the first of its plan"
    return Check("chain", "right", f"link {edition.seq} of {walked.links} in the chain of {named.plan}, {after}")


def check_store(agreed: Agreed, inputs_sha256: str | None) -> Check:
    """The inputs that this store's history holds of the instant that was sealed."""
    if inputs_sha256 is None:
        return Check("history", "not_checked", "the history of this store does not hold these inputs")
    if inputs_sha256 != agreed.facts.inputs_sha256:
        told = f"the history of this store gives inputs {inputs_sha256} for that instant"
        return Check("history", "moved_on", f"{told}; sealed were {agreed.facts.inputs_sha256}")
    return Check("history", "right", "the history of this store still holds exactly the inputs that were sealed")


def check_recomputed(agreed: Agreed, texts: Texts, compute: Compute, code_version: str) -> Check:
    """The results once more from the sealed inputs and plan, against the sealed results, line by line.

    A difference under another code version is said as such: it may come from the code.
    """
    facts = agreed.facts
    try:
        plan = Plan.model_validate_json(_joined(texts[PLAN]))
        sources = sources_of(lines_of([_joined(texts[INPUTS])]))
        computation = compute(plan, facts.plan_sha256, facts.year, sources, facts.now_ms)
        reference = orjson.loads(_joined(texts[REFERENCE]))["edition"]
        fresh = content_of(computation, code_version=facts.code_version, edition=reference)
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        return Check("recomputed", "wrong", f"it cannot be computed again: {type(error).__name__}: {error}"[:500])
    found = _differing(agreed, texts, fresh)
    if not found:
        return Check("recomputed", "right", "the sealed inputs give the sealed results again, byte for byte")
    same = code_version == facts.code_version
    why = "with the same code" if same else f"with code {code_version}; it was sealed by code {facts.code_version}"
    return Check("recomputed", "wrong", f"the sealed inputs give other results {why}", tuple(found[:FAULTS_MAX]))


def _differing(agreed: Agreed, texts: Texts, fresh: Content) -> list[str]:
    found = []
    if fresh.facts.inputs_sha256 != agreed.facts.inputs_sha256:
        found.append(f"inputs: {fresh.facts.inputs_sha256}, sealed {agreed.facts.inputs_sha256}")
    for kind in (LAYOUT, REFERENCE, RESULTS):
        if fresh.files[kind].sha256 != agreed.files[kind].sha256:
            found.append(f"{kind}: {fresh.files[kind].sha256}, sealed {agreed.files[kind].sha256}")
    if any(fault.startswith(RESULTS) for fault in found):
        found += _units(texts, fresh)
    return found


def _units(texts: Texts, fresh: Content) -> list[str]:
    """The units whose lines differ."""
    now = set(lines_of(part.text for part in fresh.parts[RESULTS]))
    sealed = lines_of([_joined(texts[RESULTS])])
    return [f"unit {orjson.loads(line)['unit']}" for line in sealed if line not in now]


def _joined(texts: Sequence[str | None]) -> str:
    return "".join(text or "" for text in texts)
