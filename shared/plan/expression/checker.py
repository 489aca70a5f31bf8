"""Names and types of an expression, resolved before anything is evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from shared.plan.expression.syntax import (
    Binary,
    Call,
    Choice,
    Item,
    Listed,
    Member,
    Name,
    Node,
    Number,
    Text,
    Truth,
    Unary,
)
from shared.plan.expression.tokens import ExpressionError
from shared.plan.expression.vocabulary import FUNCTIONS, MACROS, MEMBERS, REPORT, RESERVED, ROW, Path, Type, names_of
from shared.plan.faults import did_you_mean

CALL_STEPS = 5
"""A function of ours costs so many steps: the library calls back."""

_COUNTABLE: tuple[Type, ...] = ("number", "whole")
_LISTS: dict[Type, Type] = {"number": "numbers", "text": "texts"}
_SAYS: dict[Type, str] = {
    "number": "a number",
    "whole": "a whole number",
    "text": "a text",
    "truth": "true or false",
    "row": "an indicator",
    "earlier": "an earlier report",
    "rows": "the list of values",
    "unit": "the unit",
    "catalogue": "all indicators",
    "numbers": "a list of numbers",
    "texts": "a list of texts",
}


class Checker:
    """Walks one tree; collects what it speaks of and counts its steps on the way."""

    def __init__(self, for_each: str, names: Mapping[str, Type] | None = None) -> None:
        """`names`: what an expression may speak of that is not about a report."""
        self._names = names_of(for_each) if names is None else names
        self._variable: str | None = None
        self.operands: list[Path] = []
        self.row_paths: list[Path] = []
        self.macros: list[Call] = []
        self.uses_first_row = False
        self.uses_all_rows = False
        self.steps = 0
        self.steps_a_row = 0

    def type_of(self, node: Node) -> Type:
        """The type of a part. ExpressionError: an unknown name, or types that do not go together."""
        self._count(1)
        return _CHECKS[type(node)](self, node)

    def _count(self, steps: int) -> None:
        if self._variable is None:
            self.steps += steps
        else:
            self.steps_a_row += steps

    def literal(self, node: Number | Text | Truth) -> Type:
        if isinstance(node, Number):
            return "whole" if node.is_whole else "number"
        return "text" if isinstance(node, Text) else "truth"

    # --- names: the path of what is spoken of, noted where it ends in a number or a text ---

    def path(self, node: Node) -> Type:
        kind, path = self._resolved(node)
        if kind not in ("number", "text", "whole"):
            return kind
        if path[0] == "values":
            self.row_paths.append(path[1:])
        else:
            self.operands.append(path)
        return kind

    def _resolved(self, node: Node) -> tuple[Type, Path]:
        if isinstance(node, Name):
            return self._named(node.name)
        if isinstance(node, Member):
            return self._member(node)
        if isinstance(node, Item):
            return self._item(node)
        return self.type_of(node), ("",)

    def _named(self, name: str) -> tuple[Type, Path]:
        if name == self._variable:
            return "row", ("values",)
        if name == "values" and name in self._names:
            self.uses_all_rows = True
            return "rows", ("values",)
        if name in self._names:
            return self._names[name], (name,)
        if name in ROW and "values" in self._names:
            raise ExpressionError(
                f"`{name}` of which indicator?", f'write v["CODE"].{name}, or `for_each: indicator` in the rule'
            )
        if name == "null":
            raise ExpressionError("there is no null here", "the rule's `missing` says what a missing number does")
        listed = ", ".join(self._names)
        raise ExpressionError(
            f"there is no name `{name}`", did_you_mean(name, self._names) or f"the names are {listed}"
        )

    def _member(self, node: Member) -> tuple[Type, Path]:
        kind, path = self._resolved(node.of)
        if kind == "catalogue":
            raise ExpressionError(f"`v.{node.name}` names no indicator", f'write v["{node.name}"]')
        members = MEMBERS.get(kind)
        if members is None:
            raise ExpressionError(f"{_SAYS[kind]} has no `.{node.name}`")
        if node.name not in members:
            listed = ", ".join(members)
            hint = did_you_mean(node.name, members) or f"it has {listed}"
            raise ExpressionError(f"{_SAYS[kind]} has no `.{node.name}`", hint)
        # A macro's variable stands for each row, so its path is that of the rows.
        return members[node.name], (*path, node.name)

    def _item(self, node: Item) -> tuple[Type, Path]:
        if (
            node.of == Name(node.of.start, node.of.end, "values")
            and isinstance(node.at, Number)
            and node.at.text == "0"
        ):
            self.uses_first_row = True
            return "row", ("values",)
        kind, _ = self._resolved(node.of)
        if kind == "catalogue":
            if not isinstance(node.at, Text):
                raise ExpressionError("the code of an indicator is written out", 'write v["CODE"]')
            return "row", ("v", node.at.text)
        raise ExpressionError(
            "only v[...] and values[0] may be indexed", 'write v["CODE"], or values[0] for the first value'
        )

    # --- operators ---

    def unary(self, node: Unary) -> Type:
        kind = self.type_of(node.of)
        if node.sign == "!":
            return self._wanted(kind, "truth", "`!`")
        if kind not in _COUNTABLE:
            raise ExpressionError(f"`-` goes before a number, not before {_SAYS[kind]}")
        return kind

    def binary(self, node: Binary) -> Type:
        left, right = self.type_of(node.left), self.type_of(node.right)
        sign = node.sign
        if sign in ("&&", "||"):
            self._wanted(left, "truth", f"the left of `{sign}`")
            return self._wanted(right, "truth", f"the right of `{sign}`")
        if sign == "in":
            if _LISTS.get(left) != right:
                says = f"{_SAYS[left]} is not sought in {_SAYS[right]}"
                raise ExpressionError(says, 'write unit.peer_group in ["A", "B"]')
            return "truth"
        if sign in ("+", "-", "*", "/", "%"):
            return self._arithmetic(sign, left, right)
        comparable = {left, right} <= set(_COUNTABLE) or left == right == "text"
        if not comparable and not (left == right == "truth" and sign in ("==", "!=")):
            raise ExpressionError(f"`{sign}` does not compare {_SAYS[left]} with {_SAYS[right]}")
        return "truth"

    def _arithmetic(self, sign: str, left: Type, right: Type) -> Type:
        if left not in _COUNTABLE or right not in _COUNTABLE:
            wrong = left if left not in _COUNTABLE else right
            raise ExpressionError(f"`{sign}` reckons with numbers, not with {_SAYS[wrong]}")
        if left != right:
            raise ExpressionError(
                f"`{sign}` does not mix numbers with whole numbers", "write 2.0 instead of 2, or double(size(...))"
            )
        if sign == "%" and left == "number":
            raise ExpressionError("`%` is for whole numbers only")
        return left

    def choice(self, node: Choice) -> Type:
        self._wanted(self.type_of(node.test), "truth", "what stands before `?`")
        yes, no = self.type_of(node.yes), self.type_of(node.no)
        if yes != no:
            raise ExpressionError(f"`? :` gives {_SAYS[yes]} or {_SAYS[no]}: let both be the same")
        return yes

    def listed(self, node: Listed) -> Type:
        kinds = {self.type_of(item) for item in node.items}
        if len(kinds) != 1 or not kinds <= _LISTS.keys():
            raise ExpressionError("a list holds texts, or numbers such as 2.0", 'write ["A", "B"]')
        return _LISTS[kinds.pop()]

    def _wanted(self, kind: Type, wanted: Type, where: str) -> Type:
        if kind != wanted:
            raise ExpressionError(f"{where} is {_SAYS[wanted]}, not {_SAYS[kind]}")
        return kind

    # --- functions and macros ---

    def call(self, node: Call) -> Type:
        if node.of is not None:
            return self._macro(node, node.of)
        if node.function not in FUNCTIONS:
            hint = did_you_mean(node.function, FUNCTIONS) or f"the functions are {', '.join(FUNCTIONS)}"
            raise ExpressionError(f"there is no function `{node.function}`", hint)
        kinds = [self.type_of(argument) for argument in node.arguments]
        if node.function == "size":
            if kinds != ["rows"]:
                raise ExpressionError("size() counts values", "write size(values), or size(values.filter(i, ...))")
            return "whole"
        if node.function == "double":
            if len(kinds) != 1 or kinds[0] not in _COUNTABLE:
                raise ExpressionError("double() takes one number", "write double(size(values))")
            return "number"
        self._count(CALL_STEPS)
        wanted = 1 if node.function == "abs" else 2
        if kinds != ["number"] * wanted:
            raise ExpressionError(f"{node.function}() takes {wanted} numbers", "write 2.0 instead of 2")
        return "number"

    def _macro(self, node: Call, of: Node) -> Type:
        if node.function not in MACROS:
            hint = did_you_mean(node.function, MACROS) or f"of `values` there are {', '.join(MACROS)}"
            raise ExpressionError(f"there is no function `.{node.function}()`", hint)
        if self._variable is not None:
            raise ExpressionError(f"`{node.function}` stands inside another one", "one walk over the values at a time")
        kind = self.type_of(of)
        if kind != "rows":
            raise ExpressionError(f"`{node.function}` walks over `values`, not over {_SAYS[kind]}")
        if len(node.arguments) != 2 or not isinstance(node.arguments[0], Name):
            raise ExpressionError(f"`{node.function}` takes a name and a condition", f"values.{node.function}(i, ...)")
        variable, body = node.arguments[0].name, node.arguments[1]
        if variable in RESERVED or variable in ROW or variable in REPORT or not re.fullmatch("[a-z]{1,20}", variable):
            raise ExpressionError(f"`{variable}` cannot be the name of a value", "write a small letter, such as i")
        self.macros.append(node)
        self._variable = variable
        kind = self.type_of(body)
        self._variable = None
        self._wanted(kind, "truth", f"the condition of `{node.function}`")
        return "rows" if node.function == "filter" else "truth"


_CHECKS: dict[type[Node], Callable[[Checker, Any], Type]] = {
    Number: Checker.literal,
    Text: Checker.literal,
    Truth: Checker.literal,
    Name: Checker.path,
    Member: Checker.path,
    Item: Checker.path,
    Listed: Checker.listed,
    Call: Checker.call,
    Unary: Checker.unary,
    Binary: Checker.binary,
    Choice: Checker.choice,
}
