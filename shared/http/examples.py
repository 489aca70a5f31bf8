"""Examples of answers, made from their schemas: so that every answer has one and none of them lies about its shape.

A test holds every example against its schema. Values come from the schema's own `examples`, `example` or `default`,
else from what members of that name usually hold, else from the type and its bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

DEPTH_MAX = 8
_REF = "#/components/schemas/"

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_INSTANT = "2011-04-04T09:00:00.000Z"
_BY_NAME: dict[str, Any] = {
    "plan": "MIC-ITAPP-2011-2015",
    "chain": "MIC-ITAPP-2011-2015",
    "version": 1,
    "plan_version": "2011.1",
    "form": "QUARTERLY",
    "unit": "VCNTT",
    "period": "2011-Q1",
    "year": 2011,
    "indicator": "INF-01",
    "obligation": "obligation-MIC-ITAPP-2011-2015-QUARTERLY-VCNTT-2011-Q1",
    "obligation_id": "obligation-MIC-ITAPP-2011-2015-QUARTERLY-VCNTT-2011-Q1",
    "report": "report-MIC-ITAPP-2011-2015-QUARTERLY-VCNTT-2011-Q1",
    "report_id": "report-MIC-ITAPP-2011-2015-QUARTERLY-VCNTT-2011-Q1",
    "id": "key-5e884898da28047151d0e56f",
    "key": "tdo_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
    "label": "document management system",
    "vi": "Vụ Công nghệ thông tin",
    "en": "Information Technology Department",
    "pointer": "/values/0/numerator",
    "message": "The numerator is greater than the denominator",
    "expected": "numerator <= denominator",
    "got": "12 > 10",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "email": "officer@vcntt.example",
    "time_zone": "Asia/Ho_Chi_Minh",
    "next_cursor": None,
    "next_after_seq": None,
    "reason": "Thiếu minh chứng cho INF-01",
    "verify": f"http://127.0.0.1:8101/v1/receipts/{_SHA256}",
}


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, name: str = "", depth: int = 0) -> Any:
    """A value that the schema allows; `schemas` are the components that it may refer to."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(_REF)], schemas, name=name, depth=depth)
    for told in ("example", "default", "const"):
        if told in schema:
            return schema[told]
    for listed in ("examples", "enum"):
        if schema.get(listed):
            return schema[listed][0]
    if "allOf" in schema:
        merged: dict[str, Any] = {}
        for part in schema["allOf"]:
            merged |= example_of(part, schemas, name=name, depth=depth)
        return merged
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return _of_union(schema[union], schemas, name, depth)
    return _of_type(schema, schemas, name, depth)


def _of_union(parts: list[Mapping[str, Any]], schemas: Mapping[str, Any], name: str, depth: int) -> Any:
    nullable = any(part.get("type") == "null" for part in parts)
    if nullable and (depth >= DEPTH_MAX or (name in _BY_NAME and _BY_NAME[name] is None)):
        return None
    return example_of(next(part for part in parts if part.get("type") != "null"), schemas, name=name, depth=depth)


def _of_type(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return _of_object(schema, schemas, depth)
        case "array":
            return _of_array(schema, schemas, name, depth)
        case "string":
            return _of_text(schema, name)
        case "integer" | "number":
            return _of_number(schema, name)
        case "boolean":
            return True
        case _:
            return None


def _of_object(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    properties = schema.get("properties", {})
    wanted = properties if depth < 3 else {key: held for key, held in properties.items() if key in required}
    return {key: example_of(held, schemas, name=key, depth=depth + 1) for key, held in wanted.items()}


def _of_array(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> list[Any]:
    if "prefixItems" in schema:
        return [example_of(part, schemas, depth=depth + 1) for part in schema["prefixItems"]]
    if depth >= DEPTH_MAX and not schema.get("minItems"):
        return []
    item = example_of(schema.get("items", {}), schemas, name=name.removesuffix("s"), depth=depth + 1)
    return [item] * max(1, schema.get("minItems", 1))


def _of_text(schema: Mapping[str, Any], name: str) -> str:
    by_format = {"date": "2011-04-04", "date-time": _INSTANT, "binary": "", "uri": "http://127.0.0.1:8101/"}
    if schema.get("format") in by_format:
        return by_format[schema["format"]]
    found = _BY_NAME.get(name)
    if not isinstance(found, str):
        found = _by_ending(name)
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, found):
        found = next((text for text in ("VCNTT", "2011-Q1", _SHA256, "1") if re.search(pattern, text)), found)
    low = schema.get("minLength", 0)
    return found[: schema.get("maxLength", 400)].ljust(low, "x")


def _by_ending(name: str) -> str:
    if "sha256" in name or name in ("hash", "head", "previous"):
        return _SHA256
    if name.endswith(("_at", "_until", "_since")) or name == "at":
        return _INSTANT
    if name in ("day", "first", "last") or name.endswith(("_from", "_to", "_day", "_start", "_last", "_on")):
        return "2011-04-04"
    return "text"


def _of_number(schema: Mapping[str, Any], name: str) -> int | float:
    found = _BY_NAME.get(name)
    if not isinstance(found, int):
        found = 1_301_882_400_000 if name.endswith("_ms") else 1
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and found < low:
        found = low
    return high if high is not None and found > high else found
