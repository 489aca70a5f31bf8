"""One effect per idempotency key (semantics S3), on the document store.

A marker document is inserted under (client, key) before the work: its unique id is the guard. When the work is done
the answer replaces the marker and is kept for 24 hours, refusals (4xx) included. Answers that ask to try again
(5xx, 408, 429) are not kept: keeping them would make the client's retry useless.

A crash between the effect and the record leaves the marker. Until its lease of 5 minutes ends, the same key gets 409;
then the next request with it does the work again. That repeat is a no-op by the content rule of the handler
(identical content for the same subject is a success that writes nothing), so nothing is done twice and nothing is lost.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.responses import Response

from shared.clock import Clock
from shared.http.answers import JSON, json_bytes
from shared.http.language import Text
from shared.http.problems import Problem, problem_of, render
from shared.store.documents import Between, Collection, Document, Documents, Index

IDEMPOTENCY = Collection("idempotency", indexes=(Index(("expires_ms",)),))

KEY_CHARACTERS_MAX = 255
KEPT_MS = 24 * 60 * 60 * 1000
LEASE_MS = 5 * 60 * 1000
BODY_BYTES_KEPT_MAX = 4 * 1024 * 1024
PURGE_LIMIT = 500

_TRY_AGAIN = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """An answer that can be kept: status, text body (UTF-8) and headers. `replayed` says it comes from the store."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    replayed: bool = False

    def response(self) -> Response:
        """The answer to send; a replay says so in `Idempotency-Replay`."""
        headers = {**self.headers, "Idempotency-Replay": "true"} if self.replayed else dict(self.headers)
        return Response(self.body, status_code=self.status, headers=headers)


def stored_json(content: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> StoredResponse:
    """A JSON answer (model or plain values) that can be kept."""
    return StoredResponse(status, json_bytes(content), {**(headers or {}), "content-type": JSON})


Action = Callable[[], Awaitable[StoredResponse]]


def request_hash(method: str, path: str, body: bytes) -> str:
    """SHA-256 (hexadecimal) of what a key stands for: method, path with query, body."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


class Idempotency:
    """Runs actions at most once per (client, key), as far as anyone can see."""

    def __init__(self, store: Documents, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self, client: str, key: str | None, request_hash: str, action: Action) -> StoredResponse:
        """The action's answer, or the one kept for the key.

        Without a key the action just runs. Raises Problem: 400 for a key empty or over 255 characters, 409 with
        `Retry-After: 1` while the first request runs, 422 when the key was used for another request. Errors of the
        action that mean 4xx become its (kept) answer; others are raised and forget the key.
        """
        if key is None:
            return await action()
        _check_key(key)
        marker = self._marker(_document_id(client, key), request_hash)
        if await self._store.insert(IDEMPOTENCY.name, marker):
            return await self._perform({**marker, "rev": 1}, action)
        held = await self._store.get(IDEMPOTENCY.name, marker["_id"])
        if held is None:
            # Forgotten or purged between the two calls: its owner has just ended without an answer to keep.
            raise _in_progress()
        return await self._follow(held, marker, action)

    async def purge(self, now_ms: int, *, limit: int = PURGE_LIMIT) -> int:
        """Delete answers older than 24 hours, at most `limit`; gives how many. Call again while it gives `limit`."""
        page = await self._store.find(IDEMPOTENCY.name, between=Between("expires_ms", below=now_ms), limit=limit)
        deleted = 0
        for document in page.documents:
            deleted += await self._store.delete(IDEMPOTENCY.name, document["_id"], rev=document["rev"])
        return deleted

    async def _follow(self, held: Document, marker: Document, action: Action) -> StoredResponse:
        now_ms = self._clock.now_ms()
        expired = held["expires_ms"] <= now_ms
        if not expired and held["request_hash"] != marker["request_hash"]:
            raise _key_reused()
        if not expired and held["state"] == "done":
            return _stored(held)
        if not expired and held["lease_until_ms"] > now_ms:
            raise _in_progress()
        # Abandoned by a crash, or a day old: whoever replaces it first does the work.
        if not await self._store.replace(IDEMPOTENCY.name, {**marker, "rev": held["rev"]}):
            raise _in_progress()
        return await self._perform({**marker, "rev": held["rev"] + 1}, action)

    async def _perform(self, marker: Document, action: Action) -> StoredResponse:
        try:
            answer = await action()
        except Exception as error:
            problem = problem_of(error)
            if not _kept(problem.status_code):
                await self._forget(marker)
                raise
            rendered = render(problem)
            answer = StoredResponse(rendered.status, rendered.body, rendered.headers)
        except asyncio.CancelledError:
            # The request ran out of time: it no longer runs, so its key must not look as if it did.
            await asyncio.shield(self._forget(marker))
            raise
        if _kept(answer.status) and len(answer.body) <= BODY_BYTES_KEPT_MAX:
            await self._store.replace(IDEMPOTENCY.name, {**marker, **_record(answer)})
        else:
            await self._forget(marker)
        return answer

    async def _forget(self, marker: Document) -> None:
        await self._store.delete(IDEMPOTENCY.name, marker["_id"], rev=marker["rev"])

    def _marker(self, id: str, request_hash: str) -> Document:
        now_ms = self._clock.now_ms()
        return {
            "_id": id,
            "state": "running",
            "request_hash": request_hash,
            "lease_until_ms": now_ms + LEASE_MS,
            "expires_ms": now_ms + KEPT_MS,
        }


def _check_key(key: str) -> None:
    if not key or len(key) > KEY_CHARACTERS_MAX:
        detail = Text(
            f"Idempotency-Key dài từ 1 đến {KEY_CHARACTERS_MAX} ký tự.",
            f"An Idempotency-Key has 1 to {KEY_CHARACTERS_MAX} characters.",
        )
        raise Problem(400, detail=detail)


def _document_id(client: str, key: str) -> str:
    return "idempotency-" + hashlib.sha256(f"{client}\0{key}".encode()).hexdigest()


def _kept(status: int) -> bool:
    return status < 500 and status not in _TRY_AGAIN


def _record(answer: StoredResponse) -> dict[str, Any]:
    # Header names have a hyphen, which the store does not take in a key: kept as pairs.
    pairs = [[name, value] for name, value in answer.headers.items()]
    return {"state": "done", "status": answer.status, "headers": pairs, "body": answer.body.decode("utf-8")}


def _stored(held: Document) -> StoredResponse:
    kept = StoredResponse(held["status"], held["body"].encode("utf-8"), dict(held["headers"]))
    return replace(kept, replayed=True)


def _in_progress() -> Problem:
    detail = Text(
        "Yêu cầu đầu tiên với khóa này chưa xong; hãy gửi lại sau một giây.",
        "The first request with this key has not ended; send it again in a second.",
    )
    return Problem(409, "in-progress", detail=detail, headers={"Retry-After": "1"})


def _key_reused() -> Problem:
    detail = Text(
        "Idempotency-Key này đã dùng cho một yêu cầu khác; hãy dùng khóa mới.",
        "This Idempotency-Key was used for another request; use a new key.",
    )
    return Problem(422, "key-reused", detail=detail)
