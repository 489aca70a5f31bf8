"""What happens in the year: units, obligations of two forms, what becomes of each, and what people do about it.

Everything is drawn from one seed. `events` is what other services announce, `acts` is what people do at notify's desks.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from shared.events.base import State
from shared.events.obligation import ObligationState, Planned, Relief
from shared.events.report import Finding, ReportState
from shared.events.unit import Contact, UnitState
from shared.plan.model import Plan
from tests.services.notify import samples
from tests.services.notify.year.acts import Act, inspection_of
from tests.services.notify.year.days import DAY, end_of, some_time, start_of
from tests.services.notify.year.stock import plan, units_of
from tests.services.notify.year.words import DUE_DAYS, HOME, YEAR

GRACE_DAYS = {"MONTH": 0, "QUARTER": 2}


@dataclass(slots=True)
class Scenario:
    """`events`: (instant, state); `acts`: what people do. Both in the order in which they happen."""

    plan: Plan
    units: list[UnitState]
    events: list[tuple[int, State]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)


def scenario(seed: int, *, units: int) -> Scenario:
    """Every obligation of the year with its reports, waivers and extensions; broken addresses; inspections."""
    draw = random.Random(seed)
    made = Scenario(plan(), units_of(draw, units))
    reporting = [unit for unit in made.units if unit.unit.startswith("U")]
    for unit in reporting:
        for owed in _dues():
            _obligation(made, draw, unit, owed)
    for unit in reporting:
        _life_of_unit(made, draw, unit)
    at_home = [unit for unit in reporting if unit.time_zone == HOME]
    for unit in draw.sample(at_home, min(len(at_home), 3 + units // 50)):
        made.acts += inspection_of(draw, unit.unit)
    whole = end_of(date(YEAR, 8, 9), HOME)
    made.acts.append(Act(whole - DAY, "outage", {"unit": "", "ends_ms": whole + 2 * DAY}))
    made.events.sort(key=lambda event: event[0])
    made.acts.sort(key=lambda act: act.at_ms)
    return made


def _life_of_unit(made: Scenario, draw: random.Random, unit: UnitState) -> None:
    """What is missing is given after some weeks; an address stops working; a silence; an outage of the unit's line."""
    roles = {contact.role for contact in unit.contacts}
    now = unit
    if "report_officer" not in roles:
        at_ms = some_time(date(YEAR, draw.randint(1, 11), draw.randint(1, 28)), draw, HOME)
        officer = samples.contact("report_officer", f"new-officer@{unit.unit}.example")
        now = _with(made, now, (*now.contacts, officer), at_ms)
    elif draw.random() < 0.03:
        _broken_address(made, draw, now)
    kind = draw.random()
    begins = some_time(date(YEAR, draw.randint(1, 12), draw.randint(1, 28)), draw, HOME)
    ends = begins + draw.randint(2, 12) * DAY
    if kind < 0.03:
        rule = draw.choice(("", "R1", "R2"))
        made.acts.append(Act(begins, "silence", {"unit": unit.unit, "rule": rule, "ends_ms": ends}))
    elif kind < 0.06:
        made.acts.append(Act(begins, "outage", {"unit": unit.unit, "ends_ms": ends}))


def _broken_address(made: Scenario, draw: random.Random, unit: UnitState) -> None:
    """An officer's mailbox is closed; weeks later the unit names another, or the mailbox works again."""
    officer = next(contact for contact in unit.contacts if contact.role == "report_officer")
    begins = some_time(date(YEAR, draw.randint(1, 8), draw.randint(1, 28)), draw, HOME)
    ends = begins + draw.randint(20, 60) * DAY
    made.acts.append(Act(begins, "breaks", {"address": officer.email}))
    if draw.random() < 0.5:
        made.acts.append(Act(ends, "works", {"address": officer.email}))
        made.acts.append(Act(ends + 3_600_000, "enable", {"address": officer.email}))
    else:
        others = tuple(contact for contact in unit.contacts if contact.role != "report_officer")
        fresh = samples.contact("report_officer", f"next-officer@{unit.unit}.example")
        _with(made, unit, (*others, fresh), ends)


def _with(made: Scenario, unit: UnitState, contacts: tuple[Contact, ...], at_ms: int) -> UnitState:
    changed = unit.model_copy(update={"revision": unit.revision + 1, "contacts": contacts})
    made.events.append((at_ms, changed))
    return changed


def _dues() -> list[tuple[str, str, date]]:
    months = [("MONTH", f"{YEAR}-M{month:02}", month, 1) for month in range(1, 12)]
    quarters = [("QUARTER", f"{YEAR}-Q{quarter}", 3 * quarter, 1) for quarter in range(1, 4)]
    before = [("MONTH", f"{YEAR - 1}-M12", 0, 1), ("QUARTER", f"{YEAR - 1}-Q4", 0, 1)]
    return [
        (form, period, date(YEAR, month + after, DUE_DAYS[form]))
        for form, period, month, after in before + months + quarters
    ]


def _obligation(made: Scenario, draw: random.Random, unit: UnitState, owed: tuple[str, str, date]) -> None:
    form, period, due = owed
    known = due - timedelta(days=draw.choices((25, 8, 2), (96, 2, 2))[0])
    state = _state(unit, form, period, due, some_time(known, draw, unit.time_zone))
    made.events.append((state.changed_at_ms, state))
    kind = draw.random()
    if kind < 0.04:
        state = _extended(made, draw, state, due)
    if kind > 0.97:
        outcome = draw.choice(("WAIVED", "NIL", "CANCELLED", "NOT_APPLICABLE"))
        _settle(made, draw, state, due + timedelta(days=draw.randint(-12, 8)), outcome=outcome)
        return
    chosen = draw.choices((range(-24, -11), range(-11, 1), range(1, 9), range(9, 60)), (760, 195, 35, 10))[0]
    day = due + timedelta(days=draw.choice(chosen))
    _settle(made, draw, state, day, outcome="FULFILLED")
    _people(made, draw, state, late_by=(day - due).days)


def _people(made: Scenario, draw: random.Random, state: ObligationState, *, late_by: int) -> None:
    """Somebody promises a day for what is overdue, and keeps it or not; seldom it is settled by hand."""
    if late_by >= 2 and draw.random() < 0.08:  # it is known, and nobody wants to hear of it for some days
        begins = state.due_at_ms + draw.randint(DAY // 2, 3 * DAY)
        rule, ends = draw.choice(("", "R1")), begins + draw.randint(DAY, 9 * DAY)
        made.acts.append(Act(begins, "silence", {"unit": state.unit, "rule": rule, "ends_ms": ends}))
    if late_by < 2 or draw.random() < 0.4:
        return
    rule, subject = draw.choice((("R1", state.obligation), ("R1", state.obligation), ("R2", state.form)))
    at_ms = state.due_at_ms + draw.randint(1, max(1, min(late_by, 12))) * DAY + draw.randint(1, DAY)
    about: dict[str, Any] = {"unit": state.unit, "rule": rule, "subject": subject}
    if draw.random() < 0.1 and rule == "R1":
        made.acts.append(Act(at_ms, "resolve", about))
        return
    for _ in range(draw.choice((1, 1, 2, 3, 5))):
        days = draw.randint(0, 6)
        made.acts.append(Act(at_ms, "promise", about | {"days": days}))
        at_ms += (days + 1) * DAY + draw.randint(1, 2 * DAY)


def _extended(made: Scenario, draw: random.Random, state: ObligationState, due: date) -> ObligationState:
    """Granted around the due day; one in three is taken back."""
    granted = due + timedelta(days=draw.randint(-8, 3))
    later = end_of(due + timedelta(days=draw.randint(4, 20)), state.time_zone)
    at_ms = some_time(granted, draw, state.time_zone)
    relief = Relief(kind="extended", by="office", at_ms=at_ms, reason="flood", due_at_ms=later)
    moved: dict[str, Any] = {
        **_limits(state.form, later),
        "reliefs": (relief,),
        "planned": Planned(due_at_ms=state.due_at_ms, grace_end_ms=state.grace_end_ms),
    }
    extended = _next(state, at_ms, cause="extended", **moved)
    made.events.append((extended.changed_at_ms, extended))
    if draw.random() < 0.33:
        back = some_time(granted + timedelta(days=draw.randint(1, 3)), draw, state.time_zone)
        was = _limits(state.form, state.due_at_ms)
        extended = _next(extended, back, cause="recalculated", reliefs=(), planned=None, **was)
        made.events.append((extended.changed_at_ms, extended))
    return extended


def _settle(made: Scenario, draw: random.Random, state: ObligationState, day: date, *, outcome: str) -> None:
    at_ms = max(some_time(day, draw, state.time_zone), state.changed_at_ms + 1000)
    came: dict[str, Any] = {}
    if outcome in ("FULFILLED", "NIL"):
        in_time = "IN_GRACE" if at_ms <= state.grace_end_ms else "LATE"
        came = {"first_valid_at_ms": at_ms, "timeliness": "ON_TIME" if at_ms <= state.due_at_ms else in_time}
    cause = "report" if came else "waived" if outcome == "WAIVED" else "cancelled"
    settled = _next(state, at_ms, cause=cause, outcome=outcome, **came)
    made.events.append((at_ms, settled))
    if outcome != "FULFILLED":
        return
    if draw.random() < 0.01:
        _copied(made, draw, settled)
    if draw.random() < 0.03:  # sent back: it is owed again
        returned: dict[str, Any] = {"outcome": "PENDING", "returned_count": 1}
        back = _next(settled, at_ms + draw.randint(1, 6) * DAY, cause="returned", **returned)
        again = _next(back, back.changed_at_ms + draw.randint(1, 6) * DAY, cause="report", outcome="FULFILLED")
        made.events += [(back.changed_at_ms, back), (again.changed_at_ms, again)]


def _copied(made: Scenario, draw: random.Random, state: ObligationState) -> None:
    """A report like the one before; amended after a while, and now and then copied once more."""
    at_ms, copied = state.changed_at_ms, True
    for revision in range(1, draw.choice((2, 2, 2, 2, 4, 4, 3)) + 1):
        made.events.append((at_ms, _report(state, revision, at_ms, copied=copied)))
        at_ms, copied = at_ms + draw.randint(DAY // 24, 6 * DAY), not copied
    about = {"unit": state.unit, "rule": "R3", "subject": state.obligation}
    if draw.random() < 0.4:
        promised = state.changed_at_ms + draw.randint(1, 8 * DAY)
        made.acts.append(Act(promised, "promise", about | {"days": draw.randint(0, 5)}))
    made.acts.append(Act(at_ms + draw.randint(DAY, 9 * DAY), "resolve", about))


def _report(state: ObligationState, revision: int, at_ms: int, *, copied: bool) -> ReportState:
    return samples.report(state.unit, revision=revision, period=state.period).model_copy(
        update={
            "report": f"report-{state.obligation}",
            "obligation": state.obligation,
            "form": state.form,
            "findings": (Finding(code="V10", severity="warning"),) if copied else (),
            "changed_at_ms": at_ms,
        }
    )


def _state(unit: UnitState, form: str, period: str, due: date, at_ms: int) -> ObligationState:
    period_end = start_of(due.replace(day=1), unit.time_zone)
    return ObligationState(
        revision=1, obligation=f"obligation-P-{form}-{unit.unit}-{period}", plan="P", plan_version="1", form=form,
        unit=unit.unit, peer_group="CUC", period=period, year=int(period[:4]), period_start="2011-01-01",
        period_last="2011-01-31", period_end_ms=period_end, open_at_ms=at_ms, time_zone=unit.time_zone,
        outcome="PENDING", cause="materialised", changed_at_ms=at_ms, **_limits(form, end_of(due, unit.time_zone)),
    )  # fmt: skip


def _limits(form: str, due_ms: int) -> dict[str, int]:
    return {"due_at_ms": due_ms, "grace_end_ms": due_ms + GRACE_DAYS[form] * DAY}


def _next(state: ObligationState, at_ms: int, **more: Any) -> ObligationState:
    at_ms = max(at_ms, state.changed_at_ms + 1000)
    return state.model_copy(update={"revision": state.revision + 1, "changed_at_ms": at_ms, **more})
