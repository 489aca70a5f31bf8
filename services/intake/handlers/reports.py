"""Submit a report: load what it is held against, decide, archive what it replaces, write entry and events at once.

What a crash between the steps costs: after the archive and before the entry, nothing (the archived copy equals the
version that still stands); after the entry, the audit line (see `audit`). The client repeats its request and gets
"unchanged", because identical content writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from services.intake.domain.decide import Decision, decide
from services.intake.domain.entry import Entry, Report
from services.intake.domain.evidence import Use, to_note
from services.intake.domain.stamp import written_at
from services.intake.domain.submission import ReportInput
from services.intake.handlers.cases import Case, Cases
from services.intake.handlers.since import told_since
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.refusal import Refusal

ATTEMPTS_MAX = 8


class LedgerStore(Protocol):
    async def replace(self, held: Entry, fresh: Entry, *, now_ms: int) -> bool: ...


class VersionStore(Protocol):
    async def archive(self, report: Report, *, now_ms: int) -> None: ...
    async def of_report(self, report: str) -> list[Report]: ...


class EvidenceStore(Protocol):
    async def note(self, plan: str, uses: Sequence[Use]) -> None: ...


class SubmitReports:
    """Takes reports."""

    def __init__(
        self,
        *,
        cases: Cases,
        ledger: LedgerStore,
        versions: VersionStore,
        evidence: EvidenceStore,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._cases = cases
        self._ledger = ledger
        self._versions = versions
        self._evidence = evidence
        self._audit = audit
        self._clock = clock

    async def submit(
        self, given: ReportInput, *, by: str, named_version: int | None, dry_run: bool, at_ms: int | None = None
    ) -> Decision:
        """The decision on the submission, carried out unless `dry_run`. `at_ms`: when it was received, if not now.

        Refused: nothing owed, not in the window, sealed, faults of the whole call, another version stands than the
        named one. Transient when others change the same entry too often.
        """
        for _ in range(ATTEMPTS_MAX):
            now_ms = self._clock.now_ms()
            case = await self._cases.load(given)
            came_ms = now_ms if at_ms is None else at_ms
            decision = decide(given, case.entry, case.context, named_version=named_version, by=by, now_ms=came_ms)
            if decision.result == "moved":
                raise await self._moved(case.entry, named_version)
            if came_ms != now_ms:
                decision = written_at(decision, now_ms)
            if dry_run or decision.result == "unchanged" or await self._save(case, decision, by, now_ms):
                return decision
        raise Transient(f"{given.unit} {given.period}: others change this report; try again")

    async def _save(self, case: Case, decision: Decision, by: str, now_ms: int) -> bool:
        held, fresh = case.entry, decision.entry
        if decision.result == "created" and held.report is not None:
            await self._versions.archive(held.report, now_ms=now_ms)
        if not await self._ledger.replace(held, fresh, now_ms=now_ms):
            return False
        if decision.result == "created":
            await self._note_evidence(case, decision)
        facts: dict[str, Any] = {"rejected_count": fresh.obligation.rejected_count}
        if decision.result == "created" and fresh.report is not None:
            facts = {"version": fresh.version, "sha256": fresh.report.state.sha256}
        what = "report.received" if decision.result == "created" else "report.rejected"
        await self._audit.record(fresh.obligation.plan, what, fresh.report_id, by=by, at_ms=now_ms, **facts)
        return True

    async def _note_evidence(self, case: Case, decision: Decision) -> None:
        """After the entry: a crash between leaves a file unclaimed until its next use, which V14 then cannot see."""
        kept = (value.evidence.sha256 for value in decision.content.values if value.evidence)
        noted = to_note([file for file in kept if file], case.uses, decision.entry)
        if noted:
            await self._evidence.note(decision.entry.obligation.plan, noted)

    async def _moved(self, entry: Entry, named: int | None) -> Refusal:
        return Refusal(
            "version_moved",
            _MOVED_VI.format(entry.version) if entry.report else _NONE_VI,
            _MOVED_EN.format(entry.version) if entry.report else _NONE_EN,
            members=await told_since(self._versions, entry, named),
        )


_MOVED_VI = 'Phiên bản {0} đang có hiệu lực; muốn sửa hãy đọc lại và gửi If-Match: "{0}".'
_MOVED_EN = 'Version {0} stands now; to amend it, read it and send If-Match: "{0}".'
_NONE_VI = "Chưa có phiên bản nào để thay; hãy gửi không kèm If-Match."
_NONE_EN = "There is no version to replace yet; send without If-Match."
