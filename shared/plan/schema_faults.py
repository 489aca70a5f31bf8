"""Pydantic's errors retold for the writer of a plan: the path as written, what is wrong, how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.plan.faults import PathKey, PlanFault, did_you_mean, line_of, path_text
from shared.plan.model import CODE_PATTERN, Plan

_SHOWN_MAX = 60

_TYPE_SAYS = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "date_type": "must be a date",
    "date_from_datetime_parsing": "must be a date",
    "date_parsing": "must be a date",
}
_TYPE_HINTS = {
    "int_type": "write it without quotes and without a decimal point",
    "int_from_float": "write it without a decimal point",
    "float_type": "write it without quotes, with a decimal point",
    "bool_type": "write true or false, without quotes",
    "tuple_type": "write [one, two] or one `- ` line for each",
    "date_type": "write it as 2011-01-31",
    "date_from_datetime_parsing": "write it as 2011-01-31",
    "date_parsing": "write it as 2011-01-31",
}
_PATTERN_HINTS = {
    CODE_PATTERN: "a code has 1 to 40 capital letters, digits, `_`, `.` or `-`, such as INF-01",
    r"^([01]\d|2[0-3]):[0-5]\d$": "write it as 09:00",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$": "a version has 1 to 40 letters, digits, `.`, `_` or `-`, such as '2011.1'",
}


def schema_faults(err: ValidationError, document: Any, lines: Mapping[PathKey, int]) -> list[PlanFault]:
    """One fault for each place that is wrong, in the order of the document where lines are known."""
    faults: dict[tuple[PathKey, str], PlanFault] = {}
    for error in err.errors(include_url=False):
        path, value = _written_path(error["loc"], document)
        if error["type"] == "too_short" and value:
            continue  # pydantic counts only the items that are right; those that are wrong are told themselves
        message, hint = _retold(error, path, value)
        fault = PlanFault(path_text(path), message, hint, line_of(path, lines))
        # A value that fits no member of a union is reported once for each member: keep one.
        faults.setdefault((path, "" if _is_union_member(error["loc"], path) else message), fault)
    return sorted(faults.values(), key=lambda fault: fault.line or 0)


def _written_path(loc: tuple[str | int, ...], document: Any) -> tuple[PathKey, Any]:
    """`loc` without the names of union members that pydantic puts in, and the value found there."""
    path: list[str | int] = []
    here = document
    tag_skipped = False
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(here, dict):
            if not tag_skipped and here.get("kind") == part and part not in here:
                tag_skipped = True
                continue
            if part in here:
                here, tag_skipped = here[part], False
                path.append(part)
            elif last and part != "[key]":
                path.append(part)
                return tuple(path), None
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here, tag_skipped = here[part], False
            path.append(part)
    return tuple(path), here


def _is_union_member(loc: tuple[str | int, ...], path: PathKey) -> bool:
    return bool(path) and loc[-1] != path[-1]


def _retold(error: ErrorDetails, path: PathKey, value: Any) -> tuple[str, str | None]:
    """What is wrong and how to mend it, for one of pydantic's errors."""
    kind = error["type"]
    if kind in _RETELLERS:
        return _RETELLERS[kind](error, path, value)
    if kind == "too_short":
        return "must not be empty", None
    if kind in _TYPE_SAYS:
        return f"{_TYPE_SAYS[kind]}, not {_shown(value)}", _TYPE_HINTS.get(kind)
    message = error["msg"]
    return f"{message[0].lower()}{message[1:]}, not {_shown(value)}", None


def _unknown_key(error: ErrorDetails, path: PathKey, value: Any) -> tuple[str, str | None]:
    known = _fields_at(path[:-1])
    return f"unknown key `{path[-1]}`", did_you_mean(path[-1], known) or f"the keys here are {', '.join(known)}"


def _missing(error: ErrorDetails, path: PathKey, value: Any) -> tuple[str, str | None]:
    return f"the key `{path[-1]}` is missing", f"add `{path[-1]}: ...`"


def _kind_missing(error: ErrorDetails, path: PathKey, value: Any) -> tuple[str, str | None]:
    return "the key `kind` is missing", f"add `kind: ...`, one of {', '.join(_tags_at(path))}"


def _kind_unknown(error: ErrorDetails, path: PathKey, value: Any) -> tuple[str, str | None]:
    tag, tags = error["ctx"].get("tag"), _tags_at(path)
    meant = did_you_mean(tag, tags)
    return f"unknown kind `{tag}`", f"{meant + ' ' if meant else ''}the kinds are {', '.join(tags)}"


def _not_listed(error: ErrorDetails, path: PathKey, value: Any) -> tuple[str, str | None]:
    expected = str(error["ctx"].get("expected"))
    return f"{_shown(value)} is not one of {expected}", _meant(value, expected)


def _ill_formed(error: ErrorDetails, path: PathKey, value: Any) -> tuple[str, str | None]:
    return f"{_shown(value)} is not well formed", _PATTERN_HINTS.get(str(error["ctx"].get("pattern")))


def _broken_rule(error: ErrorDetails, path: PathKey, value: Any) -> tuple[str, str | None]:
    return str(error["ctx"].get("error", error["msg"])), None


def _not_text(error: ErrorDetails, path: PathKey, value: Any) -> tuple[str, str | None]:
    scalar = isinstance(value, bool | int | float)
    return f"must be text, not {_shown(value)}", f"write it in quotes: '{value}'" if scalar else None


_RETELLERS: dict[str, Callable[[ErrorDetails, PathKey, Any], tuple[str, str | None]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "union_tag_not_found": _kind_missing,
    "union_tag_invalid": _kind_unknown,
    "literal_error": _not_listed,
    "string_pattern_mismatch": _ill_formed,
    "value_error": _broken_rule,
    "string_type": _not_text,
}


def _meant(value: Any, expected: str) -> str | None:
    return did_you_mean(value, [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")])


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "an empty list" if not value else "a list"
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else repr(value)
    return text if text and len(text) <= _SHOWN_MAX else f"{str(text)[:_SHOWN_MAX]}..."


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a type annotation may hold, through lists, mappings, unions and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is Literal:
        return []
    arguments = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return [model for argument in arguments for model in _models_in(argument)]


def _models_at(path: PathKey) -> list[type[BaseModel]]:
    """The models that the schema allows at a path of the document."""
    models: list[type[BaseModel]] = [Plan]
    for part in path:
        named = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        models = [found for annotation in named for found in _models_in(annotation)] or models
    return models


def _fields_at(path: PathKey) -> list[str]:
    return list(dict.fromkeys(name for model in _models_at(path) for name in model.model_fields))


def _tags_at(path: PathKey) -> list[str]:
    return [
        get_args(model.model_fields["kind"].annotation)[0] for model in _models_at(path) if "kind" in model.model_fields
    ]
