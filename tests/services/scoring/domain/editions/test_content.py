"""The digest stands for what is sealed: equal for equal content, another for any change, whatever the order."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from services.scoring.domain.editions.content import (
    INPUTS,
    LAYOUT,
    PLACES,
    REFERENCE,
    RESULTS,
    content_of,
    digested,
    ordered,
    rows_of,
)
from services.scoring.domain.editions.files import PART_BYTES_MAX, faults_of, file_from, file_of, lines_of
from services.scoring.domain.editions.texts import reference_of, result_of, sources_of
from services.scoring.domain.inputs import inputs_sha256
from tests.services.scoring.domain.editions.worlds import computed, content, small_plan, some_units, sources

UNITS = some_units(7)


def lines(of: Any, kind: str) -> list[str]:
    return list(lines_of(part.text for part in of.parts[kind]))


def test_the_order_of_inputs_changes_nothing_that_is_sealed() -> None:
    first = content(UNITS)
    for seed in range(1, 5):
        other = content(dict(reversed(UNITS.items())), shuffled=seed)
        assert other.digest == first.digest
        assert {kind: file.sha256 for kind, file in other.files.items()} == {
            kind: file.sha256 for kind, file in first.files.items()
        }


def test_the_digest_is_over_canonical_json_that_a_stranger_can_recompute() -> None:
    made = content(UNITS)
    document = json.loads(json.dumps(digested(made.facts, made.files)))
    assert hashlib.sha256(rfc8785.dumps(document)).hexdigest() == made.digest
    for kind in (LAYOUT, RESULTS, REFERENCE):
        text = "".join(part.text for part in made.parts[kind])
        assert hashlib.sha256(text.encode()).hexdigest() in json.dumps(document)
        assert all(rfc8785.dumps(json.loads(line)).decode() == line for line in lines(made, kind))


@pytest.mark.parametrize("change", ["value", "plan", "code", "unit"])
def test_any_change_gives_another_digest(change: str) -> None:
    first = content(UNITS)
    if change == "value":
        other = content({**UNITS, "a000": {**UNITS["a000"], "FLAG": 5.5}})
    elif change == "plan":
        other = content(UNITS, of=small_plan(version="2"))
    elif change == "unit":
        other = content({**UNITS, "a999": UNITS["a000"]})
    else:
        other = content_of(computed(UNITS), code_version="c2", edition="edition-TEST-2011-1")
    assert other.digest != first.digest


def test_a_change_that_moves_no_result_still_changes_the_digest() -> None:
    """The inputs are sealed, not only what came out."""
    one = content({"a1": {"STAFF": 150.0, "SITES": 1.0, "FLAG": 1.0}})
    other = content({"a1": {"STAFF": 150.0, "SITES": 2.0, "FLAG": 1.0}})
    assert [row["index"] for row in one.rows] == [row["index"] for row in other.rows]
    assert one.digest != other.digest


def test_lines_give_back_the_rows_the_inputs_and_the_reference() -> None:
    computation = replace(computed(UNITS), phase="SEALED", provisional=False)
    made = content_of(computation, code_version="c1", edition="edition-TEST-2011-1")
    layout = json.loads(lines(made, LAYOUT)[0])
    rows = [result_of(line, layout) for line in lines(made, RESULTS)]
    assert rows == json.loads(json.dumps(list(rows_of(computation, ordered(computation)))))
    read = sources_of(lines(made, INPUTS))
    assert inputs_sha256(computation.plan_sha256, read, computation.now_ms) == computation.inputs_sha256
    reference = reference_of(lines(made, REFERENCE)[0])
    assert reference.edition == "edition-TEST-2011-1"
    assert reference.posts == computation.evaluation.reference.posts
    assert reference.posts["SITES"], "the best of the peers is a number taken from data"


def test_units_come_by_peer_group_rank_and_code_and_places_find_them() -> None:
    made = content(some_units(12))
    keys = [(row["peer_group"], row["rank"] or 9_999_999, row["unit"]) for row in made.rows]
    assert keys == sorted(keys)
    places = dict(json.loads(line) for line in lines(made, PLACES))
    assert {row["unit"]: at for at, row in enumerate(made.rows)} == places


def test_an_evaluation_without_units_can_be_laid_out() -> None:
    made = content({})
    assert made.facts.units == 0
    assert lines(made, RESULTS) == []


def test_parts_are_bounded_and_do_not_change_the_hash_of_the_file() -> None:
    text = [f"{number} " + "x" * 1000 for number in range(2000)]
    file, parts = file_of("results", text)
    assert len(parts) == 4
    assert max(len(part.text) for part in parts) <= PART_BYTES_MAX
    assert file.sha256 == hashlib.sha256("".join(f"{line}\n" for line in text).encode()).hexdigest()
    assert file_from(json.loads(json.dumps(file.facts()))) == file
    assert list(lines_of(part.text for part in parts)) == text
    for line in (0, 520, 521, 1999):
        number, inside = file.part_of(line)
        assert parts[number].text.split("\n")[inside] == text[line]


def test_lines_end_at_line_feeds_only() -> None:
    text = ['{"a":"x\u2028y"}', '{"b":"\x85"}']
    assert list(lines_of(part.text for part in file_of("x", text)[1])) == text


def test_a_changed_or_missing_part_is_named() -> None:
    file, parts = file_of("results", ["a" * 400_000, "b" * 400_000, "c"])
    texts: list[str | None] = [part.text for part in parts]
    assert faults_of(file, texts) == []
    assert faults_of(file, [texts[0], "b" * 399_999 + "d\nc\n"]) == ["results, part 1: its text does not give its hash"]
    assert faults_of(file, [None, texts[1]]) == ["results, part 0: missing"]


def test_inputs_keep_their_own_hash_when_numbers_are_whole() -> None:
    """5 and 5.0 are one number; the inputs read back must not hash differently."""
    held = sources({"a1": {"STAFF": 5.0, "SITES": 1e-7, "FLAG": 3}})
    made = content({"a1": {"STAFF": 5.0, "SITES": 1e-7, "FLAG": 3}})
    assert inputs_sha256("p", sources_of(lines(made, INPUTS)), 0) == inputs_sha256("p", held, 0)
