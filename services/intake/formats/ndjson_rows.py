"""Reports of an NDJSON file: one JSON object a line, as `POST /v1/reports` takes it, with `replaces` beside.

Stricter than JSON allows: no key twice in an object, no NaN or Infinity. UTF-8 only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import IO, Any, NoReturn

import orjson

from services.intake.formats.faults import FileFault
from services.intake.formats.records import Record
from shared.events.base import Names

LINE_BYTES_MAX = 1024 * 1024
NESTING_MAX = 20
DIGITS_MAX = 18
_HEAD = ("plan", "form", "unit", "period")


def ndjson_records(file: IO[bytes]) -> Iterator[Record]:
    """A record of each line that is not blank. FileFault when a line is no JSON object."""
    number = 0
    while line := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(line) > LINE_BYTES_MAX or line.strip():
            yield record_of(number, line)


def record_of(number: int, line: bytes) -> Record:
    """The record of one line. FileFault when it is too long or no JSON object."""
    if len(line) > LINE_BYTES_MAX:
        raise _fault("LINE_TOO_LONG", number)
    held = parsed(number, line)
    replaces = held.pop("replaces", None)
    faults: list[list[str]] = []
    if replaces is not None and (type(replaces) is not int or not 0 < replaces < 1_000_000_000):
        faults.append(["VERSION_UNREADABLE", "replaces", "1, 2, 3, ...", str(replaces)[:60]])
        replaces = None
    head = [held[name] if isinstance(held.get(name), str) else "" for name in _HEAD]
    if not all(head):
        missing = next(name for name, value in zip(_HEAD, head, strict=True) if not value)
        return [number, "stray", *head, None, None, [["ROW_INCOMPLETE", missing, "", ""]]]
    return [number, "report", *head, replaces, held, faults]


def parsed(number: int, line: bytes) -> dict[str, Any]:
    """The JSON object of a line."""
    try:
        held = json.loads(line.decode("utf-8"), **_STRICT)
        if b"\\u" in line:
            orjson.dumps(held)  # half a character (a lone surrogate) can be written as an escape, but not kept
    except (ValueError, TypeError, RecursionError) as error:
        code = "KEY_TWICE" if isinstance(error, _KeyTwice) else "JSON_UNREADABLE"
        raise _fault(code, number, str(error) or type(error).__name__) from error
    if not isinstance(held, dict):
        raise _fault("JSON_UNREADABLE", number, type(held).__name__)
    _check_nesting(held, number)
    return held


class _KeyTwice(ValueError):
    """An object names a key twice: which of the two is meant?"""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        raise _KeyTwice("a key stands twice")
    return held


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _whole(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise ValueError("a number is too large")
    return int(digits)


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


_STRICT: dict[str, Any] = {
    "object_pairs_hook": _object,
    "parse_constant": _no_constant,
    "parse_int": _whole,
    "parse_float": _fraction,
}


def _check_nesting(held: Any, number: int) -> None:
    layer, depth = [held], 0
    while layer:
        depth += 1
        if depth > NESTING_MAX:
            raise _fault("JSON_TOO_DEEP", number)
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]


_SAID: dict[str, tuple[Names, Names]] = {
    "LINE_TOO_LONG": (
        Names(vi="Dòng quá dài", en="A line is too long"),
        Names(vi=f"Mỗi dòng tối đa {LINE_BYTES_MAX} byte", en=f"At most {LINE_BYTES_MAX} bytes a line"),
    ),
    "JSON_UNREADABLE": (
        Names(vi="Dòng không phải là một đối tượng JSON", en="The line is no JSON object"),
        Names(
            vi="Mỗi dòng một báo cáo như POST /v1/reports nhận, mã UTF-8, không có NaN",
            en="One report a line as POST /v1/reports takes it, in UTF-8, without NaN",
        ),
    ),
    "KEY_TWICE": (
        Names(vi="Một khóa xuất hiện hai lần", en="A key stands twice in an object"),
        Names(vi="Mỗi khóa một lần", en="Give each key once"),
    ),
    "JSON_TOO_DEEP": (
        Names(vi="JSON lồng quá sâu", en="The JSON is nested too deeply"),
        Names(vi=f"Tối đa {NESTING_MAX} lớp", en=f"At most {NESTING_MAX} levels"),
    ),
}


def _fault(code: str, line: int, got: str = "") -> FileFault:
    message, hint = _SAID[code]
    return FileFault(code, message, hint, line=line, got=got)
