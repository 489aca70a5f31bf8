"""Small plans for tests: a group tree with indicators, one annual form, nothing else."""

from __future__ import annotations

from typing import Any

from shared.plan.model import Plan

NAMES = {"vi": "Tên", "en": "Name"}


def indicator(code: str, method: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An annual stock number with this method; `fields` overrides anything."""
    return {
        "code": code,
        "names": NAMES,
        "type": "number",
        "measure": "",
        "frequency": "annual",
        "time": "stock",
        "weight": 1.0,
        "method": method,
        "target_basis": "test",
        **fields,
    }


def quotient(code: str, method: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An indicator reported as numerator and denominator."""
    return indicator(code, method, **{"type": "rate", "numerator": NAMES, "denominator": NAMES, **fields})


def goalposts(low: float, high: float, **more: Any) -> dict[str, Any]:
    return {"kind": "min_max_goalposts", "low": low, "high": high, **more}


def group(code: str, *, aggregate: str = "arithmetic", weight: float = 1.0, **fields: Any) -> dict[str, Any]:
    return {"code": code, "names": NAMES, "weight": weight, "aggregate": aggregate, **fields}


def plan(*groups: dict[str, Any], peer_groups: tuple[str, ...] = ("ALL",), **fields: Any) -> Plan:
    """A plan of these groups; `scoring` and `forms` may be overridden."""
    return Plan.model_validate(document(*groups, peer_groups=peer_groups, **fields))


def document(*groups: dict[str, Any], peer_groups: tuple[str, ...] = ("ALL",), **fields: Any) -> dict[str, Any]:
    forms = {frequency: _form(frequency) for frequency in sorted(_frequencies(groups))}
    return {
        "schema_version": 1,
        "code": "TEST",
        "version": "1",
        "names": NAMES,
        "effective": {"first": "2000-01-01"},
        "peer_groups": [{"code": code, "names": NAMES} for code in peer_groups],
        "scoring": {"aggregate": "arithmetic"},
        "groups": list(groups),
        "regimes": [{"code": "R"}],
        "forms": list(forms.values()),
        **fields,
    }


def _frequencies(groups: Any) -> set[str]:
    found = set()
    for one in groups:
        found |= {leaf["frequency"] for leaf in one.get("indicators", [])}
        found |= _frequencies(one.get("groups", []))
    return found


def _form(frequency: str) -> dict[str, Any]:
    return {"code": f"F-{frequency.upper()}", "names": NAMES, "frequency": frequency, "regime": "R", "tier": "t"}
