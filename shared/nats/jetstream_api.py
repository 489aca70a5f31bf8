"""Requests to the JetStream API in its own words: JSON in, JSON out, errors as ours.

The driver's typed layer drops fields that it does not know and rounds `created`; comparing the echoed configuration
with the declared one and telling a re-created stream from the old one need exactly those.
"""

from __future__ import annotations

from typing import Any

import orjson
from nats import errors

from shared.errors import Permanent, Transient
from shared.nats.connection import Connection

REQUEST_SECONDS_MAX = 3.0


class Absent(Transient):
    """The stream, consumer or message that was asked for does not exist (now)."""


class Refused(Permanent):
    """The broker understood the request and will not do it: a bad value, a limit of the account."""


async def api_request(connection: Connection, operation: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask `$JS.API.<operation>`. `Absent` for what does not exist, `Refused` for 400, `Transient` for the rest."""
    try:
        message = await connection.client.request(
            f"$JS.API.{operation}", orjson.dumps(body) if body else b"", timeout=REQUEST_SECONDS_MAX
        )
    except (errors.Error, TimeoutError, OSError) as err:
        raise Transient(f"broker did not answer {operation}: {err or type(err).__name__}") from err
    answer: dict[str, Any] = orjson.loads(message.data)
    if "error" in answer:
        raise _ours(operation, answer["error"])
    return answer


def _ours(operation: str, error: dict[str, Any]) -> Transient | Permanent:
    said = f"{operation}: {error.get('description', 'no description')} ({error.get('err_code', '?')})"
    match error.get("code"):
        case 404:
            return Absent(said)
        case 400:
            return Refused(said)
        case _:
            return Transient(said)
