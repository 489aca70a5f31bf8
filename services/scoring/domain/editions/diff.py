"""What an edition changed against the one before: every unit of which any number moved, before and after. Pure.

A unit that moved has a cause: `own` where its own inputs changed (or it entered or left the cohort), `method` where
they did not but the plan version did, else `others`: it moved only because others did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, Literal

import orjson

from services.scoring.domain.editions.texts import TABLES, Row, Rows, result_of
from services.scoring.domain.saved import UNRANKED_LAST

Cause = Literal["own", "method", "others"]
Change = dict[str, Any]

PLACE = ("index", "rank", "band")


def differences(before: Rows, after: Rows, *, touched: Set[str], same_plan: bool) -> list[Change]:
    """One entry per unit that differs: those that moved in index, rank or band first, then by unit.

    `touched`: units whose own inputs changed. An entry holds `unit`, `change` (`changed`, `entered`, `left`),
    `cause`, `moved` (whether index, rank or band changed), `index`, `rank`, `band` as [before, after], and `numbers`:
    every other value that changed, as {"where", "before", "after"}.
    """
    found = []
    for unit, was, now in _pairs(before, after):
        entry = _difference(unit, was, now)
        if entry is not None:
            found.append({**entry, "cause": _cause(entry, touched, same_plan)})
    return sorted(found, key=_order)


def counts(changes: Sequence[Change]) -> dict[str, int]:
    """How many units changed, how many of them moved, and why."""
    moved = [change for change in changes if change["moved"]]
    causes = {cause: sum(change["cause"] == cause for change in moved) for cause in ("own", "method", "others")}
    return {"changed": len(changes), "moved": len(moved), **causes}


def _difference(unit: str, was: Row | None, now: Row | None) -> Change | None:
    if was == now:
        return None
    place = {name: [_of(was, name), _of(now, name)] for name in PLACE}
    change = "entered" if was is None else "left" if now is None else "changed"
    moved = change != "changed" or any(first != second for first, second in place.values())
    numbers = _numbers(was, now) if was is not None and now is not None else []
    if not moved and not numbers:
        return None
    return {"unit": unit, "change": change, "moved": moved, **place, "numbers": numbers}


def _numbers(was: Row, now: Row) -> list[Change]:
    first, second = dict(_leaves(was)), dict(_leaves(now))
    return [
        {"where": where, "before": first.get(where), "after": second.get(where)}
        for where in dict.fromkeys((*first, *second))
        if first.get(where) != second.get(where) and where not in PLACE
    ]


def _leaves(row: Row) -> Iterator[tuple[str, Any]]:
    """Every value of a row under its address, such as `indicators/MAIL/share`."""
    for name, part in row.items():
        if name in TABLES:
            for entry in part:
                yield from _inside(
                    f"{name}/{entry['code']}", {key: held for key, held in entry.items() if key != "code"}
                )
        else:
            yield from _inside(name, part)


def _inside(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _inside(f"{where}/{name}", part)
    else:
        yield where, value


def _cause(entry: Change, touched: Set[str], same_plan: bool) -> Cause:
    if entry["change"] != "changed" or entry["unit"] in touched:
        return "own"
    return "others" if same_plan else "method"


def _order(entry: Change) -> tuple[bool, int, str]:
    rank = entry["rank"][1] or entry["rank"][0] or UNRANKED_LAST
    return not entry["moved"], rank, entry["unit"]


def _pairs(before: Rows, after: Rows) -> Iterator[tuple[str, Row | None, Row | None]]:
    """The units whose lines differ, or that are in one of the two only; their rows are read one at a time."""
    was, same = _by_unit(before.lines()), before.layout == after.layout
    for line in after.lines():
        unit = orjson.loads(line)["unit"]
        held = was.pop(unit, None)
        if held is None or not same or held != line:
            yield unit, None if held is None else result_of(held, before.layout), result_of(line, after.layout)
    yield from ((unit, result_of(line, before.layout), None) for unit, line in was.items())


def _by_unit(lines: Iterable[str]) -> dict[str, str]:
    return {orjson.loads(line)["unit"]: line for line in lines}


def _of(row: Row | None, name: str) -> Any:
    return None if row is None else row[name]
