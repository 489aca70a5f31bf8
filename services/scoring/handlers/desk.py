"""The appraisal desk: a unit's criteria side by side, how far a round is, and previews that touch no record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.round.appraising import Criterion, Finding, check_finding
from services.scoring.domain.round.criteria import (
    CriterionStatus,
    applies,
    counts,
    criteria,
    criterion,
    desk_row,
    self_value,
)
from services.scoring.domain.round.evidence import evidence_of
from services.scoring.domain.round.preview import Moves, what_if
from services.scoring.domain.summary import optional
from services.scoring.handlers.round_case import RoundCases
from shared.clock import Clock
from shared.events.round import AppraisalState, ClarificationState

PREVIEWED = 2**31
"""The revision of a row that only a preview sees: newer than any that stands."""


class HeldAppraisal(Protocol):
    @property
    def state(self) -> AppraisalState: ...


class Appraisals(Protocol):
    async def of_unit(self, evaluation: str, unit: str) -> Mapping[str, HeldAppraisal]: ...

    def all(self, evaluation: str) -> AsyncIterator[AppraisalState]: ...


class Clarifications(Protocol):
    async def of_unit(self, evaluation: str, unit: str) -> Mapping[str, ClarificationState]: ...

    def all(self, evaluation: str) -> AsyncIterator[ClarificationState]: ...


class Desk:
    """What appraisers and units look at."""

    def __init__(
        self, *, cases: RoundCases, appraisals: Appraisals, clarifications: Clarifications, clock: Clock
    ) -> None:
        self._cases = cases
        self._appraisals = appraisals
        self._clarifications = clarifications
        self._clock = clock

    async def unit(self, plan: str, year: int, unit: str, *, as_the_unit: bool) -> dict[str, Any]:
        """The unit's criteria. `as_the_unit`: what is appraised shows once the results are shared with the units."""
        case = await self._cases.load(plan, year, unit)
        evaluation = evaluation_id(plan, year)
        sent = await self._cases.sent(case)
        held = await self._appraisals.of_unit(evaluation, unit)
        requests = await self._clarifications.of_unit(evaluation, unit)
        shows = not as_the_unit or case.round.phase not in ("DRAFT", "SELF_SCORING", "APPRAISAL")
        computed, at = case.computation, case.at
        layers = {"self": computed.reported, "appraised": computed.appraised, "final": computed.evaluation}
        indexes = {
            name: None if layer is None else optional(layer.published[at : at + 1])[0]
            for name, layer in layers.items()
            if shows or name == "self"
        }
        rows = [
            desk_row(
                computed,
                indicator,
                at,
                evidence=evidence_of(sent, indicator.code),
                appraisal=held[indicator.code].state if indicator.code in held else None,
                request=requests.get(indicator.code),
                shows_appraised=shows,
            )
            for indicator in criteria(computed.evaluation.plan)
            if applies(computed.evaluation, indicator.code)[at] or applies(computed.reported, indicator.code)[at]
        ]
        return {
            "plan": plan,
            "plan_version": computed.evaluation.plan.version,
            "year": year,
            "unit": unit,
            "phase": case.round.phase,
            "provisional": computed.provisional,
            "inputs_sha256": computed.inputs_sha256,
            "index": indexes,
            "criteria": rows,
        }

    async def counts(self, plan: str, year: int) -> dict[CriterionStatus, int]:
        """How many criteria of all units stand where; empty while nothing can be computed."""
        computation = await self._cases.computation(plan, year)
        evaluation = evaluation_id(plan, year)
        appraisals = [one async for one in self._appraisals.all(evaluation)]
        requests = [one async for one in self._clarifications.all(evaluation)]
        return await asyncio.to_thread(counts, computation, appraisals, requests)

    async def unappraised(self, plan: str, year: int) -> int:
        """How many criteria of all units have a value and no appraisal."""
        return (await self.counts(plan, year))["SELF_SCORED"]

    async def preview(self, place: Criterion, finding: Finding) -> Moves:
        """Whose index, rank and band would move if the criterion were decided so. Nothing is written."""
        case = await self._cases.load(place.plan, place.year, place.unit)
        indicator = criterion(case.computation.evaluation.plan, place.indicator)
        value = self_value(case.computation, place.indicator, case.at)
        check_finding(finding, value, is_quotient=indicator.is_quotient)
        row = Appraised(
            unit=place.unit,
            indicator=place.indicator,
            outcome=finding.outcome,
            revision=PREVIEWED,
            decided_at_ms=self._clock.now_ms(),
            value=finding.value,
            numerator=finding.numerator,
            denominator=finding.denominator,
        )
        # In a thread: it computes the whole cohort.
        return await asyncio.to_thread(what_if, case.computation, row)
