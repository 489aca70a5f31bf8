"""What was computed: evaluations and scores, each saved with the event that announces it in one write.

The state is kept as JSON text beside the fields that are queried. `sha` is over everything in it that the inputs
determine: the same sha means that nothing is written and nothing announced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from services.scoring.domain.saved import NewScore, SavedScore, listing_order
from services.scoring.repository.collections import EVALUATIONS, SCORES
from shared.clock import iso
from shared.errors import Transient
from shared.events.base import State
from shared.events.catalog import compose_plain
from shared.events.score import EvaluationState, ScoreState
from shared.store.documents import INSERT_MANY_MAX, Document, Documents, scan
from shared.store.pending import PendingEvent, with_pending
from shared.telemetry.tracing import current_traceparent

SAVES_AT_ONCE = 64
WAITING_MAX = 50
KEPT = ("rev", "pending", "pending_ms")
"""What of a saved document is needed to write its next one: the bodies of a large cohort do not fit in memory."""


@dataclass(frozen=True, slots=True)
class ScorePage:
    states: list[dict[str, Any]]
    cursor: str | None


class Results:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def scores(self, evaluation: str) -> dict[str, SavedScore]:
        """Unit -> what is saved, units that left included."""
        found = [_held(document) async for document in scan(self._store, SCORES.name, {"evaluation": evaluation})]
        return {held.unit: held for held in found}

    async def save_scores(self, scores: Sequence[NewScore]) -> None:
        """Save each with its event. Transient when another has saved one meanwhile: compute again.

        A crash in between leaves a part saved; computing again saves the rest.
        """
        first = [score_document(score) for score in scores if score.saved is None]
        for start in range(0, len(first), INSERT_MANY_MAX):
            _all_written(await self._store.insert_many(SCORES.name, first[start : start + INSERT_MANY_MAX]))
        later = [score_document(score) for score in scores if score.saved is not None]
        for start in range(0, len(later), SAVES_AT_ONCE):
            some = later[start : start + SAVES_AT_ONCE]
            _all_written(await asyncio.gather(*(self._store.replace(SCORES.name, document) for document in some)))

    async def evaluation(self, evaluation: str) -> tuple[EvaluationState, str] | None:
        """The saved evaluation and its sha."""
        held = await self._store.get(EVALUATIONS.name, evaluation)
        return None if held is None else (EvaluationState.model_validate_json(held["body"]), held["sha"])

    async def save_evaluation(self, state: EvaluationState, sha: str) -> None:
        """Save it with its event, in place of the revision before. Transient when another was faster."""
        held = await self._store.get(EVALUATIONS.name, state.evaluation) if state.revision > 1 else None
        document = {
            **_pending_of(held),
            "_id": state.evaluation,
            "plan": state.plan,
            "year": state.year,
            "revision": state.revision,
            "sha": sha,
            "body": state.model_dump_json(),
        }
        document = _announcing(document, EvaluationState, dict(state))
        if held is None:
            _all_written([await self._store.insert(EVALUATIONS.name, document)])
        else:
            _all_written([held["revision"] == state.revision - 1])
            _all_written([await self._store.replace(EVALUATIONS.name, {**document, "rev": held["rev"]})])

    async def evaluations(self, *, plan: str | None, limit: int, cursor: str | None) -> ScorePage:
        """Saved evaluations by id."""
        equals = {"plan": plan} if plan else None
        page = await self._store.find(EVALUATIONS.name, equals, limit=limit, cursor=cursor)
        return ScorePage([orjson.loads(held["body"]) for held in page.documents], page.cursor)

    async def ranking(self, evaluation: str, *, peer_group: str | None, limit: int, cursor: str | None) -> ScorePage:
        """Scores of the units in the cohort by peer group, rank, code."""
        equals = {"listing": evaluation} | ({"peer_group": peer_group} if peer_group else {})
        page = await self._store.find(SCORES.name, equals, order_by="order", limit=limit, cursor=cursor)
        return ScorePage([orjson.loads(held["body"]) for held in page.documents], page.cursor)


def score_document(score: NewScore) -> Document:
    """The document with its event appended to what waits already."""
    state, held = score.state, score.saved
    document: Document = {
        **_pending_of(held.document if held else None),
        "_id": f"score-{state['plan']}-{state['year']}-{state['unit']}",
        "evaluation": state["evaluation"],
        "listing": state["evaluation"] if score.listed else f"left-{state['evaluation']}",
        "peer_group": state["peer_group"],
        "order": listing_order(state["peer_group"], state["rank"], state["unit"]),
        "unit": state["unit"],
        "revision": state["revision"],
        "sha": score.sha,
        "index": state["index"],
        "rank": state["rank"],
        "band": state["band"],
        "body": score.body,
    }
    if held:
        document["rev"] = held.document["rev"]
    return _announcing(document, ScoreState, state)


def _announcing(document: Document, kind: type[State], state: Mapping[str, Any]) -> Document:
    computed_at_ms = state["computed_at_ms"]
    at, trace = iso(computed_at_ms), current_traceparent()
    event = compose_plain(kind, state, data=document["body"], at=at, traceparent=trace)
    return with_pending(document, [cast(PendingEvent, event)], now_ms=computed_at_ms)


def _pending_of(held: Mapping[str, Any] | None) -> Document:
    """What still waits. Events carry the whole state, so with the broker long away the newest ones are enough."""
    waiting = held["pending"][-WAITING_MAX:] if held else []
    return {"pending": waiting, "pending_ms": waiting[0].get("at_ms", held["pending_ms"]) if held and waiting else 0}


def _held(document: Document) -> SavedScore:
    return SavedScore(
        unit=document["unit"],
        revision=document["revision"],
        sha=document["sha"],
        peer_group=document["peer_group"],
        index=document["index"],
        rank=document["rank"],
        band=document["band"],
        listed=document["listing"] == document["evaluation"],
        document={name: document[name] for name in KEPT},
    )


def _all_written(written: Sequence[bool]) -> None:
    if not all(written):
        raise Transient("another instance has saved results of this evaluation meanwhile")
