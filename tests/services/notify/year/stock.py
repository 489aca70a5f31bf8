"""What is there before the year begins: the plan, and the units with their people."""

from __future__ import annotations

import random
from typing import Any

from shared.events.unit import Contact, UnitState
from shared.plan.model import Plan
from tests.services.notify import samples
from tests.services.notify.year.days import DAYS_OFF, WORKED_SATURDAYS
from tests.services.notify.year.words import BEGINS, DIGESTS, DUE_DAYS, ESCALATION, HOME, INSPECTING, RULES, RUNGS

TOKYO, PARIS = "Asia/Tokyo", "Europe/Paris"


def plan() -> Plan:
    """Two forms under one ladder; holidays and worked Saturdays as days, so that nobody needs a library for them."""
    document = samples.plan().model_dump(mode="json")
    form = document["forms"][0]
    document["forms"] = [
        form | {"code": "MONTH", "frequency": "monthly"},
        form | {"code": "QUARTER", "frequency": "quarterly"},
    ]
    group, regime = document["groups"][0], document["regimes"][0]
    group["indicators"][0]["targets"]["2010"] = 85.0
    group["indicators"] += [group["indicators"][0] | {"code": "INF-02", "frequency": "monthly"}]
    group["weight"], document["scoring"]["scale_max"] = 20.0, 20.0
    whole = {"first": {"month": 0, "day": 1}, "last": {"month": 0, "day": "last"}}
    regime["periods"] = {"monthly": whole, "quarterly": whole}
    regime["deadlines"] = {
        "unit": {
            f"{name}ly": {"kind": "no_later_than", "on": {"month": 1, "day": DUE_DAYS[code]}, "if_day_off": "keep"}
            for name, code in (("month", "MONTH"), ("quarter", "QUARTER"))
        }
    }
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
    return samples.plan(
        **changed,
        effective={"first": BEGINS.isoformat(), "last": "2015-12-31"},
        inspection=RULES,
        escalation=ESCALATION,
        digests=DIGESTS,
        inspection_process=INSPECTING,
    )


def units_of(draw: random.Random, count: int) -> list[UnitState]:
    """Offices of 25 units below the standing body. Some share an officer, some lack a role, some live elsewhere."""
    found = [
        samples.unit(
            samples.CENTER,
            samples.contact("standing_body_head", "head@center.example"),
            samples.contact("deputy_minister", "minister@center.example"),
            samples.contact("deputy_minister", "adviser@center.example", "en"),
            samples.contact("head_of_unit", "head@center.example"),
            samples.contact("operator", "operations@center.example"),
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
