"""A correction prints every number that changed, and says of each unit whether its own data or others moved it."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from services.scoring.domain.computation import Computation
from services.scoring.domain.editions.changes import bounded, due_changes, input_changes, units_of
from services.scoring.domain.editions.content import INPUTS, Content, ordered, rows_of
from services.scoring.domain.editions.diff import counts, differences
from services.scoring.domain.editions.files import lines_of
from tests.services.scoring.domain.editions.worlds import END_MS, computed, content, small_plan, some_units


def inputs(of: Content) -> list[str]:
    return list(lines_of(part.text for part in of.parts[INPUTS]))


def rows(computation: Computation) -> dict[str, Any]:
    return {row["unit"]: row for row in rows_of(computation, ordered(computation))}


def flat(value: Any, where: str = "") -> dict[str, Any]:
    """Every value of a row under its address, written without the code under test."""
    if isinstance(value, list):
        return {k: v for entry in value for k, v in flat(dict(entry), f"{where}/{entry['code']}").items()}
    if isinstance(value, dict):
        return {k: v for name, part in value.items() for k, v in flat(part, f"{where}/{name}").items()}
    return {where: value}


@pytest.mark.parametrize("seed", range(25))
def test_every_unit_that_differs_is_listed_with_its_cause_and_no_other(seed: int) -> None:
    luck = random.Random(seed)
    units = some_units(luck.randint(2, 14), seed)
    changed = {unit: dict(values) for unit, values in units.items()}
    touched = set(luck.sample(sorted(units), luck.randint(1, 2)))
    for unit in touched:
        changed[unit][luck.choice(["STAFF", "SITES", "FLAG"])] += luck.choice([1, 2.5, 20])
    first, second = content(units), content(changed, number=2)
    found = differences(
        first.rows, second.rows, touched=units_of(input_changes(inputs(first), inputs(second))), same_plan=True
    )
    # By hand: both evaluations in full, compared value by value.
    was, now = (rows(computed(held)) for held in (units, changed))
    wanted = {unit for unit in units if json.dumps(was[unit]) != json.dumps(now[unit])}
    assert {change["unit"] for change in found} == wanted
    for change in found:
        unit = change["unit"]
        assert change["cause"] == ("own" if unit in touched else "others")
        assert change["index"] == [was[unit]["index"], now[unit]["index"]]
        before, after = flat(was[unit]), flat(now[unit])
        places = {"/index", "/rank", "/band"}
        assert {f"/{number['where']}": (number["before"], number["after"]) for number in change["numbers"]} == {
            where: (before[where], after[where])
            for where in before
            if before[where] != after[where] and where not in places
        }
        moved = any(was[unit][name] != now[unit][name] for name in ("index", "rank", "band"))
        assert change["moved"] is moved
    assert counts(found)["changed"] == len(wanted)


def test_units_that_moved_only_because_others_did_are_listed() -> None:
    units = {"a1": {"STAFF": 10.0, "SITES": 4.0, "FLAG": 5.0}, "a2": {"STAFF": 10.0, "SITES": 8.0, "FLAG": 5.0}}
    first = content(units)
    second = content({**units, "a2": {**units["a2"], "SITES": 16.0}})
    found = differences(first.rows, second.rows, touched=frozenset({"a2"}), same_plan=True)
    [other] = [change for change in found if change["unit"] == "a1"]
    assert (other["cause"], other["moved"]) == ("others", True)
    assert {number["where"] for number in other["numbers"]} >= {"indicators/SITES/share", "groups/PILLAR/score"}


def test_units_enter_and_leave_and_a_new_plan_is_the_method() -> None:
    units = some_units(4)
    less = {unit: values for unit, values in units.items() if unit != "a002"}
    found = differences(content(units).rows, content(less).rows, touched=frozenset(), same_plan=True)
    [left] = [change for change in found if change["unit"] == "a002"]
    assert (left["change"], left["cause"], left["index"][1]) == ("left", "own", None)
    found = differences(content(less).rows, content(units).rows, touched=frozenset(), same_plan=True)
    assert [change["change"] for change in found if change["unit"] == "a002"] == ["entered"]
    coarser = content(units, of=small_plan(version="2", decimals=1))
    found = differences(content(units).rows, coarser.rows, touched=frozenset(), same_plan=False)
    assert {change["cause"] for change in found} == {"method"}


def test_equal_editions_have_no_difference() -> None:
    assert (
        differences(
            content(some_units(5)).rows, content(some_units(5), number=2).rows, touched=frozenset(), same_plan=True
        )
        == []
    )


def test_units_that_moved_come_first() -> None:
    units = some_units(9)
    second = content({**units, "a000": {**units["a000"], "STAFF": 99.0, "SITES": 30.0}})
    found = differences(content(units).rows, second.rows, touched=frozenset({"a000"}), same_plan=True)
    moved = [change["moved"] for change in found]
    assert moved == sorted(moved, reverse=True)


def test_changed_inputs_are_named_with_their_unit() -> None:
    first = content(some_units(3))
    second = content({**some_units(3), "a000": {"STAFF": 1.0, "SITES": 1.0, "FLAG": 1.0}, "b900": {"STAFF": 1.0}})
    found = input_changes(inputs(first), inputs(second))
    told = {(each["what"], each["id"], each["unit"], each["change"]) for each in found}
    assert told == {
        ("accepted", "report-a000", "a000", "changed"),
        ("accepted", "report-b900", "b900", "added"),
        ("obligations", "obligation-b900", "b900", "added"),
    }
    assert units_of(found) == {"a000", "b900"}


def test_time_alone_can_change_what_is_due() -> None:
    held = inputs(content(some_units(2)))
    due = END_MS + 10 * 86_400_000
    assert due_changes(held, due, due) == []
    assert [each["unit"] for each in due_changes(held, due, due + 1)] == ["a000", "b001"]
    assert due_changes(held, due + 1, due + 5) == []


def test_a_record_keeps_a_bounded_list() -> None:
    many: list[dict[str, Any]] = [{"what": "accepted", "id": str(number), "change": "changed"} for number in range(250)]
    kept = bounded(many)
    assert len(kept) == 201
    assert kept[-1]["count"] == 50
