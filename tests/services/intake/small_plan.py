"""A small plan whose forms cover every review policy, with every kind of rule; and units for it."""

from __future__ import annotations

from typing import Any

from shared.plan.load import plan_from_document
from shared.plan.model import Plan


def names(text: str) -> dict[str, str]:
    return {"vi": text, "en": text}


def indicator(code: str, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "names": names(code),
        "type": "count",
        "measure": "items",
        "frequency": "monthly",
        "time": "flow",
        "weight": 1,
        "method": {"kind": "linear_to_target"},
        "targets": {"2011": 10, "2012": 10},
        "target_basis": "test",
        **more,
    }


def ratio(code: str, **more: Any) -> dict[str, Any]:
    held = {"type": "ratio", "numerator": names("part"), "denominator": names("whole"), "scale": 100, "measure": "%"}
    return indicator(code, **(held | {"targets": {"2011": 80, "2012": 80}} | more))


def rule(code: str, check: str, severity: str = "error", **more: Any) -> dict[str, Any]:
    return {"code": code, "check": check, "severity": severity, "names": names(code), **more}


def form(code: str, frequency: str, **more: Any) -> dict[str, Any]:
    held = {"regime": "CALENDAR", "tier": "unit", "open_days_before_close": 31, "grace_days": 2}
    return {"code": code, "names": names(code), "frequency": frequency, **held, **more}


def document(**more: Any) -> dict[str, Any]:
    """The plan as a JSON document; `more` replaces top-level members."""
    indicators = [
        ratio("MAIL", integer=True),
        ratio("DOCS", empty_denominator="not_applicable"),
        indicator("CALLS"),
        indicator("LAWS", applies_to=["B"]),
        indicator("TOTAL", frequency="quarterly", time="cumulative_ytd"),
        ratio("STAFF", frequency="annual", time="stock", evidence={"required": True}),
    ]
    first, last = {"month": 0, "day": 1}, {"month": 0, "day": "last"}
    due = {"kind": "working_days_after", "days": 2}
    frequencies = ("monthly", "quarterly", "annual")
    return {
        "schema_version": 1,
        "code": "SMALL",
        "version": "1",
        "names": names("Small plan"),
        "effective": {"first": "2011-01-01", "last": "2012-12-31"},
        "peer_groups": [{"code": "A", "names": names("A")}, {"code": "B", "names": names("B")}],
        "scoring": {"scale_max": 6, "rank_shown_from": 0},
        "groups": [{"code": "ALL", "names": names("All"), "weight": 6, "indicators": indicators}],
        "regimes": [
            {
                "code": "CALENDAR",
                "periods": {frequency: {"first": first, "last": last} for frequency in frequencies},
                "deadlines": {"unit": dict.fromkeys(frequencies, due)},
            }
        ],
        "forms": [
            form("MONTHLY", "monthly"),
            form("QUARTERLY", "quarterly", review="one_step", nil_allowed=False),
            form("ANNUAL", "annual", review="two_step", lock_days=60, partial_period="full_period_only"),
        ],
        "validation": [
            rule("V01", "non_negative"),
            rule("V02", "numerator_within_denominator"),
            rule("V03", "denominator_zero"),
            rule("V06", "not_decreasing", parameters={"time": "cumulative_ytd", "against": "previous_in_year"}),
            rule("V08", "headcount_near_profile", "warning", parameters={"indicators": ["MAIL"]}, explain=True),
            rule("V09", "ratio_jump", "warning", explain=True),
            rule("V10", "copied_report", "warning", explain=True),
            rule("V11", "evidence_required"),
            rule("V13", "applicability"),
            rule("V14", "evidence_shared"),
        ],
        **more,
    }


def plan(**more: Any) -> Plan:
    return plan_from_document(document(**more))


def unit(code: str = "U1", **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "names": names(code),
        "kind": "DEPT",
        "peer_group": "A",
        "valid_from": "2007-01-01",
        "headcount": 50,
        **more,
    }


def monthly(
    unit: str = "U1", period: str = "2011-M03", *, used: float = 40, calls: float = 3, **more: Any
) -> dict[str, Any]:
    """A monthly report of a unit in group A that breaks no rule."""
    return {
        "plan": "SMALL",
        "form": "MONTHLY",
        "unit": unit,
        "period": period,
        "values": [
            {"indicator": "MAIL", "numerator": used, "denominator": 50},
            {"indicator": "DOCS", "numerator": 1.5, "denominator": 2.5},
            {"indicator": "CALLS", "value": calls},
        ],
        **more,
    }
