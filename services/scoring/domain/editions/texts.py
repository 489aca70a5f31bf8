"""An evaluation as lines of text: results in ranking order, inputs, reference. Equal values give equal lines.

Results are canonical JSON (RFC 8785), one line a unit, with the columns named once in a layout:

    layout  {"groups": {"codes": [...], "fields": [...]}, "indicators": {...}}
    result  {"unit": ..., "index": ..., "groups": [[field of group 1, ...], ...], "indicators": [[...], ...]}

Inputs are JSON with sorted keys that keeps 5.0 apart from 5, as the hash of the inputs does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import orjson
from pydantic import TypeAdapter

from services.scoring.domain.editions.files import lines_of
from services.scoring.domain.inputs import Sources
from services.scoring.domain.reference import Reference
from shared.canonical import canonical

Row = dict[str, Any]
"""The content of one unit's score, with its `unit`."""

TABLES = ("groups", "indicators")
_SOURCES = TypeAdapter(Sources)
_REFERENCE = TypeAdapter(Reference)


@dataclass(frozen=True)
class Rows:
    """The rows of an evaluation as the lines they are kept as: a large cohort does not fit in memory otherwise."""

    layout: Mapping[str, Any]
    texts: Sequence[str] = field(repr=False)

    def __iter__(self) -> Iterator[Row]:
        return (result_of(line, self.layout) for line in self.lines())

    def lines(self) -> Iterator[str]:
        return lines_of(self.texts)


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
    for one in fields(sources):
        held = getattr(sources, one.name)
        items = held if isinstance(held, tuple) else (held,)
        lines += sorted(_line([one.name, item]) for item in items)
    return lines


def sources_of(lines: Iterable[str]) -> Sources:
    """The inputs again. ValueError when the lines are not inputs as this version knows them."""
    found: dict[str, Any] = {one.name: [] for one in fields(Sources) if isinstance(_default(one), tuple)}
    for line in lines:
        name, item = orjson.loads(line)
        if isinstance(found.get(name), list):
            found[name].append(item)
        else:
            found[name] = item
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


def _default(declared: Any) -> Any:
    """Collections of inputs are tuples, whether they have a default or not."""
    return () if str(declared.type).startswith("tuple") else None


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
