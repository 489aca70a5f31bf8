"""Digest runs: found or created by their key, made once, made up after downtime, delivered to their audience.

Order of writes: the enclosures (derived ids: repeating adds nothing), then the run with its pinned content, then one
delivery per recipient (unique), then COMPLETED. A crash before the run costs enclosures that nobody refers to; a crash
after it is finished by the next pass from the run itself, with the content that was pinned. Of two instances that make
the same run, one wins the insert, and its content counts.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace

import orjson
from prometheus_client import Counter

from services.notify.domain.contacts import LANGUAGES, Recipient
from services.notify.domain.deliveries import Delivery, created
from services.notify.domain.digests.run import MAKE_UP_MS, DigestRun, decision_of, digest_id
from services.notify.handlers.digest_content import DigestContent, Told, standing_in
from services.notify.handlers.digest_pinned import letter_of, pinned
from services.notify.handlers.digest_ports import DigestBook, EnclosureBook, Press
from services.notify.handlers.ports import DeliveryBook, PlanBook, UnitBook
from services.notify.handlers.tell_alerts import audience_of
from shared.plan.digests import digest_moments
from shared.plan.model import Digest, Plan

PAGE = 50


class MakeDigests:
    """Makes every run that is due and hands it to its audience."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        units: UnitBook,
        content: DigestContent,
        press: Press,
        deliveries: DeliveryBook,
        digests: DigestBook,
        enclosures: EnclosureBook,
        notices: Counter,
    ) -> None:
        self._plans = plans
        self._units = units
        self._content = content
        self._press = press
        self._deliveries = deliveries
        self._digests = digests
        self._enclosures = enclosures
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
        before = await self._digests.before(plan.code, digest.audience, moment_ms)
        told = await self._content.at(plan, digest, moment_ms, before, now_ms=now_ms, run=id)
        silent = told.letter.all_clear and not digest.send_when_empty
        if silent:  # nobody reads it: the next one still compares with the last that was read
            told = Told(told.letter, standing_in(before))
        return await self._write(id, told, silent=silent, now_ms=now_ms)

    async def _write(self, id: str, told: Told, *, silent: bool, now_ms: int) -> int:
        letter, moment = told.letter, told.letter.moment
        sheets = await asyncio.gather(*(self._press.print(letter, language) for language in LANGUAGES))
        printed = dict(zip(LANGUAGES, sheets, strict=True))
        await self._enclosures.keep([file for one in printed.values() for file in one.files])
        run = DigestRun(
            id=id,
            plan=letter.plan,
            audience=letter.audience,
            window_from_ms=moment.window_from_ms,
            window_to_ms=moment.window_to_ms,
            status="COMPLETED" if silent else "CREATED",
            recipients=0,
            all_clear=letter.all_clear,
            headline_vi=printed["vi"].headline,
            headline_en=printed["en"].headline,
            made_at_ms=now_ms,
            decision=decision_of(silent=silent, late_ms=now_ms - moment.window_to_ms),
            letters_json=pinned(printed),
            standing_json=orjson.dumps(asdict(told.standing)).decode(),
        )
        return int(await self._digests.add(run, now_ms=now_ms))

    async def _hand_over(self, run: DigestRun, now_ms: int) -> None:
        """One delivery per recipient, then done. Repeating it adds nothing."""
        newest = await self._plans.newest(run.plan)
        recipients = audience_of(newest[0], run.audience, await self._units.all()) if newest else ()
        for recipient in recipients:
            if await self._deliveries.add(_delivery(run, recipient, now_ms), now_ms=now_ms):
                self._notices.labels("digest", run.decision).inc()
        decision = run.decision if recipients else "missing_contact"
        done = replace(
            run, status="COMPLETED", recipients=len(recipients), decision=decision, revision=run.revision + 1
        )
        await self._digests.replace(done, now_ms=now_ms)


def _delivery(run: DigestRun, recipient: Recipient, now_ms: int) -> Delivery:
    """The run to one of its audience. Its enclosures are found by the run and the language."""
    return created(
        kind="digest",
        subject=run.id,
        slot=run.id,
        plan=run.plan,
        unit="",
        recipient=recipient,
        covers=(run.id,),
        letter=letter_of(run, recipient.language),
        reason=run.decision,
        now_ms=now_ms,
    )
