"""The values of one report, as columns in one line of JSON: cheap to keep, to load, to hash and to join with others.

`[codes, kinds, values, numerators, denominators]`: the codes of the indicators separated by blanks, one digit for each
saying whether it is reported (0), nil (1), not applicable (2) or reported as an estimate (3), and three lists of
numbers, null where not given and empty where none is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import orjson

from services.scoring.domain.annual import KINDS

Numbers = Sequence[float | None]
Value = Mapping[str, Any]
Columns = tuple[str, str, Numbers, Numbers, Numbers]

BLANK = " "
STATUS_OF = {str(kind): status for status, kind in KINDS.items()}
PARTS = ("value", "numerator", "denominator")


class Cells(Sequence[Value]):
    """Reads as a sequence of `{"indicator", "status", "value"?, "numerator"?, "denominator"?}`."""

    __slots__ = ("_columns", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._columns: Columns | None = None

    @classmethod
    def of(cls, values: Iterable[Value]) -> Cells:
        """The same content gives the same text. What was not given may be absent or None."""
        held = list(values)
        kinds = "".join(str(_kind(value)) for value in held)
        numbers = [[_number(value.get(part)) for value in held] for part in PARTS]
        codes = BLANK.join(value["indicator"] for value in held)
        return cls(orjson.dumps([codes, kinds, *map(_unless_blank, numbers)]).decode())

    @classmethod
    def read(cls, text: str) -> Cells:
        """From the store, where older documents hold a list of mappings."""
        return cls.of(orjson.loads(text)) if text.startswith("[{") or text == "[]" else cls(text)

    @property
    def columns(self) -> Columns:
        """Codes, kinds and numbers as they are kept."""
        if self._columns is None:
            codes, kinds, value, numerator, denominator = orjson.loads(self.text)
            self._columns = (codes, kinds, value, numerator, denominator)
        return self._columns

    @overload
    def __getitem__(self, at: int) -> Value: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Value]: ...

    def __getitem__(self, at: int | slice) -> Value | Sequence[Value]:
        return list(self)[at]

    def __iter__(self) -> Iterator[Value]:
        codes, kinds, *numbers = self.columns
        whole = [column or [None] * len(kinds) for column in numbers]
        for code, kind, *row in zip(codes.split(BLANK) if codes else (), kinds, *whole, strict=True):
            given = {part: number for part, number in zip(PARTS, row, strict=True) if number is not None}
            yield {"indicator": code, "status": STATUS_OF[kind], **given}

    def __len__(self) -> int:
        return len(self.columns[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cells) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Cells({self.text!r})"


def _kind(value: Value) -> int:
    status = value.get("status", "reported")
    return KINDS["estimated" if status == "reported" and value.get("estimated") else status]


def _unless_blank(column: Numbers) -> Numbers:
    return () if all(number is None for number in column) else column


def _number(given: float | None) -> float | None:
    """5 and 5.0 are one number and must have one text."""
    return None if given is None else float(given)
