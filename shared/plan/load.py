"""From text to a plan and back: strict, bounded, with every fault told at once.

plan = load_plan(text)               YAML (or JSON, which is YAML)
plan = plan_from_document(document)  what `plan_document` gave, or a parsed JSON body
plan_document(plan)                  canonical, JSON-able, loads to an equal plan
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import rfc8785
from pydantic import ValidationError

from shared.plan.check import incoherences
from shared.plan.faults import PathKey, PlanErrors, PlanFault, line_of, path_text
from shared.plan.model import Plan
from shared.plan.schema_faults import schema_faults
from shared.plan.yaml_source import BYTES_MAX, read_yaml

__all__ = ["PlanErrors", "PlanFault", "load_plan", "plan_document", "plan_from_document", "plan_sha256"]


def load_plan(text: str) -> Plan:
    """The plan in a YAML text of at most 1 MiB. PlanErrors holds all faults of shape, or else all of coherence."""
    source = read_yaml(text)
    return _plan(source.document, source.lines)


def plan_from_document(document: Mapping[str, Any]) -> Plan:
    """The plan of a JSON-able document; PlanErrors as `load_plan`, without line numbers."""
    return _plan(document, {})


def plan_document(plan: Plan) -> dict[str, Any]:
    """The canonical document: every key present, dates as ISO text, years as text keys."""
    document: dict[str, Any] = json.loads(plan.model_dump_json())
    return document


def plan_sha256(plan: Plan) -> str:
    """SHA-256, in hexadecimal, over the canonical JSON (RFC 8785) of the plan's document."""
    return hashlib.sha256(rfc8785.dumps(plan_document(plan))).hexdigest()


def _plan(document: Any, lines: dict[PathKey, int]) -> Plan:
    """Validated in pydantic's strict JSON mode: lax mode would take `false` for 0.0 and `"85"` for 85."""
    if not isinstance(document, Mapping):
        raise PlanErrors([PlanFault("", "a plan is a mapping of keys to values", "begin with `schema_version: 1`")])
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as err:
        raise PlanErrors([PlanFault("", f"the document is not JSON: {err}")]) from err
    if len(text) > 4 * BYTES_MAX:
        raise PlanErrors([PlanFault("", f"the document is larger than {4 * BYTES_MAX} characters")])
    try:
        plan = Plan.model_validate_json(text, strict=True)
    except ValidationError as err:
        raise PlanErrors(schema_faults(err, json.loads(text), lines)) from err
    found = incoherences(plan)
    if found:
        raise PlanErrors([PlanFault(path_text(at), says, hint, line_of(at, lines)) for at, says, hint in found])
    return plan
