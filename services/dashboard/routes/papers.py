"""What notify wrote (a digest, a message), shown in a frame without scripts and under a policy of its own.

Nothing in it can run, fetch, or reach the page around it. Its links open in a tab of their own.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable

from starlette.responses import HTMLResponse, Response

from services.dashboard.domain.asking import Away, Refused
from services.dashboard.domain.told import Paper
from services.dashboard.pages import told
from services.dashboard.routes.frame import Frame, Framing

PAPER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
ERROR_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'self'; base-uri 'none'; sandbox"
PDF = "application/pdf"
HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)


async def paper(framing: Framing, frame: Frame, asked: Awaitable[Paper]) -> Response:
    """What notify gave, under the policy of papers; else a small page that says why not."""
    try:
        given = await asked
    except Refused as refusal:
        return paper_fault(framing, frame, told.refusal(refusal, frame.words), refusal.status)
    except Away:
        return paper_fault(framing, frame, frame.words.say(told.AWAY), 504)
    headers = {"content-security-policy": PAPER_POLICY, "x-content-type-options": "nosniff"}
    if given.media_type.startswith(PDF):
        # A browser's own viewer of documents does not open in a sandbox; the document can run nothing.
        headers["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'"
        headers["content-disposition"] = f'inline; filename="{_safe(given.name)}"'
        return Response(given.body, media_type=PDF, headers=headers)
    if given.media_type.startswith("text/html"):
        return HTMLResponse(_own_tabs(given.body.decode("utf-8", "replace")), headers=headers)
    return Response(given.body, media_type="text/plain; charset=utf-8", headers=headers)


def _own_tabs(markup: str) -> str:
    """The letter with every link opening a tab: within the frame a page of ours would refuse to be shown."""
    return HEAD.sub(lambda found: f'{found[0]}<base target="_blank">', markup, count=1)


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name, flags=re.ASCII) or "digest.pdf"


def paper_fault(framing: Framing, frame: Frame, says: str, status: int) -> Response:
    """A small page for the frame that says why there is nothing to show."""
    answer = framing.answer("paper_fault.html", frame, status=status, says=says)
    answer.headers["content-security-policy"] = ERROR_POLICY
    return answer
