"""Scores, each with the course of its index over the weeks."""

from __future__ import annotations

from services.dashboard.domain.standing import Standing, standing_of
from services.dashboard.domain.trend import with_point
from services.dashboard.repository.read_model import apply
from shared.events.score import ScoreState
from shared.store.documents import Collection, Document, Documents, Index

SCORES = Collection("scores", (Index(("plan", "year")),))
SCORES_MAX = 1000


def _merged(held: Document | None, fresh: Document) -> Document | None:
    """The newer state, with the points of both: a state that comes late still belongs to the course."""
    state = fresh["state"]
    past = held["trend"] if held else {}
    course = with_point(
        past,
        at_ms=state["computed_at_ms"],
        revision=fresh["revision"],
        index=state["index"],
        rank=state["rank"],
    )
    if held is None or held["revision"] < fresh["revision"]:
        return {**fresh, "trend": course}
    return None if course == past else {**held, "trend": course}


class Scores:
    """The newest score of every unit and year."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: ScoreState) -> bool:
        """Hold this state if it is newer, and its point of the course in any case."""
        document = {
            "_id": f"score-{state.plan}-{state.year}-{state.unit}",
            "revision": state.revision,
            "plan": state.plan,
            "year": state.year,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, SCORES.name, document, _merged)

    async def standings(self, plan: str, year: int, now_ms: int) -> list[Standing]:
        """Where every unit stands in a year, at most SCORES_MAX."""
        page = await self._store.find(SCORES.name, {"plan": plan, "year": year}, limit=SCORES_MAX)
        return [standing_of(document, now_ms) for document in page.documents]

    async def get(self, plan: str, year: int, unit: str) -> ScoreState | None:
        """The score of one unit with every indicator."""
        document = await self._store.get(SCORES.name, f"score-{plan}-{year}-{unit}")
        return ScoreState.model_validate(document["state"]) if document else None
