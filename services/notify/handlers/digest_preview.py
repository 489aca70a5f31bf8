"""A digest of any audience at any moment, computed for the one who asks: nothing is stored, nobody is written to.

For a past moment it shows what the states held can tell: reports that arrived later are taken back, alerts that opened
later are left out, scores are as they are now. The letter says so, and up to which change it saw.
"""

from __future__ import annotations

from services.notify.domain.digests.printed import Printed
from services.notify.handlers.digest_content import DigestContent
from services.notify.handlers.digest_ports import DigestBook, Press
from services.notify.handlers.ports import PlanBook


class PreviewDigest:
    """Computes previews."""

    def __init__(self, *, plans: PlanBook, content: DigestContent, press: Press, digests: DigestBook) -> None:
        self._plans = plans
        self._content = content
        self._press = press
        self._digests = digests

    async def at(self, plan: str, audience: str, at_ms: int, *, language: str, now_ms: int) -> Printed | None:
        """The digest of an audience at `at_ms`, or now when that is to come; None when the plan has none such."""
        newest = await self._plans.newest(plan)
        found = [digest for digest in newest[0].digests if digest.audience == audience] if newest else []
        if newest is None or not found:
            return None
        moment_ms = min(at_ms, now_ms)
        before = await self._digests.before(plan, audience, moment_ms)
        told = await self._content.at(newest[0], found[0], moment_ms, before, now_ms=now_ms)
        return await self._press.print(told.letter, language)
