"""Reports and scores as last announced: only what alerts and digests ask of them."""

from __future__ import annotations

from typing import Generic, TypeVar

from services.notify.domain.instants import NEVER_MS
from shared.errors import Transient
from shared.events.report import ReportState
from shared.events.score import EvaluationState, ScoreState
from shared.store.documents import Between, Collection, Document, Documents, Index, scan

SOURCE_INDEXES = (Index(("check_at_ms",)), Index(("plan", "year")))
REPORTS = Collection("reports", indexes=SOURCE_INDEXES)
SCORES = Collection("scores", indexes=SOURCE_INDEXES)
EVALUATIONS = Collection("evaluations", indexes=SOURCE_INDEXES)
ATTEMPTS_MAX = 5
PARSED_MAX = 256
"""States that are kept in memory as they were read: some 20 MB of scores."""

S = TypeVar("S", ReportState, ScoreState, EvaluationState)


class Source(Generic[S]):
    """States of one noun by id, newest revision only. `check_at_ms`: when their signals are to be looked at."""

    def __init__(self, store: Documents, collection: Collection, model: type[S]) -> None:
        self._store = store
        self._name = collection.name
        self._model: type[S] = model
        self._parsed: dict[str, tuple[str, S]] = {}

    async def put(self, id: str, state: S, *, check_at_ms: int) -> bool:
        """Keep a state if it is newer than what is held; whether it was."""
        document = {
            "_id": id,
            "plan": state.plan,
            "year": state.year,
            "revision": state.revision,
            "check_at_ms": check_at_ms,
            "state_json": state.model_dump_json(),
        }
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(self._name, id)
            if held is None:
                if await self._store.insert(self._name, document):
                    return True
            elif held["revision"] >= state.revision:
                return False
            elif await self._store.replace(self._name, {**document, "rev": held["rev"]}):
                return True
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was saved")

    async def get(self, id: str) -> S | None:
        """The state that is held."""
        held = await self._store.get(self._name, id)
        return None if held is None else self._model.model_validate_json(held["state_json"])

    async def to_check(self, now_ms: int, limit: int) -> list[tuple[str, S]]:
        """(id, state) of those whose signals are due to be looked at."""
        page = await self._store.find(self._name, between=Between("check_at_ms", below=now_ms + 1), limit=limit)
        return [(held["_id"], self._model.model_validate_json(held["state_json"])) for held in page.documents]

    async def checked(self, id: str, state: S) -> None:
        """The signals of this revision were looked at. A newer revision stays to be checked."""
        held = await self._store.get(self._name, id)
        if held is not None and held["revision"] == state.revision:
            await self._store.replace(self._name, {**held, "check_at_ms": NEVER_MS})

    async def of_year(self, plan: str, year: int) -> list[S]:
        """Every state of a plan's year."""
        found = scan(self._store, self._name, {"plan": plan, "year": year})
        return [self._read_once(held) async for held in found]

    def _read_once(self, held: Document) -> S:
        """Read once per content: a year is asked for at every digest and after every score, and little of it changes.

        Of a large cohort nothing is kept for long: then the states would fill the memory.
        """
        id, text = held["_id"], held["state_json"]
        known = self._parsed.get(id)
        if known is None or known[0] != text:
            if len(self._parsed) >= PARSED_MAX:
                self._parsed.clear()
            known = self._parsed[id] = (text, self._model.model_validate_json(text))
        return known[1]

    async def count_due(self, now_ms: int) -> int:
        return await self._store.count(self._name, between=Between("check_at_ms", below=now_ms + 1))
