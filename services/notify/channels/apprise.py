"""Chat and SMS through the Apprise library: compose (pure), send (I/O), and the one classifier (pure).

One call per target, so that each delivery has its record. A target's URL holds its secrets: it is never in a reason,
an event or a log, and neither is what the library writes about it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import apprise

from services.notify.domain.contacts import Target
from services.notify.domain.deliveries import Delivery, Outcome

CHAT_CHARACTERS_MAX = 3500
SMS_CHARACTERS_MAX = 320
_CODE = re.compile(r"\berror=(\d{3})\b")
_ADDRESS_CODES = frozenset({401, 403, 404, 410})
_CONTENT_CODES = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class Service:
    """Which services a channel may use (URL schemes), and how long an attempt lasts at most."""

    schemes: frozenset[str]
    timeout_seconds: float = 20.0
    characters_max: int = CHAT_CHARACTERS_MAX


class Apprise:
    """Sends one delivery to one target."""

    def __init__(self, service: Service) -> None:
        self._service = service
        # The library's own lines may show parts of a URL: they go nowhere.
        logger = logging.getLogger("apprise")
        logger.propagate = False
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())

    async def send(self, delivery: Delivery) -> Outcome:
        """`sent` once the service took the message. A timeout is `temporary`: it may be repeated."""
        target = delivery.target
        if target is None or self.fault_of(target) is not None:
            return Outcome("permanent", "target_not_valid", address_at_fault=True)
        title, body = compose(delivery, characters_max=self._service.characters_max)
        try:
            async with asyncio.timeout(self._service.timeout_seconds + 5):
                return await asyncio.to_thread(self._notify, target.address, title, body)
        except TimeoutError:
            return Outcome("temporary", "timeout")

    def fault_of(self, target: Target) -> str | None:
        """What is wrong with a target's URL; None when it can be used."""
        if urlsplit(target.address).scheme.lower() not in self._service.schemes:
            return "service_not_allowed"
        return None if apprise.Apprise.instantiate(target.address, suppress_exceptions=True) else "url_not_valid"

    def _notify(self, url: str, title: str, body: str) -> Outcome:
        one = apprise.Apprise()
        one.add(url)
        seconds = self._service.timeout_seconds
        result: Any = one.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT, timeout=seconds)
        said = " ".join(str(entry.message) for entry in result.logs()) if not result else ""
        return classify(ok=bool(result), timed_out="TIMEOUT" in str(result.status.name), said=said)


def compose(delivery: Delivery, *, characters_max: int) -> tuple[str, str]:
    """Title and plain text, bounded: a chat or a telephone shows the beginning, the dashboard the rest."""
    room = max(0, characters_max - len(delivery.title) - 2)
    text = delivery.text.strip()
    return delivery.title, text if len(text) <= room else f"{text[: max(0, room - 1)]}…"


def classify(*, ok: bool, timed_out: bool, said: str) -> Outcome:
    """What a call means. Of what the library said only the HTTP status is taken: the rest may hold secrets."""
    if ok:
        return Outcome("sent", "accepted")
    if timed_out:
        return Outcome("temporary", "timeout")
    found = _CODE.search(said)
    code = int(found[1]) if found else 0
    if code in _ADDRESS_CODES:
        return Outcome("permanent", f"refused: {code}", address_at_fault=True)
    if code in _CONTENT_CODES:
        return Outcome("permanent", f"refused: {code}")
    return Outcome("temporary", f"not_accepted: {code}" if code else "not_accepted")
