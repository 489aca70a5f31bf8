"""Forms that people send: read with bounds, and what comes after them.

A form is posted to the very address of its page, so what follows is that page again and no address is ever taken from
the request. A cookie speaks for a write only when the browser says that it comes from our own pages
(`shared.http.identity`), so a form on another site changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from services.dashboard.domain.days import is_day
from services.dashboard.handlers.ask import AT_ONCE_MAX, Outcome
from services.dashboard.pages import told
from services.dashboard.pages.words import Words
from services.dashboard.routes.frame import PASSING

FIELDS_MAX = 600
REASON_MIN = 3
REASON_MAX = 500
OWNER_MAX = 200
SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent; every text without spaces around it."""

    fields: Mapping[str, list[str]]

    def text(self, name: str, most: int = REASON_MAX) -> str:
        """One field; empty where it is missing."""
        return self.fields.get(name, [""])[0].strip()[:most]

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a field, each once, in their order."""
        return tuple(dict.fromkeys(value.strip() for value in self.fields.get(name, []) if value.strip()))

    def action(self) -> tuple[str, str]:
        """The button that was pressed: what is to be done, and the one thing that it names (or none)."""
        code, _, id = self.text("do", 400).partition(":")
        return code, id


class Incomplete(Exception):
    """Something is missing in a form; `code` names it, see `pages.told`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def form_of(request: Request) -> Form:
    """The form of a request; at most FIELDS_MAX fields. One that cannot be read holds nothing."""
    try:
        read = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=FIELDS_MAX)
    except ValueError:
        read = {}
    return Form(read)


def needed(text: str, code: str, *, least: int = 1) -> str:
    """The text, or Incomplete."""
    if len(text) < least:
        raise Incomplete(code)
    return text


def reason_of(form: Form) -> str:
    """The reason, or Incomplete."""
    return needed(form.text("reason"), "reason_needed", least=REASON_MIN)


def day_of(text: str) -> str:
    """A day, or Incomplete."""
    if not is_day(text):
        raise Incomplete("day_needed")
    return text


def version_of(form: Form) -> int | None:
    """The revision that the reader saw."""
    named = form.text("version", 9)
    return int(named) if named.isascii() and named.isdigit() else None


def selected(form: Form, name: str, one: str) -> tuple[str, ...]:
    """The one that the button names, or all that were ticked. Incomplete for none or too many."""
    found = (one,) if one else form.many(name)
    if not found:
        raise Incomplete("nothing_selected")
    if len(found) > AT_ONCE_MAX:
        raise Incomplete("too_many")
    return found


def again(request: Request, done: str, number: int) -> Response:
    """See the page again, which says what was done: a reload repeats nothing."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name not in PASSING]
    query += [("done", done), ("n", str(number))]
    return RedirectResponse(f"{request.url.path}?{urlencode(query)}", status_code=SEE_OTHER)


def fault_message(err: Incomplete, words: Words) -> told.Message:
    """What is missing, in words."""
    return told.fault(err.code, words, n=AT_ONCE_MAX)


async def carried_out(
    request: Request, words: Words, change: Awaitable[tuple[str, Outcome]]
) -> Response | tuple[told.Message, int]:
    """The redirect after a change that was carried out in full; else what to say, and the status to say it with."""
    try:
        done, outcome = await change
    except Incomplete as err:
        return fault_message(err, words), 422
    if outcome.is_whole:
        return again(request, done, len(outcome.done))
    return told.not_whole(outcome, lambda _: "", words), status_of(outcome)


def status_of(outcome: Outcome) -> int:
    """The status of a page that tells of a change that was not carried out in full."""
    if outcome.away:
        return 504
    return outcome.refused[0][1].status if outcome.refused and not outcome.done else 409
