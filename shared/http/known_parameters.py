"""Routes that refuse query parameters which they do not know: a misspelt `dry_run` must not write."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared.http.language import Text
from shared.http.problems import Problem
from shared.http.validation import Fault

NAMES_SHOWN_MAX = 10


class KnownParameters(APIRoute):
    """A route whose query parameters are those that it declares. 400 `unknown-parameter` names every other one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        # A route that reads its own parameters, for speed, declares them for the page of the API only.
        own = (self.openapi_extra or {}).get("parameters", ())
        declared = (parameter["name"] for parameter in own if parameter["in"] == "query")
        known = frozenset((*_names(self.dependant), *declared))

        async def checked(request: Request) -> Response:
            if request.scope["query_string"] and (strange := request.query_params.keys() - known):
                raise _unknown(sorted(strange)[:NAMES_SHOWN_MAX], known)
            return await handle(request)

        return checked


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for below in dependant.dependencies:
        yield from _names(below)


def _unknown(strange: list[str], known: frozenset[str]) -> Problem:
    listed = ", ".join(sorted(known))
    said = Text("Tham số này không có trong quy định", "This parameter is not known")
    hint = Text(f"các tham số: {listed}", f"known are: {listed}") if known else None
    faults = [Fault(f"/{name[:60]}", said, hint, "query") for name in strange]
    detail = Text("Địa chỉ có tham số lạ; chưa làm gì.", "The address has unknown parameters; nothing was done.")
    return Problem(400, "unknown-parameter", detail=detail, faults=faults)
