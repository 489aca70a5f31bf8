"""Contexts, entries and versions made directly, for tests of pure rules."""

from __future__ import annotations

from typing import Any

from services.intake.domain.checks.context import Context
from services.intake.domain.checks.table import TABLE
from services.intake.domain.entry import Entry
from services.intake.domain.materialise import horizon_day, slots, wanted
from services.intake.domain.units import state_of
from services.intake.domain.versions import PublishedPlan
from shared.clock import from_iso
from shared.events.report import ReportedValue
from shared.events.unit import UnitState
from shared.plan.checks import CHECKS
from shared.plan.load import plan_sha256
from shared.plan.units import UnitInput
from tests.services.intake import small_plan

NOW_MS = from_iso("2011-03-31T12:00:00+07:00")


def published(at_ms: int = NOW_MS, **more: Any) -> PublishedPlan:
    plan = small_plan.plan(**more)
    return PublishedPlan(plan, plan_sha256(plan), at_ms)


def unit(code: str = "U1", **more: Any) -> UnitState:
    return state_of(UnitInput.model_validate(small_plan.unit(code, **more)), revision=1)


def value(indicator: str, **more: Any) -> ReportedValue:
    return ReportedValue(indicator=indicator, **more)


def values(*held: ReportedValue) -> dict[str, ReportedValue]:
    return {one.indicator: one for one in held}


def context(*held: ReportedValue, form: str = "MONTHLY", **more: Any) -> Context:
    plan = small_plan.plan()
    about = more.pop("unit", unit())
    return Context(
        **{
            "plan": plan,
            "catalogue": {indicator.code: indicator for indicator in plan.indicators()},
            "form": plan.form(form),
            "unit": about,
            "year": 2011,
            "expected": plan.form_indicators(plan.form(form), about.peer_group),
            "values": values(*held),
            "given": frozenset(one.indicator for one in held),
            **more,
        }
    )


def found(check: str, held: Context, **parameters: Any) -> list[tuple[tuple[str, ...], str, str, str]]:
    """(indicators, member, expected, got) of what a check finds, with its default parameters."""
    defaults = {name: parameter.default for name, parameter in CHECKS[check].parameters.items()}
    return [
        (one.indicators, one.member, one.expected, one.got) for one in TABLE[check](held, {**defaults, **parameters})
    ]


def entries(versions: list[PublishedPlan], about: UnitState, *, now_ms: int = NOW_MS) -> dict[str, Entry]:
    """The ledger of one unit as it is first written, by id."""
    made = wanted(slots(versions, about.time_zone, horizon_day(now_ms, 400)), about, now_ms=now_ms, horizon_days=400)
    return {held.obligation: Entry(held, rev=1) for held in made.obligations}


def entry(form: str = "MONTHLY", period: str = "2011-M03") -> Entry:
    return entries([published()], unit())[f"obligation-SMALL-{form}-U1-{period}"]
