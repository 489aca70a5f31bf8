"""Why the appraised criteria of one unit are as they are: the reason that was given last."""

from __future__ import annotations

from services.scoring.domain.explain.layers import Note
from services.scoring.repository.appraisals import Appraisals
from services.scoring.repository.clarifications import Clarifications
from shared.store.documents import Documents

Said = tuple[int, Note]


class AppraisalNotes:
    def __init__(self, store: Documents) -> None:
        self._appraisals = Appraisals(store)
        self._clarifications = Clarifications(store)

    async def of(self, evaluation: str, unit: str, *, as_of_ms: int | None = None) -> dict[str, Note]:
        """Indicator -> reason and identity of the newest opinion or decision, of those given by the instant."""
        said: dict[str, list[Said]] = {}
        for code, held in (await self._appraisals.of_unit(evaluation, unit)).items():
            opinions = [(one.at_ms, Note(one.reason, one.by)) for one in held.state.opinions]
            said.setdefault(code, []).extend(opinions)
        for code, request in (await self._clarifications.of_unit(evaluation, unit)).items():
            decision = request.decision
            if decision is not None and decision.outcome is not None:
                said.setdefault(code, []).append((decision.at_ms, Note(decision.reason, decision.by)))
        newest = {code: _newest(found, as_of_ms) for code, found in said.items()}
        return {code: note for code, note in newest.items() if note is not None}


def _newest(said: list[Said], as_of_ms: int | None) -> Note | None:
    known = [one for one in said if as_of_ms is None or one[0] <= as_of_ms]
    return max(known, key=lambda one: one[0])[1] if known else None
