"""The public HTTP API of notify: one method for each question and each change that the pages need.

Every request carries the token of the person it is made for, so notify decides who may, and its audit log names them.
Nothing is repeated by itself: after `Away` on a change nobody knows whether it happened, and the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from services.dashboard.domain.asking import Away, Reader, Refused
from services.dashboard.domain.told import (
    AlertTold,
    Decision,
    DeliveryTold,
    Draw,
    Listing,
    Paper,
    Proposal,
    ReminderLevel,
    Verdict,
    WindowTold,
)
from shared.events.inspection import InspectionState

M = TypeVar("M", bound=BaseModel)
CONNECTIONS_MAX = 20


class NotifyApi:
    """A client of notify. Every method raises `Refused` when notify says no, and `Away` when it does not answer.

    `timeout_seconds` bounds each answer, `paper_seconds` that of a digest, which is composed while we wait.
    """

    def __init__(self, url: str, *, timeout_seconds: float, paper_seconds: float) -> None:
        self._paper_seconds = paper_seconds
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=timeout_seconds,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def alert(self, alert: str, reader: Reader) -> AlertTold:
        """One alert with its history."""
        return _read(await self._send("GET", f"/v1/alerts/{_part(alert)}", reader), AlertTold)

    async def acknowledge(
        self, alert: str, *, owner: str, promise: str, version: int | None, reader: Reader
    ) -> AlertTold:
        """Promise a day (ISO). `version`: the revision that it is meant for; None for any."""
        body = {"owner": owner, "promise": promise}
        path = f"/v1/alerts/{_part(alert)}/acknowledge"
        return _read(await self._send("POST", path, reader, body=body, version=version), AlertTold)

    async def resolve(self, alert: str, *, reason: str, version: int | None, reader: Reader) -> AlertTold:
        """Resolved by hand."""
        path = f"/v1/alerts/{_part(alert)}/resolve"
        return _read(await self._send("POST", path, reader, body={"reason": reason}, version=version), AlertTold)

    async def declare(self, noun: str, window: Mapping[str, str], reader: Reader) -> WindowTold:
        """A new silence or outage; `noun` is `silences` or `outages`, `window` the body of the request."""
        return _read(await self._send("POST", f"/v1/{noun}", reader, body=dict(window)), WindowTold)

    async def end(self, noun: str, window: str, *, reason: str, reader: Reader) -> WindowTold:
        """End a silence or an outage now."""
        path = f"/v1/{noun}/{_part(window)}/end"
        return _read(await self._send("POST", path, reader, body={"reason": reason}), WindowTold)

    async def delivery(self, delivery: str, reader: Reader) -> DeliveryTold:
        """One delivery with its steps."""
        return _read(await self._send("GET", f"/v1/deliveries/{_part(delivery)}", reader), DeliveryTold)

    async def said(self, delivery: str, *, format: str, reader: Reader) -> Paper:
        """What a message said, as it was sent."""
        return await self._paper(f"/v1/deliveries/{_part(delivery)}/content", {"format": format}, reader)

    async def change_delivery(self, delivery: str, change: str, *, reason: str, reader: Reader) -> DeliveryTold:
        """`resend` (answers with the new one) or `cancel`."""
        path = f"/v1/deliveries/{_part(delivery)}/{change}"
        return _read(await self._send("POST", path, reader, body={"reason": reason}), DeliveryTold)

    async def why(
        self, *, subject: str, unit: str, recipient: str, cursor: str | None, limit: int, reader: Reader
    ) -> tuple[list[Decision], str | None]:
        """Decisions, the newest first, and the cursor of what follows. What is empty is not asked about."""
        asked = {"subject": subject, "unit": unit, "recipient": recipient, "cursor": cursor or "", "limit": str(limit)}
        query = {name: value for name, value in asked.items() if value}
        listing = _read(await self._send("GET", "/v1/why", reader, query=query), Listing)
        return [_valid(Decision, item) for item in listing.items], listing.next_cursor

    async def proposals(self, plan: str, reader: Reader) -> list[Proposal]:
        """Whom to inspect and why."""
        return await self._list("/v1/inspection-proposals", reader, Proposal, plan=plan)

    async def propose(self, plan: str, unit: str, *, reason: str, reader: Reader) -> InspectionState:
        """A new inspection. `reason` may be empty for a unit that stands on the list."""
        body = {"plan": plan, "unit": unit} | ({"reason": reason} if reason else {})
        return _read(await self._send("POST", "/v1/inspections", reader, body=body), InspectionState)

    async def change_inspection(
        self,
        inspection: str,
        at: tuple[str, ...],
        body: Mapping[str, Any] | None,
        *,
        version: int | None,
        reader: Reader,
    ) -> InspectionState:
        """One change: `at` is where below the inspection, such as ("steps",) or ("findings", id, "accept")."""
        path = "/".join(("/v1/inspections", _part(inspection), *map(_part, at)))
        return _read(await self._send("POST", path, reader, body=body, version=version), InspectionState)

    async def draws(self, plan: str, reader: Reader) -> list[Draw]:
        """The random draws of a plan by year."""
        return await self._list("/v1/inspection-draws", reader, Draw, plan=plan)

    async def verify(self, draw: str, reader: Reader) -> Verdict:
        """Repeat a draw."""
        return _read(await self._send("GET", f"/v1/inspection-draws/{_part(draw)}/verify", reader), Verdict)

    async def level(self, reader: Reader) -> ReminderLevel:
        """The service level of reminders, as notify sees it, with the auditor's last pass."""
        return _read(await self._send("GET", "/v1/slo", reader), ReminderLevel)

    async def preview(
        self, plan: str, audience: str, *, at: str | None, language: str, format: str, reader: Reader
    ) -> Paper:
        """A digest as it would be at a moment (RFC 3339; None: now)."""
        query = {"plan": plan, "audience": audience, "language": language, "format": format} | (
            {"at": at} if at else {}
        )
        return await self._paper("/v1/digests/preview", query, reader)

    async def content(self, digest: str, *, language: str, format: str, reader: Reader) -> Paper:
        """What a run said, as it was sent."""
        return await self._paper(
            f"/v1/digests/{_part(digest)}/content", {"language": language, "format": format}, reader
        )

    async def _paper(self, path: str, query: Mapping[str, str], reader: Reader) -> Paper:
        answer = await self._send("GET", path, reader, query=query, seconds=self._paper_seconds)
        named = answer.headers.get("content-disposition", "").partition('filename="')[2].partition('"')[0]
        return Paper(answer.headers.get("content-type", "text/plain"), answer.content, named)

    async def _list(self, path: str, reader: Reader, model: type[M], **query: str | int) -> list[M]:
        given = {name: str(value) for name, value in query.items()}
        listing = _read(await self._send("GET", path, reader, query=given), Listing)
        return [_valid(model, item) for item in listing.items]

    async def _send(
        self,
        method: str,
        path: str,
        reader: Reader,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        version: int | None = None,
        seconds: float | None = None,
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {reader.bearer}", "accept-language": reader.language}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        timeout = httpx.USE_CLIENT_DEFAULT if seconds is None else seconds
        try:
            answer = await self._client.request(method, path, params=query, json=body, headers=headers, timeout=timeout)
        except (httpx.HTTPError, OSError) as err:
            raise Away(f"notify did not answer {method} {path}: {type(err).__name__}") from err
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Away(f"notify answered {method} {path} with {answer.status_code}")
        if not answer.is_success:
            raise _refusal(answer)
        return answer


def _refusal(answer: httpx.Response) -> Refused:
    """What a problem document says: its detail, else its title, and the faults that it lists."""
    try:
        told = answer.json()
    except ValueError:
        return Refused(answer.status_code, "")
    if not isinstance(told, dict):
        return Refused(answer.status_code, "")
    faults = [str(fault.get("detail", "")) for fault in told.get("errors") or () if isinstance(fault, dict)]
    says = [str(told.get("detail") or told.get("title") or ""), *faults]
    return Refused(answer.status_code, " ".join(part for part in says if part), str(told.get("scope", "")))


def _read(answer: httpx.Response, model: type[M]) -> M:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as err:
        raise Away(f"notify's answer is not a {model.__name__}") from err


def _valid(model: type[M], item: object) -> M:
    try:
        return model.model_validate(item)
    except ValidationError as err:
        raise Away(f"notify's answer holds what is not a {model.__name__}") from err


def _part(id: str) -> str:
    return quote(id, safe="")
