"""Problem documents (RFC 9457): the one shape of every error answer.

`{"type": "/problems/<slug>", "title", "status", "detail", "errors": [{"pointer", "detail", "hint"}], "trace_id",
"request_id", ...}`, title and texts in the language of the request. Ours and not a library's: see decision 0007.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.errors import Permanent, Transient
from shared.http.language import Language, Text, current_language
from shared.http.problem_titles import SLUG_OF_STATUS, title_of
from shared.http.validation import Fault, faults_of
from shared.telemetry.correlation import current_request_id
from shared.telemetry.tracing import current_trace_id

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5

log = structlog.stdlib.get_logger(__name__)

_UNAVAILABLE = Text("Hãy gửi lại sau ít giây.", "Send the same request again in a few seconds.")
_INTERNAL = Text(
    "Lỗi đã được ghi lại. Khi báo lỗi hãy gửi kèm trace_id.",
    "The fault is in the log. Quote the trace_id when you report it.",
)


class Problem(HTTPException):
    """An error answer, raised from anywhere at the HTTP edge.

    `slug` names the kind (`/problems/<slug>`); `detail` says what to do about this one; `pointer` is a JSON pointer
    to the member at fault, `faults` several of them; `members` are further members of the document.
    A subclass of Starlette's exception, so that the framework's own code lets it through.
    """

    def __init__(
        self,
        status: int,
        slug: str | None = None,
        *,
        detail: Text | str | None = None,
        title: Text | None = None,
        pointer: str | None = None,
        faults: Sequence[Fault] = (),
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, headers=headers)
        self.slug = slug or SLUG_OF_STATUS.get(status, "bad-request")
        self.title = title or title_of(self.slug, status)
        self.text = detail
        self.pointer = pointer
        self.faults = tuple(faults)
        self.members = dict(members or {})

    def document(self, language: Language) -> dict[str, Any]:
        """The members of the document in a language."""
        text = self.text.say(language) if isinstance(self.text, Text) else self.text
        held: dict[str, Any] = {
            **self.members,
            "type": f"/problems/{self.slug}",
            "title": self.title.say(language),
            "status": self.status_code,
            "detail": text,
            "pointer": self.pointer,
            "errors": [fault.document(language) for fault in self.faults] or None,
            "trace_id": current_trace_id(),
            "request_id": current_request_id(),
        }
        return {name: value for name, value in held.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ProblemAnswer:
    """A rendered problem: status, headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def response(self) -> Response:
        return Response(self.body, status_code=self.status, headers=self.headers)


def render(problem: Problem) -> ProblemAnswer:
    """The problem as an answer in the current language."""
    language = current_language()
    headers = {
        **(problem.headers or {}),
        "content-type": MEDIA_TYPE,
        "content-language": language,
        "vary": "Accept-Language",
    }
    return ProblemAnswer(problem.status_code, headers, orjson.dumps(problem.document(language), default=str))


def problem_of(error: Exception) -> Problem:
    """What an exception means to an HTTP client. Anything not meant for clients becomes a 500 without internals."""
    match error:
        case Problem():
            return error
        case RequestValidationError() | ValidationError():
            return _validation_problem(error)
        case HTTPException():
            return Problem(error.status_code, detail=_own_words(error), headers=error.headers)
        case Transient():
            return Problem(503, detail=_UNAVAILABLE, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        case Permanent():
            return Problem(422, "refused", detail=str(error) or None)
        case _:
            return Problem(500, detail=_INTERNAL)


def install(app: FastAPI) -> None:
    """Answer every exception of the application with a problem document."""
    for kind in (HTTPException, RequestValidationError, ValidationError, Transient, Permanent):
        app.add_exception_handler(kind, _answer)


async def _answer(_request: Request, error: Exception) -> Response:
    if isinstance(error, Transient):
        log.warning("http.transient", error=str(error))
    if isinstance(error, ValidationError):
        # Not necessarily the client's: a stored document that no longer fits its model looks the same from here.
        log.warning("http.validation_escaped", model=error.title, faults=error.error_count())
    return render(problem_of(error)).response()


def _validation_problem(error: RequestValidationError | ValidationError) -> Problem:
    faults = faults_of(error)
    unreadable = any(fault.kind == "json_invalid" for fault in faults)
    return Problem(400, "unreadable", faults=faults) if unreadable else Problem(422, faults=faults)


def _own_words(error: HTTPException) -> str | None:
    """The exception's detail, unless it only repeats the standard phrase of the status."""
    return error.detail if error.detail and error.detail != HTTPException(error.status_code).detail else None
