"""What is different between two sets of inputs: why a proposal is void, and whose own data a correction changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from services.scoring.domain.editions.content import Facts

CHANGES_MAX = 200
KEYS = ("obligation", "report", "finding", "indicator", "period", "year")
"""What names an input inside its unit, of those that it has."""
PASSING = ("changed_at_ms", "received_at_ms")
"""Instants that change no number by themselves."""

Key = tuple[str, ...]
Item = dict[str, Any]


def input_changes(before: Iterable[str], after: Iterable[str]) -> list[dict[str, Any]]:
    """Inputs (lines of `source_lines`) that were added, removed or changed, with the unit that each belongs to."""
    was, now = _by_key(before), _by_key(after)
    owners = _owners(was) | _owners(now)
    found = []
    for key in sorted(was.keys() | now.keys()):
        if _told(was.get(key)) != _told(now.get(key)):
            change = "added" if key not in was else "removed" if key not in now else "changed"
            item = now.get(key) or was[key]
            found.append(
                {"what": key[0], "id": "/".join(key[1:]), "unit": _unit(item, owners) or None, "change": change}
            )
    return found


def due_changes(lines: Iterable[str], before_ms: int, now_ms: int) -> list[dict[str, Any]]:
    """Obligations that became due in between, by time alone."""
    items = [item for key, item in _by_key(lines).items() if key[0] == "obligations"]
    passed = [item for item in items if before_ms <= item["due_at_ms"] < now_ms]
    return [
        {"what": "obligations", "id": item["obligation"], "unit": item["unit"], "change": "became_due"}
        for item in sorted(passed, key=lambda item: str(item["obligation"]))
    ]


def fact_changes(before: Facts, after: Facts) -> list[dict[str, Any]]:
    """A changed plan version or code version."""
    return [
        {"what": name, "change": "changed", "before": getattr(before, name), "after": getattr(after, name)}
        for name in ("plan_version", "plan_sha256", "code_version")
        if getattr(before, name) != getattr(after, name)
    ]


def bounded(changes: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The first of them, and how many more there are: a record keeps a bounded list."""
    left = len(changes) - CHANGES_MAX
    more = [{"what": "more", "change": "changed", "count": left}] if left > 0 else []
    return (*changes[:CHANGES_MAX], *more)


def units_of(changes: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The units whose own inputs are among the changes."""
    return frozenset(each["unit"] for each in changes if each.get("unit"))


def _by_key(lines: Iterable[str]) -> dict[Key, Item]:
    found: dict[Key, Item] = {}
    for name, item in map(orjson.loads, lines):
        held = item if isinstance(item, dict) else {"value": item}
        found[(name, *_names(name, held))] = held
    return found


def _names(name: str, item: Item) -> Iterator[str]:
    if name in ("obligations", "accepted"):
        yield str(item["obligation" if name == "obligations" else "report"])
        return
    yield from (str(item[key]) for key in ("unit", *KEYS) if key in item)


def _owners(items: Mapping[Key, Item]) -> dict[str, str]:
    """Obligation -> its unit."""
    return {item["obligation"]: item["unit"] for key, item in items.items() if key[0] == "obligations"}


def _unit(item: Item, owners: Mapping[str, str]) -> str:
    return str(item.get("unit") or owners.get(item.get("obligation", ""), ""))


def _told(item: Item | None) -> Item | None:
    return None if item is None else {name: part for name, part in item.items() if name not in PASSING}
