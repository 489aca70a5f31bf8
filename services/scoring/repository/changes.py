"""What people changed in rounds since an instant, for audit lines that a crash left unwritten."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from services.scoring.repository.collections import APPRAISALS, CLARIFICATIONS, EDITIONS, ROUNDS
from shared.audit.lines import Changed
from shared.events.round import AppraisalState, ClarificationState, RoundState
from shared.store.documents import Between, Document, Documents, scan

_PAGE = 200


class ChangedInRounds:
    """Rounds, appraisals, clarifications and editions by when they were changed last."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def since(self, at_ms: int) -> AsyncIterator[Changed]:
        """Those whose last change is of this instant or later."""
        for collection, what, read in _KINDS:
            between = Between("changed_ms", at_least=at_ms)
            async for held in scan(self._store, collection, between=between, page_size=_PAGE):
                plan, by = read(held)
                yield Changed(plan, (held["_id"],), held["revision"], by, held["changed_ms"], what)


def _round(held: Document) -> tuple[str, str]:
    state = RoundState.model_validate_json(held["body"])
    return state.plan, _last([*state.reschedulings, *state.steps], state.opened_by)


def _appraisal(held: Document) -> tuple[str, str]:
    state = AppraisalState.model_validate_json(held["body"])
    return state.plan, _last([*([state.explanation] if state.explanation else []), *state.opinions], "")


def _clarification(held: Document) -> tuple[str, str]:
    state = ClarificationState.model_validate_json(held["body"])
    return state.plan, state.decision.by if state.decision else state.by


def _last(told: Iterable[Any], otherwise: str) -> str:
    """By whom the newest of these is."""
    newest = max(told, key=lambda one: one.at_ms, default=None)
    return otherwise if newest is None else str(newest.by)


def _edition(held: Document) -> tuple[str, str]:
    return held["plan"], held["published_by"] or held["entry"]["confirmed_by"]


_KINDS: tuple[tuple[str, str, Callable[[Document], tuple[str, str]]], ...] = (
    (ROUNDS.name, "round.changed", _round),
    (APPRAISALS.name, "criterion.changed", _appraisal),
    (CLARIFICATIONS.name, "clarification.changed", _clarification),
    (EDITIONS.name, "edition.changed", _edition),
)
