"""What happens in the year: units, obligations of two forms, and what becomes of each, drawn from one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.events.base import State
from shared.events.obligation import ObligationState
from shared.events.unit import Contact, UnitState
from shared.plan.model import Plan
from tests.services.notify import samples

YEAR = 2011
HOME, TOKYO, PARIS = "Asia/Ho_Chi_Minh", "Asia/Tokyo", "Europe/Paris"
DAYS_OFF = tuple(
    date.fromisoformat(day)
    for day in (
        *("2011-01-03", "2011-02-02", "2011-02-03", "2011-02-04", "2011-02-07", "2011-02-08"),
        *("2011-04-12", "2011-05-02", "2011-05-03", "2011-09-02"),
    )
)
WORKED_SATURDAYS = (date(2011, 2, 12), date(2011, 4, 16))
RUNGS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("R-7", -7, ("report_officer",)),
    ("R-3", -3, ("report_officer", "unit_approver")),
    ("R-1", -1, ("report_officer", "unit_approver")),
    ("O1", 1, ("unit_approver", "head_of_unit")),
    ("E3", 3, ("head_of_unit", "standing_body_head")),
    ("E5", 5, ("deputy_minister",)),
)
DUE_DAYS = {"MONTH": 10, "QUARTER": 15}


@dataclass(slots=True)
class Scenario:
    """`events`: (instant, state), in the order in which they happen."""

    plan: Plan
    units: list[UnitState]
    events: list[tuple[int, State]] = field(default_factory=list)


def plan() -> Plan:
    """Two forms under one ladder; holidays and worked Saturdays as days, so that nobody needs a library for them."""
    document = samples.plan().model_dump(mode="json")
    form = document["forms"][0]
    document["forms"] = [
        form | {"code": "MONTH", "frequency": "monthly"},
        form | {"code": "QUARTER", "frequency": "quarterly"},
    ]
    group, regime = document["groups"][0], document["regimes"][0]
    group["indicators"] += [group["indicators"][0] | {"code": "INF-02", "frequency": "monthly"}]
    group["weight"], document["scoring"]["scale_max"] = 20.0, 20.0
    regime["periods"]["monthly"] = {"first": {"month": 0, "day": 1}, "last": {"month": 0, "day": "last"}}
    regime["deadlines"]["unit"]["monthly"] = {"kind": "working_days_after", "days": 2}
    document["holidays"] = {
        "extra_days_off": [day.isoformat() for day in DAYS_OFF],
        "swapped_working_days": [day.isoformat() for day in WORKED_SATURDAYS],
    }
    document["ladders"][0]["rungs"] = [
        {"code": code, "working_days": days, "to": list(roles)} for code, days, roles in RUNGS
    ]
    changed: dict[str, Any] = {
        key: document[key] for key in ("scoring", "groups", "regimes", "forms", "holidays", "ladders")
    }
    return samples.plan(**changed, inspection=[], digests=[])


def scenario(seed: int, *, units: int) -> Scenario:
    """Every obligation of the year with its reports, waivers and extensions."""
    draw = random.Random(seed)
    made = Scenario(plan(), _units(draw, units))
    for unit in made.units:
        if unit.unit.startswith("U"):
            for owed in _dues():
                _obligation(made, draw, unit, owed)
    made.events.sort(key=lambda event: event[0])
    return made


def _units(draw: random.Random, count: int) -> list[UnitState]:
    """Offices of 25 units below the standing body. Some share an officer, some lack a role, some live elsewhere."""
    found = [
        samples.unit(
            samples.CENTER,
            samples.contact("standing_body_head", "head@center.example"),
            samples.contact("deputy_minister", "minister@center.example"),
            samples.contact("head_of_unit", "head@center.example"),
        )
    ]
    for office in range((count + 24) // 25):
        contacts = [samples.contact("unit_approver", f"approver@g{office}.example")]
        if office % 4:
            contacts.append(samples.contact("report_officer", f"officer@g{office}.example"))
        zone = PARIS if office % 9 == 5 else TOKYO if office % 9 == 7 else HOME
        found.append(samples.unit(f"G{office}", *contacts, parent=samples.CENTER, time_zone=zone))
    zone = HOME
    for number in range(count):
        if number % 10 == 0:  # whoever works for several units lives in one place
            zone = draw.choices((HOME, TOKYO, PARIS), (92, 4, 4))[0]
        found.append(_unit(draw, number, zone))
    return found


def _unit(draw: random.Random, number: int, zone: str) -> UnitState:
    contacts: list[Contact] = []
    if draw.random() < 0.95:
        shared = draw.random() < 0.6
        name = f"officer@s{number // 5}.example" if shared else f"officer@u{number}.example"
        contacts.append(samples.contact("report_officer", name))
    if draw.random() < 0.7:
        contacts.append(samples.contact("unit_approver", f"Approver@U{number}.example"))
    if draw.random() < 0.8:
        contacts.append(samples.contact("head_of_unit", f"head@u{number // 2}.example"))
    return samples.unit(f"U{number}", *contacts, parent=f"G{number // 25}", time_zone=zone)


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
    due_ms = _end_of(due, unit.time_zone)
    known = due - timedelta(days=draw.choices((25, 8, 2), (96, 2, 2))[0])
    state = _state(unit, form, period, due_ms, _at(known, draw, unit.time_zone))
    made.events.append((state.changed_at_ms, state))
    kind = draw.random()
    if kind < 0.04:
        state = _extended(made, draw, state, due)
    if kind > 0.97:
        outcome = draw.choice(("WAIVED", "NIL", "CANCELLED", "NOT_APPLICABLE"))
        _settle(made, draw, state, due + timedelta(days=draw.randint(-12, 8)), outcome=outcome)
    elif draw.random() < 0.93:
        days = draw.choices((range(-24, -11), range(-11, 1), range(1, 9)), (74, 18, 8))[0]
        _settle(made, draw, state, due + timedelta(days=draw.choice(days)), outcome="FULFILLED")


def _extended(made: Scenario, draw: random.Random, state: ObligationState, due: date) -> ObligationState:
    """Granted around the due day; one in three is taken back."""
    granted = due + timedelta(days=draw.randint(-8, 3))
    later = due + timedelta(days=draw.randint(4, 20))
    extended = _next(
        state, _at(granted, draw, state.time_zone), cause="extended", due_at_ms=_end_of(later, state.time_zone)
    )
    made.events.append((extended.changed_at_ms, extended))
    if draw.random() < 0.33:
        back = granted + timedelta(days=draw.randint(1, 3))
        extended = _next(extended, _at(back, draw, state.time_zone), cause="recalculated", due_at_ms=state.due_at_ms)
        made.events.append((extended.changed_at_ms, extended))
    return extended


def _settle(made: Scenario, draw: random.Random, state: ObligationState, day: date, *, outcome: str) -> None:
    at_ms = max(_at(day, draw, state.time_zone), state.changed_at_ms + 1000)
    settled = _next(state, at_ms, cause="report", outcome=outcome)
    made.events.append((at_ms, settled))
    if outcome == "FULFILLED" and draw.random() < 0.03:  # sent back: it is owed again
        back = _next(settled, at_ms + draw.randint(1, 6) * 86_400_000, cause="returned", outcome="PENDING")
        again = _next(back, back.changed_at_ms + draw.randint(1, 6) * 86_400_000, cause="report", outcome="FULFILLED")
        made.events += [(back.changed_at_ms, back), (again.changed_at_ms, again)]


def _state(unit: UnitState, form: str, period: str, due_ms: int, at_ms: int) -> ObligationState:
    return ObligationState(
        revision=1, obligation=f"obligation-P-{form}-{unit.unit}-{period}", plan="P", plan_version="1", form=form,
        unit=unit.unit, peer_group="CUC", period=period, year=int(period[:4]), period_start="2011-01-01",
        period_last="2011-01-31", period_end_ms=at_ms, open_at_ms=at_ms, due_at_ms=due_ms, grace_end_ms=due_ms,
        time_zone=unit.time_zone, outcome="PENDING", cause="materialised", changed_at_ms=at_ms,
    )  # fmt: skip


def _next(state: ObligationState, at_ms: int, **more: Any) -> ObligationState:
    at_ms = max(at_ms, state.changed_at_ms + 1000)
    return state.model_copy(update={"revision": state.revision + 1, "changed_at_ms": at_ms, **more})


def _at(day: date, draw: random.Random, zone: str) -> int:
    moment = datetime.combine(day, time(draw.randint(0, 23), draw.randint(0, 59)), ZoneInfo(zone))
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _end_of(day: date, zone: str) -> int:
    moment = datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(zone))
    return int(moment.astimezone(UTC).timestamp() * 1000) - 1
