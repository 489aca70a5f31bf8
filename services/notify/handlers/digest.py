"""Digest runs: found or created by their key, made once, made up after downtime, delivered to their audience.

Order of writes: the run with its pinned content, then one delivery per recipient (unique), then COMPLETED. A crash
anywhere is finished by the next pass from the run itself, with the content that was pinned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

import orjson
from prometheus_client import Counter

from services.notify.domain.contacts import LANGUAGES
from services.notify.domain.deliveries import Letter, created
from services.notify.domain.digests import (
    MAKE_UP_MS,
    DigestLetter,
    DigestRun,
    Material,
    Standing,
    digest_id,
    digest_letter,
    standing_of,
    year_of,
)
from services.notify.domain.instants import DAY_MS, at_local, local_day
from services.notify.handlers.ports import (
    AlertBook,
    DeliveryBook,
    DigestBook,
    LedgerBook,
    PlanBook,
    SourceBook,
    UnitBook,
    Writer,
)
from services.notify.handlers.tell_alerts import audience_of
from shared.events.score import EvaluationState, ScoreState
from shared.plan.digests import digest_moments
from shared.plan.model import Digest, Plan

LOOK_BACK_MS = 400 * DAY_MS
PAGE = 50


class MakeDigests:
    """Makes every run that is due and hands it to its audience."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        units: UnitBook,
        ledger: LedgerBook,
        scores: SourceBook[ScoreState],
        evaluations: SourceBook[EvaluationState],
        alerts: AlertBook,
        deliveries: DeliveryBook,
        digests: DigestBook,
        writer: Writer,
        notices: Counter,
    ) -> None:
        self._plans = plans
        self._units = units
        self._ledger = ledger
        self._scores = scores
        self._evaluations = evaluations
        self._alerts = alerts
        self._deliveries = deliveries
        self._digests = digests
        self._writer = writer
        self._notices = notices
        # Only saves looking: moments up to here were dealt with by this process. What is written decides.
        self._seen_until_ms: dict[tuple[str, str, str], int] = {}

    async def run(self, now_ms: int) -> int:
        """Make due runs, then finish unfinished ones; leaves none due. How many steps were taken."""
        made = 0
        for code in await self._plans.codes():
            newest = await self._plans.newest(code)
            if newest is not None:
                made += await self._make_due(newest[0], newest[1], now_ms)
        while unfinished := await self._digests.unfinished(PAGE):
            for run in unfinished:
                await self._hand_over(run, now_ms)
            made += len(unfinished)
        return made

    async def _make_due(self, plan: Plan, published_at_ms: int, now_ms: int) -> int:
        made = 0
        for digest in plan.digests:
            key = (plan.code, plan.version, digest.audience)
            after_ms = max(now_ms - MAKE_UP_MS, published_at_ms, self._seen_until_ms.get(key, 0))
            for moment_ms in digest_moments(plan, digest, after_ms, now_ms):
                made += await self._make(plan, digest, moment_ms, now_ms)
            self._seen_until_ms[key] = now_ms
        return made

    async def _make(self, plan: Plan, digest: Digest, moment_ms: int, now_ms: int) -> int:
        id = digest_id(plan.code, digest.audience, moment_ms)
        if await self._digests.get(id) is not None:
            return 0
        earlier = digest_moments(plan, digest, moment_ms - LOOK_BACK_MS, moment_ms - 1)
        first_ms = at_local(plan.effective.first, "00:00", plan.time_zone)
        window_from_ms = earlier[-1] if earlier else min(first_ms, moment_ms - DAY_MS)
        before = await self._digests.before(plan.code, digest.audience, moment_ms)
        letter, standing = await self._content(plan, digest, before, (window_from_ms, moment_ms), now_ms)
        silent = letter.all_clear and not digest.send_when_empty
        letters = {language: asdict(self._writer.digest(letter, language)) for language in LANGUAGES}
        run = DigestRun(
            id=id,
            plan=plan.code,
            audience=digest.audience,
            window_from_ms=window_from_ms,
            window_to_ms=moment_ms,
            status="COMPLETED" if silent else "CREATED",
            recipients=0,
            all_clear=letter.all_clear,
            headline_vi=self._writer.headline(letter, "vi"),
            headline_en=self._writer.headline(letter, "en"),
            made_at_ms=now_ms,
            decision=_decision(silent=silent, late=now_ms - moment_ms > DAY_MS),
            letters_json=orjson.dumps(letters).decode(),
            standing_json=orjson.dumps(asdict(standing)).decode(),
        )
        return int(await self._digests.add(run, now_ms=now_ms))

    async def _content(
        self, plan: Plan, digest: Digest, before: DigestRun | None, window: tuple[int, int], now_ms: int
    ) -> tuple[DigestLetter, Standing]:
        obligations = await self._ledger.of_plan(plan.code)
        year = year_of(obligations, now_ms, local_day(now_ms, plan.time_zone).year)
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
        )
        letter = digest_letter(
            plan,
            digest.audience,
            material,
            _standing(before),
            year=year,
            window_from_ms=window[0],
            window_to_ms=window[1],
            now_ms=now_ms,
        )
        return letter, standing_of(material)

    async def _hand_over(self, run: DigestRun, now_ms: int) -> None:
        """One delivery per recipient, then done. Repeating it adds nothing."""
        newest = await self._plans.newest(run.plan)
        recipients = audience_of(newest[0], run.audience, await self._units.all()) if newest else ()
        letters: Mapping[str, dict[str, str]] = orjson.loads(run.letters_json)
        for recipient in recipients:
            delivery = created(
                kind="digest",
                subject=run.id,
                slot=run.id,
                plan=run.plan,
                unit="",
                recipient=recipient,
                covers=(run.id,),
                letter=Letter(**letters[recipient.language]),
                reason=run.decision,
                now_ms=now_ms,
            )
            if await self._deliveries.add(delivery, now_ms=now_ms):
                self._notices.labels("digest", run.decision).inc()
        decision = run.decision if recipients else "missing_contact"
        done = replace(
            run, status="COMPLETED", recipients=len(recipients), decision=decision, revision=run.revision + 1
        )
        await self._digests.replace(done, now_ms=now_ms)


def _standing(before: DigestRun | None) -> Standing:
    return Standing() if before is None else Standing(**orjson.loads(before.standing_json))


def _decision(*, silent: bool, late: bool) -> str:
    if silent:
        return "nothing_to_tell"
    return "made_up_after_downtime" if late else "scheduled"
