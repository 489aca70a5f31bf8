"""The web side: the list, one message, and the same as JSON. No scripts; a message's HTML runs in a sandboxed frame."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import FastAPI, HTTPException, Query
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from deploy.mail_catcher.pages import PAGE_POLICY, list_page, message_page
from deploy.mail_catcher.store import MailStore, part_of

PAGE = 100
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"

Words = Annotated[str, Query(max_length=200)]
Before = Annotated[str | None, Query(max_length=40)]


def web(store: MailStore) -> FastAPI:
    """The application that shows what a store holds."""
    app = FastAPI(title="Mail catcher", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    async def show_list(q: Words = "", before: Before = None) -> Response:
        found = store.list(words=q, limit=PAGE + 1, before=before)
        rows = [(summary, when(summary.arrived_ms)) for summary in found[:PAGE]]
        older = f"/?{urlencode({'q': q, 'before': found[PAGE - 1].id})}" if len(found) > PAGE else None
        return _page(list_page(rows, words=q, total=len(store), older=older))

    @app.get("/view/{id}")
    async def show_message(
        id: str, part: Annotated[str, Query(pattern="^(html|text|headers|raw)$")] = "html"
    ) -> Response:
        summary, message = store.summary(id), store.message(id)
        if summary is None or message is None:
            raise HTTPException(404, "no such message")
        html, text = part_of(message, "html"), part_of(message, "plain")
        if part == "html" and html is None:
            part = "text"
        body = {
            "html": f'<iframe title="message" sandbox="allow-popups" src="/messages/{quote(id)}/html"></iframe>',
            "text": f"<pre>{escape(text or '')}</pre>",
            "headers": "<pre>" + escape("\n".join(f"{name}: {value}" for name, value in message.items())) + "</pre>",
            "raw": f"<pre>{escape((store.raw(id) or b'').decode(errors='replace'))}</pre>",
        }[part]
        return _page(message_page(summary, when(summary.arrived_ms), part=part, body=body))

    @app.get("/messages")
    async def list_messages(
        q: Words = "",
        to: Words = "",
        before: Before = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = PAGE,
    ) -> JSONResponse:
        found = store.list(words=q, to=to, limit=limit, before=before)
        return JSONResponse({"total": len(store), "items": [asdict(summary) for summary in found]})

    @app.get("/messages/{id}")
    async def read_message(id: str) -> JSONResponse:
        summary, message = store.summary(id), store.message(id)
        if summary is None or message is None:
            raise HTTPException(404, "no such message")
        headers = [[name, str(value)] for name, value in message.items()]
        bodies = {"text": part_of(message, "plain"), "html": part_of(message, "html")}
        return JSONResponse({**asdict(summary), "headers": headers, **bodies})

    @app.get("/messages/{id}/html")
    async def read_html(id: str) -> Response:
        message = store.message(id)
        html = part_of(message, "html") if message is not None else None
        if html is None:
            raise HTTPException(404, "no such message")
        return HTMLResponse(html, headers={"content-security-policy": MAIL_POLICY})

    @app.get("/messages/{id}/raw")
    async def read_raw(id: str) -> Response:
        raw = store.raw(id)
        if raw is None:
            raise HTTPException(404, "no such message")
        return PlainTextResponse(raw.decode(errors="replace"))

    return app


def when(arrived_ms: int) -> str:
    """The arrival in this machine's local time."""
    return f"{datetime.fromtimestamp(arrived_ms / 1000, tz=UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def _page(html: str) -> HTMLResponse:
    return HTMLResponse(html, headers={"content-security-policy": PAGE_POLICY})
