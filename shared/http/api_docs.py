"""The API's description: OpenAPI with our problem documents in it, and a page of it that needs no script or network."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from shared.http.problems import MEDIA_TYPE

PAGES = Path(__file__).parent / "pages"
METHODS = ("get", "post", "put", "patch", "delete")

_REF = "#/components/schemas/"

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


def with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, its error answers made problem documents and its inline body models moved to the components."""
    schemas: dict[str, Any] = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM_SCHEMA
    answer = {"description": "A problem document", "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}
    for _, _, operation in operations_of(schema):
        answers = operation.setdefault("responses", {})
        # FastAPI's own 422 describes a shape that we never answer.
        answers.pop("422", None)
        answers["default"] = answer
        _hoist_body(operation, schemas)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return schema


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
