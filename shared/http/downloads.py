"""Answers that are files: saved under a name, never shown by the browser."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.responses import Response

CSV = "text/csv; charset=utf-8"
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(body: bytes, name: str, media_type: str) -> Response:
    """The file as an answer."""
    return Response(body, media_type=media_type, headers=saved_as(name))


def saved_as(name: str) -> dict[str, str]:
    """The header that makes a browser save a file under a name, and never show it."""
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", name)
    return {"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"}
