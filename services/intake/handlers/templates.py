"""The official template of one form, unit and period, with what stands and what stood before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from services.intake.domain.entry import Entry, obligation_id
from services.intake.domain.units import Registered
from services.intake.domain.versions import PublishedPlan
from services.intake.formats.template import Filling, codes_of, template
from services.intake.formats.template_sheet import Identity
from shared.errors import Transient
from shared.events.report import ReportedValue
from shared.plan.periods import Period
from shared.refusal import Refusal, not_found


class PlanStore(Protocol):
    async def get(self, plan: str, version: str) -> PublishedPlan | None: ...


class UnitStore(Protocol):
    async def get(self, unit: str) -> Registered | None: ...


class LedgerStore(Protocol):
    async def get_many(self, ids: Sequence[str]) -> list[Entry]: ...


class MakeTemplates:
    """Makes templates; writes nothing."""

    def __init__(self, *, plans: PlanStore, units: UnitStore, ledger: LedgerStore) -> None:
        self._plans = plans
        self._units = units
        self._ledger = ledger

    async def make(self, *, plan: str, form: str, unit: str, period: str, language: str) -> bytes:
        """The workbook. Refused as not found when the unit does not owe such a report."""
        try:
            before = Period.parse(period).previous().code
        except ValueError as error:
            raise Refusal("not_valid", f"{period!r} không phải là kỳ báo cáo.", str(error)) from error
        ids = [obligation_id(plan=plan, form=form, unit=unit, period=code) for code in (period, before)]
        found = {entry.id: entry for entry in await self._ledger.get_many(list(dict.fromkeys(ids)))}
        entry, registered = found.get(ids[0]), await self._units.get(unit)
        if entry is None or registered is None or _names(entry) != (plan, form, unit):
            raise not_found(f"nghĩa vụ báo cáo {form} kỳ {period} của {unit}", f"obligation {form} {period} of {unit}")
        published = await self._plans.get(plan, entry.obligation.plan_version)
        if published is None:
            raise Transient(f"plan {plan} {entry.obligation.plan_version} cannot be read")
        filling = _filling(entry, found.get(ids[1]), registered, published)
        # Some 30 ms of processor time: not on the loop.
        return await asyncio.to_thread(template, filling, language)


def _filling(entry: Entry, before: Entry | None, registered: Registered, published: PublishedPlan) -> Filling:
    held, plan = entry.obligation, published.plan
    form = plan.form(held.form)
    indicators = plan.form_indicators(form, held.peer_group)
    rules = [
        (rule.code, rule.names)
        for rule in plan.validation
        if rule.explain and (not rule.forms or form.code in rule.forms)
    ]
    identity = Identity(
        plan=held.plan,
        plan_version=held.plan_version,
        form=held.form,
        unit=held.unit,
        period=held.period,
        replaces=entry.version,
        codes=tuple(codes_of(indicators, rules, nil_allowed=form.nil_allowed)),
    )
    return Filling(
        identity=identity,
        plan=plan.names,
        form=form.names,
        unit=registered.state.names,
        indicators=indicators,
        rules=rules,
        nil_allowed=form.nil_allowed,
        previous=_values(before),
        values=_values(entry),
        explanations=dict(entry.report.explanations) if entry.report else {},
    )


def _values(entry: Entry | None) -> Mapping[str, ReportedValue]:
    if entry is None or entry.report is None:
        return {}
    return {value.indicator: value for value in entry.report.state.values}


def _names(entry: Entry) -> tuple[str, str, str]:
    return entry.obligation.plan, entry.obligation.form, entry.obligation.unit
