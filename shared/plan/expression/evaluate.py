"""Evaluation by the kept CEL library; the only file that knows it. Give it only what `meaning` has let through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import cel

from shared.plan.expression.tokens import ExpressionError

Answer = bool | int | float | str

_FUNCTIONS: dict[str, Callable[..., float]] = {"abs": abs, "min": min, "max": max}
_FAULTS = (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError)
_ERROR_SHOWN_MAX = 200


class EvaluationError(ValueError):
    """The expression has no answer for these numbers: 0 / 0, or an overflow."""


class Environment:
    """What the names of an expression stand for. Rows are handed over once and kept; other names can be bound again.

    `rows` are the `values` that the expression walks over; None when it does not speak of them.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]] | None) -> None:
        self._held = cel.Context(variables={} if rows is None else {"values": rows}, functions=dict(_FUNCTIONS))

    def bind(self, variables: Mapping[str, Any]) -> None:
        """Let these names stand for these numbers, texts or mappings, in place of what they stood for."""
        for name, value in variables.items():
            self._held.add_variable(name, value)

    def evaluate(self, source: str) -> Answer:
        """The answer of an expression. EvaluationError when it has none."""
        try:
            answer: Answer = _program(source).execute(self._held)
        except _FAULTS as fault:
            raise EvaluationError(f"{type(fault).__name__}: {fault}"[:_ERROR_SHOWN_MAX]) from fault
        return answer


def check_compiles(source: str) -> None:
    """ExpressionError when the library reads the expression otherwise than we do."""
    try:
        _program(source)
    except ValueError as fault:
        raise ExpressionError(f"not readable as CEL: {fault}"[:_ERROR_SHOWN_MAX]) from fault


@lru_cache(maxsize=4096)
def _program(source: str) -> cel.Program:
    """Compiled once for each text, so once for each rule of each plan version, however many reports come."""
    return cel.compile(source)
