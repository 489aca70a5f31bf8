"""The platform's HTTP interface as `tiendo` and the simulator use it: what any unit system could do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from shared.errors import Permanent, Transient

PAGE = 500
IN_FLIGHT = 16


class Refused(Permanent):
    """The platform answered with a problem document; the message is its title, detail and faults."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        try:
            self.problem: dict[str, Any] = response.json()
        except ValueError:
            self.problem = {"title": response.text[:500]}
        faults = [
            f"  {fault.get('pointer') or fault.get('path') or ''}: {fault.get('detail', '')} {fault.get('hint') or ''}"
            for fault in self.problem.get("errors", [])
        ]
        told = [f"{self.status} {self.problem.get('title', '')}", str(self.problem.get("detail", "")), *faults]
        super().__init__("\n".join(line for line in told if line))


class Client:
    """One caller with one bearer (an operator's token or a unit's key)."""

    def __init__(self, address: str, bearer: str, *, language: str = "en") -> None:
        self._http = httpx.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {bearer}", "Accept-Language": language},
            timeout=httpx.Timeout(60.0),
            limits=httpx.Limits(max_connections=IN_FLIGHT * 2, max_keepalive_connections=IN_FLIGHT * 2),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def call(self, method: str, path: str, *, bearer: str | None = None, **more: Any) -> httpx.Response:
        """One request; `Refused` for a 4xx, `Transient` for a 5xx or a broken connection."""
        headers = dict(more.pop("headers", {}))
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        try:
            response = await self._http.request(method, path, headers=headers, **more)
        except httpx.TransportError as fault:
            raise Transient(f"{self._http.base_url} does not answer: {type(fault).__name__} {fault}") from fault
        if response.is_server_error:
            raise Transient(str(Refused(response)))
        if response.is_client_error:
            raise Refused(response)
        return response

    async def publish_plan(self, code: str, version: str, text: str, *, dry_run: bool = False) -> int:
        """Publish a plan document (YAML); 201 when new, 200 when it stands already."""
        response = await self.call(
            "PUT",
            f"/v1/plans/{quote(code)}/versions/{quote(version)}",
            content=text.encode(),
            params={"dry_run": "true"} if dry_run else None,
            headers={"Content-Type": "application/yaml"},
        )
        return response.status_code

    async def put_unit(self, unit: dict[str, Any]) -> int:
        """Register or change a unit."""
        return (await self.call("PUT", f"/v1/units/{quote(unit['code'])}", json=unit)).status_code

    async def import_units(self, text: str, *, dry_run: bool = False) -> dict[str, Any]:
        """Register or change the units of a CSV text, all or none; what became of them and of their obligations."""
        response = await self.call(
            "POST",
            "/v1/units/import",
            content=text.encode(),
            params={"dry_run": "true"} if dry_run else None,
            headers={"Content-Type": "text/csv"},
        )
        done: dict[str, Any] = response.json()
        return done

    async def make_key(self, unit: str, label: str) -> str:
        """A new API key of a unit; shown this once."""
        return str((await self.call("POST", "/v1/keys", json={"unit": unit, "label": label})).json()["key"])

    async def post_file(self, body: bytes, *, key: str, dry_run: bool = False) -> dict[str, Any]:
        """Send a report as it stands in a file, so that intake says what is wrong with it; returns the summary."""
        params = {"dry_run": "true"} if dry_run else None
        headers = {"Content-Type": "application/json"}
        response = await self.call("POST", "/v1/reports", content=body, bearer=key, params=params, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def post_report(self, report: dict[str, Any], *, key: str | None = None, **more: Any) -> dict[str, Any]:
        """Send a report; returns the summary. A report refused by validation raises `Refused` (422)."""
        answer: dict[str, Any] = (await self.call("POST", "/v1/reports", json=report, bearer=key, **more)).json()
        return answer

    async def upload_evidence(self, name: str, content: bytes, media_type: str, *, key: str | None = None) -> str:
        """Send an evidence file of the key's unit; its SHA-256, for a value to name."""
        headers = {"Content-Type": media_type}
        response = await self.call(
            "POST", "/v1/evidence", content=content, params={"name": name}, headers=headers, bearer=key
        )
        return str(response.json()["sha256"])

    async def pages(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """Every item of a paged list."""
        cursor: str | None = None
        while True:
            params = {**query, "limit": PAGE, **({"cursor": cursor} if cursor else {})}
            answer = (await self.call("GET", path, params=params)).json()
            for item in answer["items"]:
                yield item
            cursor = answer.get("next_cursor")
            if cursor is None:
                return
