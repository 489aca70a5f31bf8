"""The identities that a plan's validation rules state, so that honest reports keep them. Pure.

Named checks say them by their parameters, expressions by comparing two numbers: `v["A"].numerator <= v["B"].value`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from shared.plan.expression.meaning import condition_of, meaning_of
from shared.plan.expression.vocabulary import written
from shared.plan.model import Plan, ValidationRule

Row = dict[str, Any]
Place = tuple[str, str]
"""An indicator's code and which of its numbers."""
Identity = tuple[Literal["equals", "at_most"], Place, Place]


def identities(plan: Plan) -> list[Identity]:
    """What is equal first, then what is at most something else, each in the order of the plan."""
    found = [identity for rule in plan.validation for identity in _of_rule(rule)]
    return sorted(found, key=lambda identity: identity[0] == "at_most")


def keep(rows: dict[str, Row], identity: Identity) -> None:
    """Bring the left number in line with the right one, where both are reported."""
    kind, (code, name), (other, other_name) = identity
    if name not in rows.get(code, {}) or other_name not in rows.get(other, {}):
        return
    wanted = rows[other][other_name]
    rows[code][name] = wanted if kind == "equals" else min(rows[code][name], wanted)


def _of_rule(rule: ValidationRule) -> Iterator[Identity]:
    if rule.check == "same_denominator":
        codes = rule.parameters["indicators"]
        for position, code in enumerate(codes):
            for other in codes[:position]:  # whichever of them are on the form
                yield "equals", (code, "denominator"), (other, "denominator")
    elif rule.check in ("equals", "at_most"):
        left, right = (str(rule.parameters[side]).rpartition(".") for side in ("left", "right"))
        yield "equals" if rule.check == "equals" else "at_most", (left[0], left[2]), (right[0], right[2])
    elif rule.expression is not None:
        yield from _of_expression(rule)


def _of_expression(rule: ValidationRule) -> Iterator[Identity]:
    compared = condition_of(rule.expression or "", rule.for_each).comparison
    if compared is None or compared.sign not in ("==", "<=", ">="):
        return
    left, right = _place(compared.left, rule), _place(compared.right, rule)
    if left is None or right is None:
        return
    if compared.sign == ">=":
        left, right = right, left
    yield "equals" if compared.sign == "==" else "at_most", left, right


def _place(source: str, rule: ValidationRule) -> Place | None:
    """The number that a side of a comparison is, when it is nothing but one reported number."""
    operands = meaning_of(source, rule.for_each).operands
    if len(operands) != 1 or len(operands[0]) != 3 or operands[0][0] != "v":
        return None
    return (operands[0][1], operands[0][2]) if written(operands[0]) == source else None
