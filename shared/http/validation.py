"""Validation errors as faults that a reporter can act on: where, what, and a hint. What was sent is not repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from shared.http.language import Language, Text
from shared.shape_faults import said

FAULTS_MAX = 100

_PLACES = frozenset({"body", "query", "path", "header", "cookie"})

_HINTS: dict[str, Text] = {
    "missing": Text("Bổ sung trường", "Add the field"),
    "extra_forbidden": Text("Bỏ trường hoặc sửa lại tên", "Remove the field or correct its name"),
    "json_invalid": Text("Kiểm tra dấu phẩy, ngoặc, mã hóa UTF-8", "Check commas, brackets and the UTF-8 encoding"),
}

_BOUNDS: tuple[tuple[str, Text], ...] = (
    ("ge", Text("không nhỏ hơn {}", "at least {}")),
    ("gt", Text("lớn hơn {}", "more than {}")),
    ("le", Text("không lớn hơn {}", "at most {}")),
    ("lt", Text("nhỏ hơn {}", "less than {}")),
    ("min_length", Text("dài ít nhất {}", "at least {} long")),
    ("max_length", Text("dài nhiều nhất {}", "at most {} long")),
    ("pattern", Text("khớp mẫu {}", "matches {}")),
    ("expected", Text("một trong: {}", "one of: {}")),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: a JSON pointer into the body (or into the parameters named by `place`), what, and a hint."""

    pointer: str
    detail: Text | str
    hint: Text | str | None = None
    place: str = "body"
    kind: str = ""

    def document(self, language: Language) -> dict[str, str]:
        held = {"pointer": self.pointer, "detail": _say(self.detail, language)}
        if self.hint is not None:
            held["hint"] = _say(self.hint, language)
        if self.place != "body":
            held["in"] = self.place
        return held


def faults_of(error: RequestValidationError | ValidationError) -> list[Fault]:
    """The faults in the order found, at most FAULTS_MAX."""
    if isinstance(error, ValidationError):
        return [_fault(found, in_request=False) for found in error.errors(include_input=False)[:FAULTS_MAX]]
    return [_fault(found, in_request=True) for found in error.errors()[:FAULTS_MAX]]


def json_pointer(parts: Sequence[str | int]) -> str:
    """RFC 6901: `/values/7/numerator`; the empty string is the whole document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _fault(found: Any, *, in_request: bool) -> Fault:
    kind: str = found["type"]
    where = list(found["loc"])
    place = "body"
    if in_request and where and where[0] in _PLACES:
        place = where.pop(0)
    if kind == "json_invalid":
        where = []
    words = said(found)
    return Fault(json_pointer(where), Text(words.vi, words.en), _hint(kind, found.get("ctx") or {}), place, kind)


def _hint(kind: str, context: dict[str, Any]) -> Text | None:
    if kind in _HINTS:
        return _HINTS[kind]
    for name, text in _BOUNDS:
        if name in context:
            return Text(text.vi.format(context[name]), text.en.format(context[name]))
    return None


def _say(text: Text | str, language: Language) -> str:
    return text.say(language) if isinstance(text, Text) else text
