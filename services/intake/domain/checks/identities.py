"""Checks between indicators of one report. What a missing number does is the rule's strategy `missing`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.domain.checks.context import TOLERANCE, Context, Found, text
from shared.events.base import Names


def at_most(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """left <= right."""
    left, right = str(parameters["left"]), str(parameters["right"])
    smaller, larger = _pair(context, parameters)
    if smaller is not None and larger is not None and smaller > larger + TOLERANCE:
        message = Names(vi=f"{left} không được lớn hơn {right}", en=f"{left} must be at most {right}")
        yield _found(message, left, right, f"<= {text(larger)}", text(smaller))


def equals(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """left = right."""
    left, right = str(parameters["left"]), str(parameters["right"])
    one, other = _pair(context, parameters)
    if one is not None and other is not None and abs(one - other) > TOLERANCE:
        message = Names(vi=f"{left} phải bằng {right}", en=f"{left} must equal {right}")
        yield _found(message, left, right, text(other), text(one))


def same_denominator(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """One denominator in all the named indicators; each that differs from the first one reported is found."""
    held = [(i.code, v.denominator) for i, v in context.chosen(parameters) if v.denominator is not None]
    for code, denominator in held[1:]:
        if denominator != held[0][1]:
            first, wanted = held[0]
            message = Names(vi=f"Mẫu số khác với {first}", en=f"The denominator differs from that of {first}")
            yield Found(message, (code, first), "denominator", text(wanted), text(denominator))


def _found(message: Names, left: str, right: str, expected: str, got: str) -> Found:
    code, _, member = left.rpartition(".")
    return Found(message, tuple(dict.fromkeys((code, right.rpartition(".")[0]))), member, expected, got)


def _pair(context: Context, parameters: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Both numbers; a missing one is None where the rule is then skipped, else 0."""
    left, right = context.number(str(parameters["left"])), context.number(str(parameters["right"]))
    strategy = parameters.get("missing", "skip_if_any_missing")
    both_missing = left is None and right is None
    if strategy == "skip_if_any_missing" or (strategy == "skip_if_all_missing" and both_missing):
        return left, right
    return left or 0.0, right or 0.0
