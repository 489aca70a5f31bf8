"""What a digest tells at a moment: read from the states that notify follows, put together by the domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import orjson

from services.notify.domain.digests.anchors import AnchorOf
from services.notify.domain.digests.letter import DigestLetter, Moment, digest_letter, standing_of
from services.notify.domain.digests.material import DueStep, Material, Silenced, ledger_at, year_of
from services.notify.domain.digests.run import DigestRun
from services.notify.domain.digests.standing import Standing
from services.notify.domain.instants import DAY_MS, at_local, local_day
from services.notify.handlers.ports import AlertBook, DeliveryBook, LedgerBook, SourceBook, UnitBook
from shared.events.score import EvaluationState, ScoreState
from shared.plan.digests import digest_moments
from shared.plan.model import Digest, Plan

LOOK_BACK_MS = 400 * DAY_MS
"""How far back the moment before is looked for: beyond the longest schedule."""


class Silences(Protocol):
    """What is silenced now."""

    async def silenced(self, plan: Plan, at_ms: int) -> list[Silenced]: ...


class Inspections(Protocol):
    """What is due next of the inspections under way."""

    async def due_steps(self, plan: Plan, until_ms: int) -> list[DueStep]: ...


class Anchors(Protocol):
    """The newest anchors of the audit logs before an instant, of a plan and of what concerns no single plan."""

    async def printed(self, plan: Plan, at_ms: int) -> tuple[AnchorOf, ...]: ...


class NoneSilenced:
    """Where nothing can be silenced."""

    async def silenced(self, plan: Plan, at_ms: int) -> list[Silenced]:
        return []


class NoneInspected:
    """Where there are no inspections."""

    async def due_steps(self, plan: Plan, until_ms: int) -> list[DueStep]:
        return []


class NoneAnchored:
    """Where no audit log is followed."""

    async def printed(self, plan: Plan, at_ms: int) -> tuple[AnchorOf, ...]:
        return ()


STEPS_AHEAD_MS = 14 * DAY_MS
"""Steps of inspections are told when they are due within two weeks, or late."""


@dataclass(frozen=True, slots=True)
class Told:
    """A letter, and what the next one compares with."""

    letter: DigestLetter
    standing: Standing


class DigestContent:
    """Reads what a digest needs and puts it together. Writes nothing."""

    def __init__(
        self,
        *,
        units: UnitBook,
        ledger: LedgerBook,
        scores: SourceBook[ScoreState],
        evaluations: SourceBook[EvaluationState],
        alerts: AlertBook,
        deliveries: DeliveryBook,
        silences: Silences | None = None,
        inspections: Inspections | None = None,
        anchors: Anchors | None = None,
    ) -> None:
        self._units = units
        self._ledger = ledger
        self._scores = scores
        self._evaluations = evaluations
        self._alerts = alerts
        self._deliveries = deliveries
        self._silences = silences or NoneSilenced()
        self._inspections = inspections or NoneInspected()
        self._anchors = anchors or NoneAnchored()

    async def at(
        self,
        plan: Plan,
        digest: Digest,
        moment_ms: int,
        before: DigestRun | None,
        *,
        now_ms: int,
        run: str | None = None,
    ) -> Told:
        """The digest of a moment; without `run` a preview. Reports that arrived after the moment are not counted."""
        window = (window_from_ms(plan, digest, moment_ms), moment_ms)
        obligations = ledger_at(await self._ledger.of_plan(plan.code), moment_ms)
        year = year_of(obligations, moment_ms, local_day(moment_ms, plan.time_zone).year)
        evaluations = await self._evaluations.of_year(plan.code, year)
        scores = await self._scores.of_year(plan.code, year)
        units = await self._units.all()
        changes = [*obligations, *evaluations, *scores, *units.values()]
        material = Material(
            obligations=obligations,
            evaluation=evaluations[0] if evaluations else None,
            scores=scores,
            alerts=await self._alerts.open_of(plan.code),
            undelivered=await self._deliveries.undelivered(plan.code, *window),
            units=units,
            changes_seen=sum(state.revision for state in changes),
            silenced=await self._silences.silenced(plan, moment_ms),
            steps=await self._inspections.due_steps(plan, moment_ms + STEPS_AHEAD_MS),
            anchors=await self._anchors.printed(plan, moment_ms),
        )
        looks_back = run is None and moment_ms < now_ms
        moment = Moment(year, *window, made_at_ms=now_ms, run=run, looks_back=looks_back)
        earlier = standing_in(before)
        letter = digest_letter(plan, digest.audience, material, earlier, moment)
        return Told(letter, standing_of(plan, material, earlier, moment))


def standing_in(run: DigestRun | None) -> Standing:
    """What a run left for the next; nothing when there was none."""
    if run is None:
        return Standing()
    held = orjson.loads(run.standing_json)
    known = Standing.__dataclass_fields__
    return Standing(**{name: value for name, value in held.items() if name in known})


def window_from_ms(plan: Plan, digest: Digest, moment_ms: int) -> int:
    """Where the window of a moment begins: at the moment before it, or with the plan."""
    earlier = digest_moments(plan, digest, moment_ms - LOOK_BACK_MS, moment_ms - 1)
    first_ms = at_local(plan.effective.first, "00:00", plan.time_zone)
    return earlier[-1] if earlier else min(first_ms, moment_ms - DAY_MS)
