"""Approve a report, return it with a reason, take an approval back; and what waits for reviewers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from services.intake.domain.entry import Entry, Report
from services.intake.domain.transitions import approved, returned, unapproved
from services.intake.domain.versions import PublishedPlan
from services.intake.handlers.since import told_since
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.plan.deadlines import review_due_ms
from shared.plan.model import Plan
from shared.refusal import Refusal, not_found

ATTEMPTS_MAX = 8


class PlanStore(Protocol):
    async def get(self, plan: str, version: str) -> PublishedPlan | None: ...


class LedgerStore(Protocol):
    async def get(self, id: str) -> Entry | None: ...
    async def replace(self, held: Entry, fresh: Entry, *, now_ms: int) -> bool: ...
    async def waiting(
        self, *, due_before_ms: int | None, limit: int, cursor: str | None, only: Callable[[Entry], bool]
    ) -> tuple[list[Entry], str | None]: ...


class VersionStore(Protocol):
    async def of_report(self, report: str) -> list[Report]: ...


class ReviewReports:
    """Takes reviewers' decisions."""

    def __init__(
        self, *, plans: PlanStore, ledger: LedgerStore, versions: VersionStore, audit: Audit, clock: Clock
    ) -> None:
        self._plans = plans
        self._ledger = ledger
        self._versions = versions
        self._audit = audit
        self._clock = clock

    async def approve(self, report: str, *, by: str, named_version: int | None) -> Entry:
        """Approve what stands (`named_version`, when given, must be it). Refused where the review policy says so."""

        def decision(entry: Entry, plan: Plan, now_ms: int) -> Entry:
            return approved(entry, form=plan.form(entry.obligation.form), by=by, now_ms=now_ms)

        return await self._decide(report, "report.approved", decision, by=by, named_version=named_version)

    async def give_back(self, report: str, *, by: str, reason: str, named_version: int | None) -> Entry:
        """Return what stands: what is owed is open again, and the reviewer's reason goes with it."""

        def decision(entry: Entry, _plan: Plan, now_ms: int) -> Entry:
            return returned(entry, by=by, reason=reason, now_ms=now_ms)

        return await self._decide(report, "report.returned", decision, by=by, named_version=named_version)

    async def unapprove(self, report: str, *, by: str, reason: str, named_version: int | None) -> Entry:
        """Take the approval back: the report is reviewed once more, the reviewers' clock starts again."""

        def decision(entry: Entry, plan: Plan, now_ms: int) -> Entry:
            held = entry.obligation
            due_ms = review_due_ms(plan, plan.form(held.form), now_ms, held.time_zone)
            return unapproved(entry, by=by, reason=reason, now_ms=now_ms, review_due_at_ms=due_ms)

        return await self._decide(report, "report.unapproved", decision, by=by, named_version=named_version)

    async def waiting(
        self, *, overdue: bool, plan: str | None, unit: str | None, form: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Entry], str | None]:
        """Reports that wait for reviewers, those with the earliest limit first; or only those past their limit."""

        def asked_for(entry: Entry) -> bool:
            held = entry.obligation
            return plan in (None, held.plan) and unit in (None, held.unit) and form in (None, held.form)

        before_ms = self._clock.now_ms() if overdue else None
        return await self._ledger.waiting(due_before_ms=before_ms, limit=limit, cursor=cursor, only=asked_for)

    async def _decide(
        self,
        report: str,
        what: str,
        decision: Callable[[Entry, Plan, int], Entry],
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
                raise _moved(entry, await told_since(self._versions, entry, named_version))
            published = await self._plans.get(entry.obligation.plan, entry.obligation.plan_version)
            if published is None:
                raise Transient(f"plan {entry.obligation.plan} {entry.obligation.plan_version} cannot be read")
            fresh = decision(entry, published.plan, now_ms)
            if await self._ledger.replace(entry, fresh, now_ms=now_ms):
                plan = entry.obligation.plan
                await self._audit.record(plan, what, report, by=by, at_ms=now_ms, version=entry.version)
                return fresh
        raise Transient(f"{report}: others change this report; try again")


def _moved(entry: Entry, told: dict[str, Any]) -> Refusal:
    return Refusal(
        "version_moved",
        f"Phiên bản {entry.version} đang có hiệu lực; hãy đọc lại trước khi quyết định.",
        f"Version {entry.version} stands now; read it before deciding.",
        members=told,
    )
