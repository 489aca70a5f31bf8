"""What a submission is held against: the entry, the plan version, the unit, earlier reports, others' evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.intake.domain.checks.context import Context, Values
from services.intake.domain.entry import Entry, obligation_id
from services.intake.domain.evidence import Use, files_of, held_elsewhere
from services.intake.domain.submission import ReportInput
from services.intake.domain.units import Registered
from services.intake.domain.versions import PublishedPlan
from shared.errors import Transient
from shared.events.report import ReportedValue
from shared.events.unit import UnitState
from shared.plan.model import Form, Indicator
from shared.plan.periods import Period
from shared.refusal import Refusal, not_found


class PlanStore(Protocol):
    async def get(self, plan: str, version: str) -> PublishedPlan | None: ...
    async def versions(self, plan: str) -> list[PublishedPlan]: ...


class UnitStore(Protocol):
    async def get(self, unit: str) -> Registered | None: ...


class LedgerStore(Protocol):
    async def get_many(self, ids: Sequence[str]) -> list[Entry]: ...


class EvidenceStore(Protocol):
    async def of(self, plan: str, files: Iterable[str]) -> list[Use]: ...


class KeptFileStore(Protocol):
    async def missing(self, unit: str, files: Iterable[str]) -> frozenset[str]: ...


ASKED_MAX = 1000
"""Forms of plan versions and peer groups that are remembered; dozens are in use."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a submission is held against."""

    entry: Entry
    context: Context
    uses: Sequence[Use]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The plan's indicators by code, the form, and what of it a peer group fills in."""

    catalogue: dict[str, Indicator]
    form: Form
    expected: tuple[Indicator, ...]


class Cases:
    """Loads cases; writes nothing."""

    def __init__(
        self,
        *,
        plans: PlanStore,
        units: UnitStore,
        ledger: LedgerStore,
        evidence: EvidenceStore,
        kept: KeptFileStore | None = None,
    ) -> None:
        """`kept`: uploaded evidence files; None where none are kept."""
        self._kept = kept
        self._plans = plans
        self._units = units
        self._ledger = ledger
        self._evidence = evidence
        self._asked: dict[tuple[str, str, str], _Asked] = {}

    async def load(self, given: ReportInput) -> Case:
        """What the submission is held against. Refused when the unit does not owe such a report."""
        periods = _periods(given.period)
        wanted, before, year_before = (
            obligation_id(plan=given.plan, form=given.form, unit=given.unit, period=period.code) for period in periods
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
        plan, asked = published.plan, self._asked_of(published, held.form, held.peer_group)
        unit = registered.state
        if unit.peer_group != held.peer_group:
            # The group is the one of the period: the past does not move when a unit is moved.
            unit = unit.model_copy(update={"peer_group": held.peer_group})
        context = Context(
            plan=plan,
            catalogue=asked.catalogue,
            form=asked.form,
            unit=unit,
            year=held.year,
            expected=asked.expected,
            values={},
            given=frozenset(),
            previous=_values(found.get(before)),
            previous_year=periods[1].year,
            year_before=_values(found.get(year_before)),
            evidence_elsewhere=elsewhere,
            evidence_missing=await self._missing(given),
            period=held.period,
        )
        return Case(entry, context, uses)

    def _asked_of(self, published: PublishedPlan, form: str, peer_group: str) -> _Asked:
        """What the form asks of the group. A version never changes, so it is gathered once."""
        key = (published.sha256, form, peer_group)
        if key not in self._asked:
            if len(self._asked) >= ASKED_MAX:
                self._asked.clear()
            plan = published.plan
            catalogue = {indicator.code: indicator for indicator in plan.indicators()}
            found = plan.form(form)
            self._asked[key] = _Asked(catalogue, found, plan.form_indicators(found, peer_group))
        return self._asked[key]

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

    async def _missing(self, given: ReportInput) -> frozenset[str] | None:
        if self._kept is None:
            return None
        files = files_of(given)
        return await self._kept.missing(given.unit, files) if files else frozenset()

    async def _uses(self, given: ReportInput, published: PublishedPlan) -> tuple[list[Use], dict[str, str]]:
        """What is known of the files named, and which of them other units use. Nothing where no rule asks."""
        files = files_of(given)
        if not files or not any(rule.check == "evidence_shared" for rule in published.plan.validation):
            return [], {}
        uses = await self._evidence.of(given.plan, files)
        others = dict.fromkeys(use.obligation for use in uses if use.unit != given.unit)
        entries = {entry.id: entry for entry in await self._ledger.get_many(list(others))} if others else {}
        return uses, held_elsewhere(uses, entries, given.unit)


def _periods(code: str) -> tuple[Period, Period, Period]:
    """The period, the one before it, and the same one of the year before."""
    try:
        period = Period.parse(code)
        return period, period.previous(), period.year_before()
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
