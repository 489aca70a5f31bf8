"""Checks of one value at a time: sign, numerator against denominator, empty denominator. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.domain.checks.context import FIELDS, Context, Found, text
from shared.events.base import Names


def non_negative(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """No number is below 0."""
    for indicator, value in context.chosen(parameters):
        if (value.value or 0) >= 0 and (value.numerator or 0) >= 0 and (value.denominator or 0) >= 0:
            continue
        for member in FIELDS:
            number = getattr(value, member)
            if number is not None and number < 0:
                message = Names(vi="Số liệu không được âm", en="The number must not be negative")
                yield Found(message, (indicator.code,), member, ">= 0", text(number))


def numerator_within_denominator(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """A part is at most its whole. Ratios only: a rate (kbps per person) is no part of a whole."""
    for indicator, value in context.chosen(parameters):
        if indicator.type != "ratio" or indicator.allow_over_100:
            continue
        part, whole = value.numerator, value.denominator
        if part is not None and whole and part > whole:
            message = Names(vi="Tử số lớn hơn mẫu số", en="The numerator is greater than the denominator")
            got = f"{text(part)} > {text(whole)}"
            yield Found(message, (indicator.code,), "numerator", "numerator <= denominator", got)


def denominator_zero(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """0 / 0 where the indicator allows an empty denominator; a denominator of 0 nowhere else."""
    for indicator, value in context.chosen(parameters):
        if value.denominator != 0:
            continue
        if indicator.empty_denominator == "error":
            message = Names(vi="Mẫu số bằng 0", en="The denominator is 0")
            yield Found(message, (indicator.code,), "denominator", "> 0", "0")
        elif value.numerator:
            message = Names(vi="Mẫu số bằng 0 thì tử số cũng bằng 0", en="With a denominator of 0 the numerator is 0")
            yield Found(message, (indicator.code,), "numerator", "0", text(value.numerator))
