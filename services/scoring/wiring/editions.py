"""Editions put together: seal, publish, correct, show, prove."""

from __future__ import annotations

from functools import lru_cache

from services.scoring.handlers.ask_editions import AskEditions
from services.scoring.handlers.compute import Compute
from services.scoring.handlers.edition_content import ComposeContent
from services.scoring.handlers.edition_follow import FollowEditions
from services.scoring.handlers.edition_results import SealedResults
from services.scoring.handlers.editions import SealEditions
from services.scoring.handlers.provisionals import KeepProvisionals
from services.scoring.handlers.publish_editions import PublishEditions
from services.scoring.handlers.standing_editions import StandingEditions
from services.scoring.handlers.verify_editions import VerifyEditions
from services.scoring.repository.edition_parts import EditionParts
from services.scoring.repository.editions import Editions as EditionStore
from services.scoring.repository.marks import Marks
from services.scoring.repository.proposals import Corrections, Proposals
from services.scoring.repository.provisionals import Provisionals
from services.scoring.repository.rounds import Rounds as RoundStore
from services.scoring.wiring.rounds import RoundWork
from shared.clock import Clock
from shared.code_version import code_version
from shared.store.documents import Documents


@lru_cache(maxsize=1)
def code() -> str:
    """The code that computes, as editions name it."""
    return code_version(("services.scoring.domain", "shared.plan"), libraries=("numpy",))


class EditionWork:
    """Editions: what makes them, shows them, proves them."""

    def __init__(self, store: Documents, *, computing: Compute, rounds: RoundWork, marks: Marks, clock: Clock) -> None:
        editions, parts, snapshots = EditionStore(store), EditionParts(store), Provisionals(store)
        results = SealedResults(parts)
        self.standing = StandingEditions(editions=editions, results=results)
        corrections, audit = Corrections(store), rounds.audit
        self.follow = FollowEditions(editions=editions, rounds=rounds.views, steps=rounds.run, marks=marks)
        self.seal = SealEditions(
            editions=editions,
            parts=parts,
            proposals=Proposals(store),
            corrections=corrections,
            rounds=rounds.views,
            composing=ComposeContent(computing=computing, results=results, provisionals=snapshots, code_version=code()),
            results=results,
            follow=self.follow,
            audit=audit,
            clock=clock,
        )
        self.publish = PublishEditions(
            editions=editions,
            corrections=corrections,
            rounds=rounds.views,
            steps=rounds.run,
            marks=marks,
            follow=self.follow,
            audit=audit,
            clock=clock,
        )
        self.provisionals = KeepProvisionals(
            rounds=RoundStore(store),
            computing=computing,
            snapshots=snapshots,
            parts=parts,
            clock=clock,
            code_version=code(),
        )
        self.ask = AskEditions(editions=editions, snapshots=snapshots, results=results, parts=parts)
        self.verify = VerifyEditions(editions=editions, parts=parts, computing=computing, code_version=code())
