"""The API's description: OpenAPI with our problem documents in it, and a page of it that needs no script or network."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from shared.http.examples import example_of
from shared.http.problem_titles import SLUG_OF_STATUS, TITLES
from shared.http.problems import MEDIA_TYPE

PAGES = Path(__file__).parent / "pages"
METHODS = ("get", "post", "put", "patch", "delete")

JSON = "application/json"

_REF = "#/components/schemas/"
_SENTENCE = re.compile(r"(?<=[.:])\s|\n\n")
_EXAMPLE_MEMBERS: dict[int, dict[str, Any]] = {
    403: {"detail": "This needs the scope report:write.", "scope": "report:write"},
    412: {"detail": 'Version 3 stands now; to amend it, read it and send If-Match: "3".', "current_version": 3},
    413: {"detail": "A body has at most 1048576 bytes.", "body_bytes_max": 1_048_576},
    422: {
        "errors": [{"pointer": "/values/0/numerator", "detail": "Must be a number", "hint": "at least 0"}],
    },
    429: {"detail": "This key asks too often; send the same request again after the seconds of Retry-After."},
    503: {"detail": "Send the same request again in a few seconds."},
}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem document; texts in the language of Accept-Language (vi or en).",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "/problems/<slug>: the kind of problem."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do about this one."},
        "pointer": {"type": "string", "description": "JSON pointer to the member at fault."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "detail": {"type": "string"},
                    "hint": {"type": "string"},
                    "in": {"type": "string", "description": "query, path, header or cookie; absent for the body."},
                },
            },
        },
        "trace_id": {"type": "string", "description": "Quote it when you report a fault."},
        "request_id": {"type": "string"},
    },
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: problem documents that the rules of `with_problems` do not foresee for it."""
    return {status: _answer(status) for status in statuses}


def with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema made complete: errors as problem documents, summaries, examples, body models in the components."""
    schemas: dict[str, Any] = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM_SCHEMA
    for method, path, operation in operations_of(schema):
        answers = operation.setdefault("responses", {})
        # FastAPI's own 422 describes a shape that we never answer.
        if MEDIA_TYPE not in answers.get("422", {}).get("content", {}):
            answers.pop("422", None)
        if method == "put" and "201" in answers and "200" not in answers:
            answers["200"] = {**answers["201"], "description": "It was there: changed, or left as it is"}
        for status in _foreseen(method, path, operation):
            answers.setdefault(str(status), _answer(status))
        answers["default"] = {"description": "A problem document", "content": _problem_content()}
        _hoist_body(operation, schemas)
        _summarise(operation)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for _, _, operation in operations_of(schema):
        _add_examples(operation, schemas)
    return schema


def _foreseen(method: str, path: str, operation: dict[str, Any]) -> list[int]:
    """Errors that follow from what an operation is: they need not be written down at every route."""
    headers = {held["name"].lower() for held in operation.get("parameters", ()) if held["in"] == "header"}
    is_write = method != "get"
    holds = {
        400: True,
        401: "security" in operation,
        403: "security" in operation,
        404: "{" in path,
        408: "requestBody" in operation,
        409: is_write,
        412: "if-match" in headers,
        413: "requestBody" in operation,
        415: "requestBody" in operation,
        422: "parameters" in operation or "requestBody" in operation,
        423: is_write and ("/reports" in path or "/obligations" in path or "/drafts" in path or "/imports" in path),
        429: "security" in operation,
        503: True,
    }
    return [status for status, foreseen in holds.items() if foreseen]


def _problem_content() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}


def _answer(status: int) -> dict[str, Any]:
    slug = SLUG_OF_STATUS[status]
    title = TITLES[slug].en
    content = _problem_content()
    example = {"type": f"/problems/{slug}", "title": title, "status": status, "request_id": "8f14e45fceea167a5a36dedd"}
    content[MEDIA_TYPE]["example"] = example | _EXAMPLE_MEMBERS.get(status, {})
    return {"description": title, "content": content}


def _summarise(operation: dict[str, Any]) -> None:
    """The first sentence of the description, in place of the name of a function."""
    described = str(operation.get("description", ""))
    first = _SENTENCE.split(described.strip(), maxsplit=1)[0]
    if first:
        operation["summary"] = " ".join(first.split()).rstrip(".:")


def _add_examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for answer in operation["responses"].values():
        held = answer.get("content", {}).get(JSON, {})
        if "schema" in held and "example" not in held and "examples" not in held:
            held["example"] = example_of(held["schema"], schemas)


def operations_of(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) in the order of the schema."""
    return [
        (method, path, item[method])
        for path, item in schema.get("paths", {}).items()
        for method in METHODS
        if method in item
    ]


def _hoist_body(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        held = media.get("schema", {})
        schemas.update(held.pop("$defs", {}))
        if "title" in held and "$ref" not in held:
            schemas[held["title"]] = held
            media["schema"] = {"$ref": f"{_REF}{held['title']}"}


def api_page(schema: dict[str, Any]) -> str:
    """The schema as one HTML page."""
    template = _pages().get_template("api.html")
    return template.render(schema=schema, operations=operations_of(schema))


def install(app: FastAPI) -> None:
    """Serve the page at `/docs` and its style beside it."""

    async def docs(_request: Any) -> Response:
        return HTMLResponse(api_page(app.openapi()))

    async def style(_request: Any) -> Response:
        return Response((PAGES / "api.css").read_bytes(), media_type="text/css")

    app.add_route("/docs", docs, include_in_schema=False)
    app.add_route("/docs/api.css", style, include_in_schema=False)


@cache
def _pages() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    pages.filters["type_of"] = type_of
    pages.filters["pretty"] = lambda value: orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return pages


def type_of(schema: dict[str, Any]) -> str:
    """A schema in a few words: `Value[]`, `string (date-time)`, `integer or null`, `"a" | "b"`."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return " or ".join(type_of(part) for part in schema[union])
    if "enum" in schema:
        return " | ".join(orjson.dumps(value).decode() for value in schema["enum"])
    if "const" in schema:
        return orjson.dumps(schema["const"]).decode()
    if schema.get("type") == "array":
        return f"{type_of(schema.get('items', {}))}[]"
    name = str(schema.get("type", "any"))
    return f"{name} ({schema['format']})" if "format" in schema else name
