"""The webhook channel: compose (pure), send (I/O), and the one classifier of what went wrong (pure).

Standard Webhooks: the id is the delivery's and stays the same over all attempts; the signature covers id, time and
body. Redirects are not followed. A host is looked up once, each of its addresses is checked, and the connection goes
to one that was checked: a name that answers differently a moment later leads nowhere else.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import httpx
import orjson
from standardwebhooks import Webhook as Signer
from standardwebhooks.webhooks import EmptyWebhookSecretError

from services.notify.domain.contacts import Target
from services.notify.domain.deliveries import Delivery, Outcome
from services.notify.domain.instants import DAY_MS
from shared.clock import Clock, iso

TEXT_CHARACTERS_MAX = 16_000
COVERS_MAX = 200
ANSWER_BYTES_MAX = 4096
RETRY_AFTER_MS_MAX = DAY_MS
GONE = 410
MOVED_FOR_GOOD = frozenset({301, 308})
CONTENT_REFUSED = frozenset({400, 413, 415, 422})

Network = IPv4Network | IPv6Network
IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Rules:
    """`timeout_seconds` bounds a whole attempt. `private_networks`: non-public addresses that may be called."""

    timeout_seconds: float = 15.0
    private_networks: tuple[Network, ...] = ()

    def allows(self, address: IpAddress) -> bool:
        return (address.is_global and not address.is_multicast) or self.is_private_allowed(address)

    def is_private_allowed(self, address: IpAddress) -> bool:
        return any(address in network for network in self.private_networks)


class Refused(Exception):
    """Why a URL is not called."""


class Webhook:
    """Posts one delivery as one signed request on its own connection."""

    def __init__(self, rules: Rules, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock

    async def send(self, delivery: Delivery) -> Outcome:
        """`delivered` once the receiver answered 2xx. No answer is `temporary`: it may come again under the same id."""
        target = delivery.target
        if target is None or fault_of(target) is not None:
            return Outcome("permanent", "target_not_valid", address_at_fault=True)
        now_ms = self._clock.now_ms()
        body = compose(delivery)
        headers = signed(delivery.id, body, target.secret, now_ms=now_ms)
        try:
            async with asyncio.timeout(self._rules.timeout_seconds):
                status, retry_after = await self._post(target.address, body, headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, Refused) as error:
            return classify(error)
        return classify(status, retry_after_ms=patience_ms(retry_after, now_ms=now_ms))

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """(status, Retry-After). Of the answer's body only its beginning is read, and nothing is kept."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = await self._checked(host, port, parts.scheme)
        at = httpx.URL(url).copy_with(host=str(address))
        async with (
            httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=self._rules.timeout_seconds) as client,
            client.stream(
                "POST",
                at,
                content=body,
                headers={**headers, "host": parts.netloc.rpartition("@")[2]},
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            read = 0
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read >= ANSWER_BYTES_MAX:
                    break
            return answer.status_code, answer.headers.get("retry-after", "")

    async def _checked(self, host: str, port: int, scheme: str) -> IpAddress:
        """An address of the host. Refused unless every one of them may be called."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        if not addresses or not all(self._rules.allows(address) for address in addresses):
            raise Refused("address_not_public")
        if scheme != "https" and not all(self._rules.is_private_allowed(address) for address in addresses):
            raise Refused("https_required")
        return addresses[0]


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks (CIDR) from text; ValueError for what is none."""
    return tuple(ip_network(text.strip()) for text in texts if text.strip())


def fault_of(target: Target) -> str | None:
    """What is wrong with a webhook's URL or secret; None when it can be used."""
    try:
        parts = urlsplit(target.address)
        port = parts.port
    except ValueError:
        return "url_not_valid"
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or port == 0:
        return "url_not_valid"
    try:
        Signer(target.secret)
    except (EmptyWebhookSecretError, RuntimeError, ValueError):
        return "secret_not_valid"
    return None


def compose(delivery: Delivery) -> bytes:
    """The body: what the notice says in plain text and what it is about, bounded. The same for every attempt."""
    return orjson.dumps(
        {
            "type": f"notice.{delivery.kind}",
            "timestamp": iso(delivery.created_at_ms),
            "data": {
                "delivery": delivery.id,
                "kind": delivery.kind,
                "subject": delivery.subject,
                "plan": delivery.plan,
                "unit": delivery.unit or None,
                "cause": delivery.cause,
                "legal": delivery.legal,
                "language": delivery.language,
                "title": delivery.title,
                "text": delivery.text[:TEXT_CHARACTERS_MAX],
                "covers": list(delivery.covers[:COVERS_MAX]),
            },
        }
    )


def signed(id: str, body: bytes, secret: str, *, now_ms: int) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    at = datetime.fromtimestamp(now_ms // 1000, tz=UTC)
    return {
        "content-type": "application/json",
        "user-agent": "Tiendo-Notify/1",
        "webhook-id": id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": Signer(secret).sign(id, at, body.decode()),
    }


def patience_ms(retry_after: str, *, now_ms: int) -> int:
    """What `Retry-After` asks for: seconds or an HTTP date, at most a day; 0 for none or what cannot be read."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * 1000, RETRY_AFTER_MS_MAX)
    try:
        asked_ms = int(parsedate_to_datetime(text).timestamp() * 1000) - now_ms
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
    return max(0, min(asked_ms, RETRY_AFTER_MS_MAX))


def classify(answer: int | BaseException, *, retry_after_ms: int = 0) -> Outcome:  # noqa: PLR0911  # one table
    """What the answer or the error of an attempt means. 410 ends the subscription; a refused content is not repeated.

    Who is not let in (401, 403) or not found (404) may have a fault that its owner mends within the time given.
    """
    match answer:
        case int() if 200 <= answer < 300:
            return Outcome("delivered", f"answered: {answer}")
        case int() if answer == GONE:
            return Outcome("permanent", "gone: 410", address_at_fault=True)
        case int() if answer in MOVED_FOR_GOOD:
            return Outcome("permanent", f"redirect_not_followed: {answer}", address_at_fault=True)
        case int() if answer in CONTENT_REFUSED:
            return Outcome("permanent", f"refused: {answer}")
        case int() if 300 <= answer < 400:
            return Outcome("temporary", f"redirect_not_followed: {answer}")
        case int():
            return Outcome("temporary", f"answered: {answer}", retry_after_ms=retry_after_ms)
        case Refused():
            return Outcome("permanent", str(answer), address_at_fault=True)
        case httpx.TimeoutException() | TimeoutError():
            return Outcome("temporary", "timeout")
        case httpx.ConnectError() | OSError():
            return Outcome("temporary", "server_away")
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
            return Outcome("temporary", "connection_lost")
        case _:
            return Outcome("temporary", type(answer).__name__)
