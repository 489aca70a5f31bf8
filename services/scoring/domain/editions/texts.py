"""An evaluation as lines of text: results in ranking order, inputs, reference. Equal values give equal lines.

Results are canonical JSON (RFC 8785), one line a unit, with the columns named once in a layout:

    layout  {"groups": {"codes": [...], "fields": [...]}, "indicators": {...}}
    result  {"unit": ..., "index": ..., "groups": [[field of group 1, ...], ...], "indicators": [[...], ...]}

Inputs are JSON with sorted keys that keeps 5.0 apart from 5, as the hash of the inputs does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import orjson
from pydantic import TypeAdapter

from services.scoring.domain.inputs import Sources
from services.scoring.domain.reference import Reference
from shared.canonical import canonical

Row = dict[str, Any]
"""The content of one unit's score, with its `unit`."""

TABLES = ("groups", "indicators")
UNRANKED_LAST = 9_999_999

_SOURCES = TypeAdapter(Sources)
_REFERENCE = TypeAdapter(Reference)


def ordered(rows: Iterable[Row]) -> list[Row]:
    """By peer group, rank, unit; units without a rank last in their peer group."""
    return sorted(rows, key=lambda row: (row["peer_group"], row["rank"] or UNRANKED_LAST, row["unit"]))


def layout_of(rows: Sequence[Row]) -> dict[str, Any]:
    """Codes of the tables, from the first row (every row has the same ones), and every field that any row has."""
    return {name: _table_layout([row[name] for row in rows]) for name in TABLES}


def result_line(row: Row, layout: Mapping[str, Any]) -> str:
    """One unit's line."""
    packed = {name: _packed(row[name], layout[name]["fields"]) for name in TABLES}
    return canonical({**row, **packed}).decode()


def result_of(line: str, layout: Mapping[str, Any]) -> Row:
    """The row that a line holds."""
    held: Row = orjson.loads(line)
    return {**held, **{name: _unpacked(held[name], layout[name]) for name in TABLES}}


def source_lines(sources: Sources) -> list[str]:
    """Every input on its own line, `[field, item]`, in an order that does not depend on how they were read."""
    lines = []
    for field in fields(sources):
        held = getattr(sources, field.name)
        items = held if isinstance(held, tuple) else (held,)
        lines += sorted(_line([field.name, item]) for item in items)
    return lines


def sources_of(lines: Iterable[str]) -> Sources:
    """The inputs again. ValueError when the lines are not inputs as this version knows them."""
    found: dict[str, Any] = {field.name: () for field in fields(Sources) if isinstance(_default(field), tuple)}
    for line in lines:
        name, item = orjson.loads(line)
        found[name] = (*found[name], item) if isinstance(found.get(name), tuple) else item
    return _SOURCES.validate_python(found)


def reference_line(reference: Reference) -> str:
    """The frozen numbers as canonical JSON."""
    return canonical(_REFERENCE.dump_python(reference, mode="json")).decode()


def reference_of(line: str) -> Reference:
    """The frozen numbers again."""
    return _REFERENCE.validate_json(line)


def _line(value: Any) -> str:
    # The values of a report are a sequence of their own kind.
    return orjson.dumps(value, default=list, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def _default(field: Any) -> Any:
    """Collections of inputs are tuples, whether they have a default or not."""
    return () if str(field.type).startswith("tuple") else None


def _table_layout(tables: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, list[str]]:
    names = {name for table in tables for entry in table for name in entry}
    return {"codes": [entry["code"] for entry in tables[0]] if tables else [], "fields": sorted(names - {"code"})}


def _packed(table: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[list[Any]]:
    return [[entry.get(name) for name in names] for entry in table]


def _unpacked(table: Sequence[Sequence[Any]], layout: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    return [
        {"code": code, **dict(zip(layout["fields"], entry, strict=True))}
        for code, entry in zip(layout["codes"], table, strict=True)
    ]
