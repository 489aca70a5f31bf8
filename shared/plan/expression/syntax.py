"""The tree of an expression, by CEL's own grammar; what a rule has no use for (maps, bytes, types) is left out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.plan.expression.tokens import ExpressionError, Token, tokens_of

NESTING_MAX = 20
WORDS_MAX = 250

_LEVELS = (("||",), ("&&",), ("<", "<=", ">", ">=", "==", "!=", "in"), ("+", "-"), ("*", "/", "%"))
_UNARY_LEVEL = len(_LEVELS)


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the expression: the characters [start, end) of its source."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number(Node):
    text: str

    @property
    def is_whole(self) -> bool:
        return self.text.isdigit()


@dataclass(frozen=True, slots=True)
class Text(Node):
    text: str


@dataclass(frozen=True, slots=True)
class Truth(Node):
    pass


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    of: Node
    name: str


@dataclass(frozen=True, slots=True)
class Item(Node):
    of: Node
    at: Node


@dataclass(frozen=True, slots=True)
class Listed(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`function(arguments)`, or `of.function(arguments)`."""

    of: Node | None
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    sign: str
    of: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice(Node):
    test: Node
    yes: Node
    no: Node


def parse(source: str) -> Node:
    """The tree of an expression. ExpressionError when it is no CEL, too deep or too large."""
    tokens = tokens_of(source)
    if len(tokens) > WORDS_MAX:
        raise ExpressionError(f"the expression has more than {WORDS_MAX} words", "split the rule in two")
    parser = _Parser(tokens)
    tree = parser.choice()
    parser.expect_end()
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def _here(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._here
        self._at += 1
        return token

    def _is(self, *words: str) -> bool:
        return self._here.kind in ("sign", "name") and self._here.text in words

    def _expect(self, sign: str) -> Token:
        if not self._is(sign):
            raise self._unexpected(f"`{sign}` is missing")
        return self._take()

    def _unexpected(self, says: str) -> ExpressionError:
        token = self._here
        place = "at the end" if token.kind == "end" else f"before `{token.text}` at character {token.start + 1}"
        return ExpressionError(f"{says} {place}")

    def expect_end(self) -> None:
        if self._here.kind != "end":
            raise self._unexpected("an operator is missing")

    def choice(self) -> Node:
        """`test ? yes : no`, or what stands below it."""
        self._deeper()
        test = self._binary(0)
        if self._is("?"):
            self._take()
            yes = self._binary(0)
            self._expect(":")
            no = self.choice()
            test = Choice(test.start, no.end, test, yes, no)
        self._depth -= 1
        return test

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > NESTING_MAX:
            raise ExpressionError(f"the expression is nested deeper than {NESTING_MAX} levels", "split the rule in two")

    def _binary(self, level: int) -> Node:
        if level == _UNARY_LEVEL:
            return self._unary()
        left = self._binary(level + 1)
        while self._is(*_LEVELS[level]):
            sign = self._take().text
            right = self._binary(level + 1)
            left = Binary(left.start, right.end, sign, left, right)
        return left

    def _unary(self) -> Node:
        if not self._is("-", "!"):
            return self._member()
        self._deeper()
        sign = self._take()
        of = self._unary()
        self._depth -= 1
        return Unary(sign.start, of.end, sign.text, of)

    def _member(self) -> Node:
        node = self._primary()
        while self._is(".", "["):
            if self._take().text == "[":
                at = self.choice()
                node = Item(node.start, self._expect("]").end, node, at)
            else:
                name = self._name()
                node = self._called(node, name) if self._is("(") else Member(node.start, name.end, node, name.text)
        return node

    def _name(self) -> Token:
        if self._here.kind != "name":
            raise self._unexpected("a name is missing")
        return self._take()

    def _called(self, of: Node | None, name: Token) -> Call:
        self._expect("(")
        arguments = self._until(")")
        return Call(of.start if of else name.start, self._tokens[self._at - 1].end, of, name.text, arguments)

    def _until(self, close: str) -> tuple[Node, ...]:
        """Expressions with commas between them, and the closing sign."""
        found: list[Node] = []
        while not self._is(close):
            if found:
                self._expect(",")
            found.append(self.choice())
        self._take()
        return tuple(found)

    def _primary(self) -> Node:
        token = self._here
        if token.kind == "number":
            self._take()
            return Number(token.start, token.end, token.text)
        if token.kind == "text":
            self._take()
            return Text(token.start, token.end, token.text[1:-1])
        if token.kind == "name" and token.text != "in":
            return self._named(self._take())
        if self._is("("):
            self._take()
            inside = self.choice()
            # The brackets belong to it: parts of the source are evaluated on their own.
            return replace(inside, start=token.start, end=self._expect(")").end)
        if self._is("["):
            self._take()
            items = self._until("]")
            return Listed(token.start, self._tokens[self._at - 1].end, items)
        raise self._unexpected("a value is missing")

    def _named(self, name: Token) -> Node:
        if name.text in ("true", "false"):
            return Truth(name.start, name.end)
        return self._called(None, name) if self._is("(") else Name(name.start, name.end, name.text)
