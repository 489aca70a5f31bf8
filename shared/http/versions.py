"""Versions in headers: `ETag: "3"` out, `If-Match: "3"` and `If-None-Match: "3"` in."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import Depends, Header
from starlette.responses import Response

from shared.http.language import Text
from shared.http.problems import Problem

_TAG = re.compile(r'"?([1-9][0-9]{0,8})"?')

_DETAIL = Text(
    'If-Match nêu đúng một phiên bản, ví dụ If-Match: "3".', 'If-Match names one version, such as If-Match: "3".'
)


def etag(version: int) -> dict[str, str]:
    """The header that names a version."""
    return {"ETag": f'"{version}"'}


async def named_version(
    if_match: Annotated[str | None, Header(description='Version that is replaced or reviewed, such as `"3"`.')] = None,
) -> int | None:
    """Dependency: the version that `If-Match` names. 400 for anything else, `*` too: it would hide a lost update."""
    return version_of(if_match)


def version_of(if_match: str | None) -> int | None:
    """The version that the header names, None without one. 400 for anything that is no version."""
    if if_match is None:
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise Problem(400, detail=_DETAIL)
    return int(found[1])


NamedVersion = Annotated[int | None, Depends(named_version)]

KnownTag = Annotated[
    str | None,
    Header(alias="If-None-Match", description="The `ETag` that you have: 304 without a body while it stands."),
]
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What you have is still what stands"}}
"""`responses` of a route that takes a `KnownTag`."""


def unless_known(known: str | None, answer: Response) -> Response:
    """The answer, or 304 when its tag is one of those that the client has (RFC 9110, 13.1.2: weak comparison)."""
    tag = answer.headers["etag"]
    held = [name.strip().removeprefix("W/") for name in (known or "").split(",")]
    return Response(status_code=304, headers={"ETag": tag}) if tag in held or "*" in held else answer
