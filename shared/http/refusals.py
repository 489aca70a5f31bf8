"""What a refusal means in HTTP: the one table from kinds to statuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI, Request
from starlette.responses import Response

from shared.events.base import Names
from shared.http.language import Text
from shared.http.problems import Problem, render
from shared.http.validation import Fault
from shared.refusal import Detail, Refusal, RefusalKind

STATUS: dict[RefusalKind, tuple[int, str]] = {
    "not_found": (404, "not-found"),
    "forbidden": (403, "forbidden"),
    "state": (409, "conflict"),
    "content_exists": (409, "conflict"),
    "version_moved": (412, "version-moved"),
    "not_valid": (422, "not-valid"),
    "sealed": (423, "sealed"),
}


def problem(refusal: Refusal) -> Problem:
    """The refusal as a problem document; 412 says in `ETag` which version stands."""
    status, slug = STATUS[refusal.kind]
    version = refusal.members.get("current_version")
    return Problem(
        status,
        slug,
        detail=_text(refusal.text),
        pointer=refusal.pointer,
        faults=[_fault(detail) for detail in refusal.details],
        members=refusal.members,
        headers={"ETag": f'"{version}"'} if version else None,
    )


@contextmanager
def as_problems() -> Iterator[None]:
    """Refusals leave the block as problems: where an answer is kept for an idempotency key."""
    try:
        yield
    except Refusal as refusal:
        raise problem(refusal) from refusal


def install(app: FastAPI) -> None:
    """Answer every refusal of the application with its problem document."""

    async def answer(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return render(problem(error)).response()

    app.add_exception_handler(Refusal, answer)


def _fault(detail: Detail) -> Fault:
    hint = _text(detail.hint) if detail.hint is not None else None
    return Fault(detail.pointer, _text(detail.detail), hint)


def _text(said: Names | str) -> Text | str:
    return Text(said.vi, said.en) if isinstance(said, Names) else said
