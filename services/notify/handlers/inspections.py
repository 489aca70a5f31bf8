"""What people do about inspections: see whom to inspect, propose, take steps, write findings down, judge remedies.

Load, decide, save; the audit line after it. A write that loses against another is decided again from what stands, so
two people who take the same step get one 200 and one 409 with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from services.notify.domain.alerts import Alert, inspection_list
from services.notify.domain.contacts import lineage
from services.notify.domain.inspections.draw import Draw
from services.notify.domain.inspections.machine import (
    Actor,
    Found,
    accepted,
    check_version,
    found,
    given_back,
    proposed,
    remedied,
    stepped,
    withdrawn,
)
from services.notify.domain.inspections.proposals import Lot, Proposal, exists_on, inspected_of, long_overdue, proposals
from services.notify.domain.inspections.refusals import forbidden, not_valid, refused
from services.notify.domain.instants import local_day
from services.notify.handlers.ports import PlanBook, UnitBook
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.events.inspection import InspectionState, InspectionStepCode
from shared.events.report import Evidence
from shared.events.unit import UnitState
from shared.plan.model import Plan
from shared.refusal import not_found

ATTEMPTS_MAX = 8


class HeldInspection(Protocol):
    @property
    def state(self) -> InspectionState: ...


Held = TypeVar("Held", bound=HeldInspection)


class InspectionStore(Protocol[Held]):
    async def get(self, inspection: str) -> Held | None: ...
    async def save(self, held: Held | None, state: InspectionState) -> bool: ...
    async def of_plan(self, plan: str) -> list[InspectionState]: ...
    async def of_unit(self, plan: str, unit: str) -> list[InspectionState]: ...
    async def page(
        self, plan: str, *, unit: str | None, phase: str | None, limit: int, cursor: str | None
    ) -> tuple[list[InspectionState], str | None]: ...


class DrawBook(Protocol):
    async def of_plan(self, plan: str) -> list[Draw]: ...


class OpenAlerts(Protocol):
    async def open_of(self, plan: str) -> list[Alert]: ...


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts: identity, and the unit that they belong to."""

    subject: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class StepGiven:
    """A step as it is entered: the day and the document that prove it."""

    step: InspectionStepCode
    on: str
    document: Evidence | None
    note: str | None


class InspectionDesk(Generic[Held]):
    """Inspections by people."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        units: UnitBook,
        alerts: OpenAlerts,
        inspections: InspectionStore[Held],
        draws: DrawBook,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._plans = plans
        self._units = units
        self._alerts = alerts
        self._inspections = inspections
        self._draws = draws
        self._audit = audit
        self._clock = clock

    async def proposals(self, plan: str) -> list[Proposal]:
        """Whom to inspect, most risk points first. Refusal without such a plan."""
        return await self._proposals(await self._plan(plan), await self._units.all())

    async def propose(self, plan: str, unit: str, *, reason: str | None, who: Who) -> InspectionState:
        """A new inspection of a unit. A unit that is not on the list needs a reason; one under way is enough."""
        document, units = await self._plan(plan), await self._units.all()
        actor = self._actor(who, document, units)
        if unit not in units or not exists_on(units[unit], actor.today):
            raise not_found(f"đơn vị {unit}", f"unit {unit} on {actor.today}")
        listed = next((one for one in await self._proposals(document, units) if one.unit == unit), None)
        if listed is None and not reason:
            raise not_valid(
                "not_on_the_list",
                "Đơn vị không thuộc danh sách kiểm tra; nêu lý do kiểm tra.",
                "The unit is not on the inspection list: say why it is inspected.",
                "/reason",
            )
        for _ in range(ATTEMPTS_MAX):
            before = await self._inspections.of_unit(plan, unit)
            open_one = inspected_of(before).get(unit)
            if open_one is not None and open_one.under_way is not None:
                raise _under_way(open_one.under_way)
            state = proposed(
                document,
                unit,
                len(before) + 1,
                causes=listed.causes if listed else ("on_request",),
                points=listed.points if listed else 0,
                alerts=listed.alerts if listed else (),
                draw=listed.draw if listed else None,
                reason=reason,
                actor=actor,
            )
            if await self._inspections.save(None, state):
                await self._note("inspection.proposed", state, who)
                return state
        raise Transient(f"{unit} is being proposed by many at once")

    async def get(self, inspection: str) -> InspectionState:
        """The inspection; Refusal when there is none."""
        return (await self._held(inspection)).state

    async def page(
        self, plan: str, *, unit: str | None, phase: str | None, limit: int, cursor: str | None
    ) -> tuple[list[InspectionState], str | None]:
        """Inspections of a plan by last change, the latest first."""
        return await self._inspections.page(plan, unit=unit, phase=phase, limit=limit, cursor=cursor)

    async def step(self, inspection: str, given: StepGiven, *, named: int | None, who: Who) -> InspectionState:
        """Take a step. Illegal ones are refused with the reason."""

        def change(plan: Plan, held: InspectionState, actor: Actor) -> InspectionState:
            return stepped(plan, held, given.step, on=given.on, document=given.document, note=given.note, actor=actor)

        return await self._change(inspection, f"inspection.{given.step}", change, named=named, who=who)

    async def find(self, inspection: str, given: Found, *, named: int | None, who: Who) -> InspectionState:
        """Write one more finding down."""

        def change(plan: Plan, held: InspectionState, actor: Actor) -> InspectionState:
            _check_indicator(plan, given.indicator)
            return found(held, given, actor)

        return await self._change(inspection, "inspection.finding", change, named=named, who=who)

    async def remedy(
        self, inspection: str, finding: str, evidence: Evidence, *, named: int | None, speaks_for_unit: bool, who: Who
    ) -> InspectionState:
        """The unit shows what it did about a finding; an inspector may enter what the unit sent on paper."""

        def change(_plan: Plan, held: InspectionState, actor: Actor) -> InspectionState:
            if speaks_for_unit and who.unit != held.unit:
                raise forbidden("other_unit", "Chỉ đơn vị được kiểm tra.", "Only the unit itself.", unit=held.unit)
            return remedied(held, finding, evidence, actor)

        return await self._change(inspection, "inspection.remedy", change, named=named, who=who, about=finding)

    async def accept(self, inspection: str, finding: str, *, named: int | None, who: Who) -> InspectionState:
        """Accept a remedy."""

        def change(_plan: Plan, held: InspectionState, actor: Actor) -> InspectionState:
            return accepted(held, finding, actor)

        return await self._change(inspection, "inspection.accept", change, named=named, who=who, about=finding)

    async def give_back(
        self, inspection: str, finding: str, reason: str, *, named: int | None, who: Who
    ) -> InspectionState:
        """A remedy is not enough."""

        def change(_plan: Plan, held: InspectionState, actor: Actor) -> InspectionState:
            return given_back(held, finding, reason, actor)

        return await self._change(inspection, "inspection.give_back", change, named=named, who=who, about=finding)

    async def withdraw(
        self, inspection: str, finding: str, reason: str, *, named: int | None, who: Who
    ) -> InspectionState:
        """A finding does not stand."""

        def change(_plan: Plan, held: InspectionState, actor: Actor) -> InspectionState:
            return withdrawn(held, finding, reason, actor)

        return await self._change(inspection, "inspection.withdraw", change, named=named, who=who, about=finding)

    async def _change(
        self,
        inspection: str,
        what: str,
        change: Callable[[Plan, InspectionState, Actor], InspectionState],
        *,
        named: int | None,
        who: Who,
        about: str = "",
    ) -> InspectionState:
        for _ in range(ATTEMPTS_MAX):
            held = await self._held(inspection)
            plan = await self._plan(held.state.plan)
            actor = self._actor(who, plan, await self._units.all())
            check_version(held.state, named)
            state = change(plan, held.state, actor)
            if state is held.state:
                return state
            if await self._inspections.save(held, state):
                await self._note(what, state, who, about)
                return state
        raise Transient(f"{inspection} moved on {ATTEMPTS_MAX} times while it was changed")

    async def _held(self, inspection: str) -> Held:
        held = await self._inspections.get(inspection)
        if held is None:
            raise not_found(f"cuộc kiểm tra {inspection}", f"inspection {inspection}")
        return held

    async def _plan(self, plan: str) -> Plan:
        newest = await self._plans.newest(plan)
        if newest is None:
            raise not_found(f"kế hoạch {plan}", f"plan {plan}")
        return newest[0]

    async def _proposals(self, plan: Plan, units: dict[str, UnitState]) -> list[Proposal]:
        now_ms = self._clock.now_ms()
        today = local_day(now_ms, plan.time_zone).isoformat()
        alerts = await self._alerts.open_of(plan.code)
        overdue = long_overdue(plan, alerts, now_ms)
        inspected = inspected_of(await self._inspections.of_plan(plan.code))
        lots = _lots(await self._draws.of_plan(plan.code))
        return proposals(plan, units, inspection_list(alerts), inspected, lots, today=today, overdue=overdue)

    def _actor(self, who: Who, plan: Plan, units: dict[str, UnitState]) -> Actor:
        now_ms = self._clock.now_ms()
        above = tuple(lineage(who.unit, units, None)) if who.unit else ()
        return Actor(who.subject, above, now_ms, local_day(now_ms, plan.time_zone).isoformat())

    async def _note(self, what: str, state: InspectionState, who: Who, about: str = "") -> None:
        await self._audit.record(
            state.plan,
            what,
            state.inspection,
            by=who.subject,
            at_ms=state.changed_at_ms,
            revision=state.revision,
            phase=state.phase,
            **({"finding": about} if about else {}),
        )


def _lots(draws: Sequence[Draw]) -> list[Lot]:
    """Draws that were made, the latest first."""
    made = sorted((draw for draw in draws if draw.seed is not None), key=lambda draw: -draw.year)
    return [Lot(draw.id, frozenset(draw.drawn)) for draw in made]


def _under_way(inspection: str) -> Exception:
    return refused(
        "under_way",
        "Đơn vị đang có cuộc kiểm tra chưa kết thúc.",
        "An inspection of this unit is under way.",
        inspection=inspection,
    )


def _check_indicator(plan: Plan, indicator: str | None) -> None:
    if indicator is not None and indicator not in {one.code for one in plan.indicators()}:
        raise not_valid(
            "indicator_unknown",
            f"Kế hoạch không có chỉ tiêu {indicator}.",
            f"The plan has no indicator {indicator}.",
            "/indicator",
        )
