"""Approve a report, or return it with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from services.intake.domain.entry import Entry
from services.intake.domain.refusal import Refusal, not_found
from services.intake.domain.transitions import approved, returned
from services.intake.domain.versions import PublishedPlan
from services.intake.handlers.audit import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.plan.model import Form

ATTEMPTS_MAX = 8


class PlanStore(Protocol):
    async def get(self, plan: str, version: str) -> PublishedPlan | None: ...


class LedgerStore(Protocol):
    async def get(self, id: str) -> Entry | None: ...
    async def replace(self, held: Entry, fresh: Entry, *, now_ms: int) -> bool: ...


class ReviewReports:
    """Takes reviewers' decisions."""

    def __init__(self, *, plans: PlanStore, ledger: LedgerStore, audit: Audit, clock: Clock) -> None:
        self._plans = plans
        self._ledger = ledger
        self._audit = audit
        self._clock = clock

    async def approve(self, report: str, *, by: str, named_version: int | None) -> Entry:
        """Approve what stands (`named_version`, when given, must be it). Refused where the review policy says so."""

        def decision(entry: Entry, form: Form, now_ms: int) -> Entry:
            return approved(entry, form=form, by=by, now_ms=now_ms)

        return await self._decide(report, "report.approved", decision, by=by, named_version=named_version)

    async def give_back(self, report: str, *, by: str, reason: str, named_version: int | None) -> Entry:
        """Return what stands: what is owed is open again, and the reviewer's reason goes with it."""

        def decision(entry: Entry, _form: Form, now_ms: int) -> Entry:
            return returned(entry, by=by, reason=reason, now_ms=now_ms)

        return await self._decide(report, "report.returned", decision, by=by, named_version=named_version)

    async def _decide(
        self,
        report: str,
        what: str,
        decision: Callable[[Entry, Form, int], Entry],
        *,
        by: str,
        named_version: int | None,
    ) -> Entry:
        for _ in range(ATTEMPTS_MAX):
            now_ms = self._clock.now_ms()
            entry = await self._ledger.get(report.replace("report-", "obligation-", 1))
            if entry is None or entry.report is None:
                raise not_found(f"báo cáo {report}", f"report {report}")
            if named_version is not None and named_version != entry.version:
                raise _moved(entry)
            published = await self._plans.get(entry.obligation.plan, entry.obligation.plan_version)
            if published is None:
                raise Transient(f"plan {entry.obligation.plan} {entry.obligation.plan_version} cannot be read")
            fresh = decision(entry, published.plan.form(entry.obligation.form), now_ms)
            if await self._ledger.replace(entry, fresh, now_ms=now_ms):
                plan = entry.obligation.plan
                await self._audit.record(plan, what, report, by=by, at_ms=now_ms, version=entry.version)
                return fresh
        raise Transient(f"{report}: others change this report; try again")


def _moved(entry: Entry) -> Refusal:
    return Refusal(
        "version_moved",
        f"Phiên bản {entry.version} đang có hiệu lực; hãy đọc lại trước khi quyết định.",
        f"Version {entry.version} stands now; read it before deciding.",
        members={"report_id": entry.report_id, "current_version": entry.version},
    )
