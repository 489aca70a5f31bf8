"""Submit a report: load what it is held against, decide, archive what it replaces, write entry and events at once.

What a crash between the steps costs: after the archive and before the entry, nothing (the archived copy equals the
version that still stands); after the entry, the audit line (see `audit`). The client repeats its request and gets
"unchanged", because identical content writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.intake.domain.checks.context import Context, Values
from services.intake.domain.content import CHANGES_MAX, changes
from services.intake.domain.decide import Decision, decide
from services.intake.domain.entry import Entry, Report, obligation_id
from services.intake.domain.evidence import Use, files_of, held_elsewhere, to_note
from services.intake.domain.refusal import Refusal, not_found
from services.intake.domain.submission import ReportInput
from services.intake.domain.units import Registered
from services.intake.domain.versions import PublishedPlan
from services.intake.handlers.audit import Audit
from shared.clock import Clock, iso
from shared.errors import Transient
from shared.events.report import ReportedValue
from shared.events.unit import UnitState
from shared.plan.periods import Period

ATTEMPTS_MAX = 8


class PlanStore(Protocol):
    async def get(self, plan: str, version: str) -> PublishedPlan | None: ...
    async def versions(self, plan: str) -> list[PublishedPlan]: ...


class UnitStore(Protocol):
    async def get(self, unit: str) -> Registered | None: ...


class LedgerStore(Protocol):
    async def get_many(self, ids: Sequence[str]) -> list[Entry]: ...
    async def replace(self, held: Entry, fresh: Entry, *, now_ms: int) -> bool: ...


class VersionStore(Protocol):
    async def archive(self, report: Report, *, now_ms: int) -> None: ...
    async def get(self, report: str, version: int) -> Report | None: ...


class EvidenceStore(Protocol):
    async def of(self, plan: str, files: Iterable[str]) -> list[Use]: ...
    async def note(self, plan: str, uses: Sequence[Use]) -> None: ...


@dataclass(frozen=True, slots=True)
class Case:
    """What a submission is held against."""

    entry: Entry
    context: Context
    uses: Sequence[Use]


class SubmitReports:
    """Takes reports."""

    def __init__(
        self,
        *,
        plans: PlanStore,
        units: UnitStore,
        ledger: LedgerStore,
        versions: VersionStore,
        evidence: EvidenceStore,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._plans = plans
        self._units = units
        self._ledger = ledger
        self._versions = versions
        self._evidence = evidence
        self._audit = audit
        self._clock = clock

    async def submit(self, given: ReportInput, *, by: str, named_version: int | None, dry_run: bool) -> Decision:
        """The decision on the submission, carried out unless `dry_run`.

        Refused: nothing owed, not in the window, sealed, faults of the whole call, another version stands than the
        named one. Transient when others change the same entry too often.
        """
        for _ in range(ATTEMPTS_MAX):
            now_ms = self._clock.now_ms()
            case = await self._load(given)
            decision = decide(given, case.entry, case.context, named_version=named_version, by=by, now_ms=now_ms)
            if decision.result == "moved":
                raise await self._moved(case.entry, named_version)
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

    async def _load(self, given: ReportInput) -> Case:
        period = _period(given.period)
        wanted, before, year_before = (
            obligation_id(plan=given.plan, form=given.form, unit=given.unit, period=code)
            for code in (period.code, period.previous().code, period.year_before().code)
        )
        ids = dict.fromkeys((wanted, before, year_before))
        found = {entry.id: entry for entry in await self._ledger.get_many(list(ids))}
        registered = await self._units.get(given.unit)
        entry = found.get(wanted)
        if entry is None or registered is None or not _is_about(entry, given):
            raise await self._nothing_owed(given, registered)
        held = entry.obligation
        published = await self._plans.get(held.plan, held.plan_version)
        if published is None:
            raise Transient(f"plan {held.plan} {held.plan_version} cannot be read")
        uses, elsewhere = await self._uses(given, published)
        plan, form = published.plan, published.plan.form(held.form)
        context = Context(
            plan=plan,
            catalogue={indicator.code: indicator for indicator in plan.indicators()},
            form=form,
            # The group is the one of the period: the past does not move when a unit is moved.
            unit=registered.state.model_copy(update={"peer_group": held.peer_group}),
            year=held.year,
            expected=plan.form_indicators(form, held.peer_group),
            values={},
            given=frozenset(),
            previous=_values(found.get(before)),
            previous_year=period.previous().year,
            year_before=_values(found.get(year_before)),
            evidence_elsewhere=elsewhere,
        )
        return Case(entry, context, uses)

    async def _nothing_owed(self, given: ReportInput, registered: Registered | None) -> Refusal:
        versions = await self._plans.versions(given.plan)
        if not versions:
            return not_found(f"kế hoạch {given.plan}", f"plan {given.plan}")
        if registered is None:
            return not_found(f"đơn vị {given.unit}", f"unit {given.unit}")
        if not any(given.form == form.code for version in versions for form in version.plan.forms):
            return not_found(f"biểu mẫu {given.form}", f"form {given.form} in plan {given.plan}")
        state: UnitState = registered.state
        return not_found(
            f"nghĩa vụ báo cáo {given.form} kỳ {given.period} của {given.unit} (hiệu lực từ {state.valid_from})",
            f"obligation of {given.unit} to report {given.form} for {given.period} (unit valid from "
            f"{state.valid_from} to {state.valid_to or 'today'})",
        )

    async def _uses(self, given: ReportInput, published: PublishedPlan) -> tuple[list[Use], dict[str, str]]:
        """What is known of the files named, and which of them other units use. Nothing where no rule asks."""
        files = files_of(given)
        if not files or not any(rule.check == "evidence_shared" for rule in published.plan.validation):
            return [], {}
        uses = await self._evidence.of(given.plan, files)
        others = dict.fromkeys(use.obligation for use in uses if use.unit != given.unit)
        entries = {entry.id: entry for entry in await self._ledger.get_many(list(others))} if others else {}
        return uses, held_elsewhere(uses, entries, given.unit)

    async def _moved(self, entry: Entry, named: int | None) -> Refusal:
        return Refusal(
            "version_moved",
            _MOVED_VI.format(entry.version) if entry.report else _NONE_VI,
            _MOVED_EN.format(entry.version) if entry.report else _NONE_EN,
            members=await self._since(entry, named),
        )

    async def _since(self, entry: Entry, named: int | None) -> dict[str, Any]:
        """Which version stands, since when, from whom, and how it differs from the named one."""
        if entry.report is None:
            return {"current_version": 0}
        state = entry.report.state
        told: dict[str, Any] = {
            "report_id": state.report,
            "current_version": state.version,
            "received_at": iso(state.received_at_ms),
            "submitted_by": state.submitted_by,
        }
        old = await self._versions.get(state.report, named) if named and named < state.version else None
        if old is not None:
            found = changes(old.state.values, state.values)
            told |= {"changes": [change.document() for change in found[:CHANGES_MAX]], "changes_total": len(found)}
        return told


_MOVED_VI = 'Phiên bản {0} đang có hiệu lực; muốn sửa hãy đọc lại và gửi If-Match: "{0}".'
_MOVED_EN = 'Version {0} stands now; to amend it, read it and send If-Match: "{0}".'
_NONE_VI = "Chưa có phiên bản nào để thay; hãy gửi không kèm If-Match."
_NONE_EN = "There is no version to replace yet; send without If-Match."


def _period(code: str) -> Period:
    try:
        return Period.parse(code)
    except ValueError as error:
        raise Refusal(
            "not_valid",
            f"{code!r} không phải là kỳ báo cáo; viết 2011-M03, 2011-Q1, 2011-H1, 2011-9M hoặc 2011.",
            str(error),
            pointer="/period",
        ) from error


def _is_about(entry: Entry, given: ReportInput) -> bool:
    """Ids are joined with hyphens, which codes may hold: two names can read alike when joined."""
    held = entry.obligation
    return (held.plan, held.form, held.unit) == (given.plan, given.form, given.unit)


def _values(entry: Entry | None) -> Values | None:
    """The values that an earlier report stands for; None without one, and of a returned or nil one."""
    if entry is None or entry.report is None or entry.report.state.phase == "RETURNED" or entry.report.state.nil:
        return None
    values: tuple[ReportedValue, ...] = entry.report.state.values
    return {value.indicator: value for value in values}
