"""What an expression may speak of. `docs/plan.md` lists it for the writers of plans.

A path is how an expression names one thing: `numerator`, `previous.ratio`, `v["SVC-03"].target`, `unit.headcount`.
"""

from __future__ import annotations

from typing import Literal

Type = Literal["number", "whole", "text", "truth", "row", "earlier", "rows", "unit", "catalogue", "numbers", "texts"]
Path = tuple[str, ...]
"""The parts of a name: `("v", "SVC-03", "previous", "ratio")`."""

NUMBERS: tuple[str, ...] = ("value", "numerator", "denominator", "ratio")
"""Of an indicator in a report. `value` is in the shown unit of measure, `ratio` is numerator / denominator."""

ERAS: tuple[str, ...] = ("previous", "year_before")

ROW: dict[str, Type] = {
    **dict.fromkeys(NUMBERS, "number"),
    "target": "number",
    "code": "text",
    **dict.fromkeys(ERAS, "earlier"),
}
EARLIER: dict[str, Type] = dict.fromkeys(NUMBERS, "number")
UNIT: dict[str, Type] = {"headcount": "number", "peer_group": "text"}
REPORT: dict[str, Type] = {
    "v": "catalogue",
    "values": "rows",
    "unit": "unit",
    "form": "text",
    "period": "text",
    "year": "whole",
}
MEMBERS: dict[str, dict[str, Type]] = {"row": ROW, "earlier": EARLIER, "unit": UNIT}

FUNCTIONS: tuple[str, ...] = ("abs", "min", "max", "size", "double")
MACROS: tuple[str, ...] = ("all", "exists", "exists_one", "filter")

_RESERVED = "as break const continue else false for function if import in let loop namespace null package return true"
RESERVED = frozenset([*_RESERVED.split(), "var", "void", "while"])


def written(path: Path) -> str:
    """The path as it is written in an expression."""
    if path[0] == "v":
        return f'v["{path[1]}"].{".".join(path[2:])}'
    return ".".join(path)


def names_of(for_each: str) -> dict[str, Type]:
    """The names that may begin an expression of a rule that looks at each `indicator` or at the whole `report`."""
    return {**REPORT, **ROW} if for_each == "indicator" else REPORT
