"""What the plan of the year says, in plain values: the plan is written from them, and the oracle reads them."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.services.notify.samples import names

YEAR = 2011
BEGINS = date(2010, 1, 1)
"""Since when the plan is in force."""

HOME = "Asia/Ho_Chi_Minh"
CENTER = "TTTT"
DUE_DAYS = {"MONTH": 10, "QUARTER": 15}
Rungs = tuple[tuple[str, int, tuple[str, ...]], ...]
"""Code, working days around the due day, roles."""

RUNGS: Rungs = (
    ("R-7", -7, ("report_officer",)),
    ("R-3", -3, ("report_officer", "unit_approver")),
    ("R-1", -1, ("report_officer", "unit_approver")),
    ("O1", 1, ("unit_approver", "head_of_unit")),
    ("E3", 3, ("head_of_unit", "standing_body_head")),
    ("E5", 5, ("deputy_minister",)),
)

STEP_DAYS = {"decision": 5, "visit": 15, "conclusion": 15, "closure": 10}
REMEDY_DAYS = {"high": 7, "medium": 30, "low": 60}
STEP_RUNGS: Rungs = (("BEFORE-2", -2, ("standing_body_head",)), ("AFTER-1", 1, ("standing_body_head",)))
FINDING_RUNGS: Rungs = (
    ("BEFORE-3", -3, ("report_officer", "unit_approver")),
    ("BEFORE-1", -1, ("report_officer", "unit_approver")),
    ("AFTER-1", 1, ("unit_approver", "head_of_unit")),
    ("AFTER-5", 5, ("head_of_unit", "standing_body_head")),
)
TOLD_FIRST = ("report_officer", "unit_approver")
INSPECTING: dict[str, Any] = {
    **{f"{step}_working_days": days for step, days in STEP_DAYS.items()},
    "remediation_days": REMEDY_DAYS,
    "step_rungs": [{"code": code, "working_days": days, "to": list(to)} for code, days, to in STEP_RUNGS],
    "finding_rungs": [{"code": code, "working_days": days, "to": list(to)} for code, days, to in FINDING_RUNGS],
}

SEVERITY = {
    "R1": "medium",
    "R2": "high",
    "R3": "high",
    "R9": "high",
    "MISSING_CONTACT": "low",
    "DELIVERY_PROBLEM": "low",
}
SIDE = {"R1": "reporting", "R2": "reporting", "R3": "numbers", "R9": "inspection"}
"""What rules are told together; every other one is of operations."""

COOLDOWN_HOURS = {"R3": 48}
_SIGNALS = {"R1": "report_overdue", "R2": "two_in_a_row", "R3": "copied_report", "R9": "finding_overdue"}
RULES: list[dict[str, Any]] = [
    {
        "code": code,
        "signal": signal,
        "names": names(signal, signal),
        "severity": SEVERITY[code],
        "points": 1,
        "cooldown_hours": COOLDOWN_HOURS.get(code, 0),
    }
    for code, signal in _SIGNALS.items()
]

CHAINS: dict[str, tuple[tuple[str, int | None], ...]] = {
    "high": (("deputy_minister", 72), ("operator", None)),
    "medium": (("deputy_minister", None),),
    "low": (("standing_body_head", 72),),
}
"""Whom an alert goes to next and after how many hours; none: only when a promise is missed. `low` is the rule for
operations' own alerts, which the plan says nothing of: the standing body after three days."""

ESCALATION = [
    {"severity": severity, "steps": [{"to": [role], "after_hours": hours} for role, hours in CHAINS[severity]]}
    for severity in ("high", "medium")
]
AUDIENCES = {"operations": "operator", "standing_body": "standing_body_head", "leadership": "deputy_minister"}
CONSOLIDATED_AFTER = 3
DIGESTS: list[dict[str, Any]] = [
    {"audience": "operations", "to": ["operator"], "schedules": [{"kind": "each_working_day"}]},
    {
        "audience": "standing_body",
        "to": ["standing_body_head"],
        "schedules": [{"kind": "weekly", "weekday": 1}],
        "send_when_empty": False,
    },
    {
        "audience": "leadership",
        "to": ["deputy_minister"],
        "schedules": [
            {"kind": "monthly", "day": 1},
            {"kind": "after_due", "form": "QUARTER", "working_days": CONSOLIDATED_AFTER},
        ],
    },
]
