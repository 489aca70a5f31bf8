"""What an expression means: its type, what it speaks of, what it costs. Refuses what it could not answer safely."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from shared.plan.expression.checker import Checker
from shared.plan.expression.syntax import Binary, Call, Node, parse
from shared.plan.expression.tokens import ExpressionError
from shared.plan.expression.vocabulary import Path, Type

ForEach = Literal["indicator", "report"]
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
FILTER_ROWS_A_STEP = 10
"""The library copies the list for every row that `filter` keeps: with n rows n / 10 steps for each."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An expression that compares two numbers: the sources of both sides."""

    sign: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Choosing:
    """The part of the first macro that is true or false of one row, and which of the two puts a row at fault."""

    variable: str
    body: str
    at_fault: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was found out about an expression. `operands` are what it speaks of, in order, without the rows'.

    `row_paths` are the fields that it asks of the rows of `values`.
    """

    source: str
    type: Type
    operands: tuple[Path, ...]
    row_paths: tuple[Path, ...]
    uses_first_row: bool
    uses_all_rows: bool
    steps: int
    steps_a_row: int
    filters: int
    comparison: Comparison | None
    choosing: Choosing | None

    @property
    def codes(self) -> tuple[str, ...]:
        """The indicators that are named, in order."""
        return tuple(dict.fromkeys(path[1] for path in self.operands if path[0] == "v"))

    @property
    def uses_rows(self) -> bool:
        return self.uses_first_row or self.uses_all_rows

    def steps_of(self, rows: int) -> int:
        """Steps of one evaluation over so many rows of `values`."""
        return self.steps + rows * (self.steps_a_row + self.filters * rows // FILTER_ROWS_A_STEP)


@lru_cache(maxsize=2048)
def meaning_of(source: str, for_each: ForEach) -> Meaning:
    """The meaning of an expression. ExpressionError: what is wrong with it and how to mend it."""
    tree = parse(source)
    checker = Checker(for_each)
    kind = checker.type_of(tree)
    return Meaning(
        source=source,
        type=kind,
        operands=tuple(dict.fromkeys(checker.operands)),
        row_paths=tuple(dict.fromkeys(checker.row_paths)),
        uses_first_row=checker.uses_first_row,
        uses_all_rows=checker.uses_all_rows,
        steps=checker.steps,
        steps_a_row=checker.steps_a_row,
        filters=sum(1 for macro in checker.macros if macro.function == "filter"),
        comparison=_comparison(tree, source, for_each),
        choosing=_choosing(checker.macros, source),
    )


def condition_of(source: str, for_each: ForEach) -> Meaning:
    """The meaning of a rule's expression, which must be true or false."""
    meaning = meaning_of(source, for_each)
    if meaning.type != "truth":
        raise ExpressionError("the expression is not true or false", "compare two numbers: numerator <= denominator")
    return meaning


def _comparison(tree: Node, source: str, for_each: ForEach) -> Comparison | None:
    if not isinstance(tree, Binary) or tree.sign not in COMPARISONS:
        return None
    if Checker(for_each).type_of(tree.left) not in ("number", "whole"):
        return None
    return Comparison(tree.sign, source[tree.left.start : tree.left.end], source[tree.right.start : tree.right.end])


def _choosing(macros: list[Call], source: str) -> Choosing | None:
    if not macros:
        return None
    variable, body = macros[0].arguments
    return Choosing(
        source[variable.start : variable.end], source[body.start : body.end], at_fault=macros[0].function != "all"
    )
