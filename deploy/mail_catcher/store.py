"""Messages on disk, one `.eml` file each, the newest 5,000.

A name is `<17 digits of the arrival in epoch ms>-<4 digits>.eml`, so that the order of names is the order of arrival.
The envelope's recipients are kept in a header that the catcher adds at the front.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path

MESSAGES_MAX = 5000
NUMBER_MAX = 9999
HEADER_BYTES_MAX = 32 * 1024
SUFFIX = ".eml"
RECIPIENTS_HEADER = "X-Caught-For"
ARRIVED_HEADER = "X-Caught-At"

_ID = re.compile(r"\d{17}-\d{4}")


@dataclass(frozen=True, slots=True)
class Summary:
    """What the list shows of a message."""

    id: str
    arrived_ms: int
    sender: str
    recipients: tuple[str, ...]
    subject: str
    delivery: str
    message_id: str
    date: str

    def matches(self, words: str) -> bool:
        """Whether every word occurs in recipients or subject, whatever its case."""
        text = " ".join((*self.recipients, self.subject)).lower()
        return all(word in text for word in words.lower().split())

    def is_for(self, address: str) -> bool:
        """Whether it was sent to this address; any message is for the empty one."""
        return not address or address.lower() in (recipient.lower() for recipient in self.recipients)


class MailStore:
    """The messages of one directory. One process at a time."""

    def __init__(self, directory: Path, *, messages_max: int = MESSAGES_MAX) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._messages_max = messages_max
        self._ids = sorted(path.stem for path in directory.glob(f"*{SUFFIX}") if _ID.fullmatch(path.stem))
        self._summaries: dict[str, Summary] = {}
        self._writing = threading.Lock()

    def keep(self, content: bytes, recipients: Sequence[str], *, arrived_ms: int | None = None) -> str:
        """Write a message and return its id; the oldest beyond the bound are deleted."""
        arrived_ms = time.time_ns() // 1_000_000 if arrived_ms is None else arrived_ms
        with self._writing:
            return self._keep(content, recipients, arrived_ms)

    def _keep(self, content: bytes, recipients: Sequence[str], arrived_ms: int) -> str:
        id = _next_id(self._ids[-1] if self._ids else "", arrived_ms)
        head = f"{RECIPIENTS_HEADER}: {', '.join(recipients)}\r\n{ARRIVED_HEADER}: {arrived_ms}\r\n".encode()
        fresh = self._path(id).with_suffix(".new")
        fresh.write_bytes(head + content)
        fresh.replace(self._path(id))
        self._summaries[id] = _summary(id, _headers((head + content)[:HEADER_BYTES_MAX]))
        self._ids.append(id)
        self._forget_old()
        return id

    def list(self, *, words: str = "", to: str = "", limit: int = 100, before: str | None = None) -> list[Summary]:
        """The newest first, those that match, continuing before an id; `to` is one whole address."""
        found: list[Summary] = []
        for id in reversed(self._ids):
            if before is not None and id >= before:
                continue
            summary = self.summary(id)
            if summary is not None and summary.matches(words) and summary.is_for(to):
                found.append(summary)
                if len(found) >= limit:
                    break
        return found

    def summary(self, id: str) -> Summary | None:
        if id not in self._summaries:
            head = self._head(id)
            if head is None:
                return None
            self._summaries[id] = _summary(id, head)
        return self._summaries[id]

    def _head(self, id: str) -> Message | None:
        """The message's headers alone: a list of thousands must not parse thousands of bodies."""
        if not _ID.fullmatch(id) or not self._path(id).is_file():
            return None
        with self._path(id).open("rb") as kept:
            return _headers(kept.read(HEADER_BYTES_MAX))

    def message(self, id: str) -> EmailMessage | None:
        """The parsed message; None when there is none of that id."""
        raw = self.raw(id)
        if raw is None:
            return None
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def raw(self, id: str) -> bytes | None:
        """The bytes as they were kept; an id is checked, so that no path can be asked for."""
        if not _ID.fullmatch(id) or not self._path(id).is_file():
            return None
        return self._path(id).read_bytes()

    def __len__(self) -> int:
        return len(self._ids)

    def _path(self, id: str) -> Path:
        return self._directory / f"{id}{SUFFIX}"

    def _forget_old(self) -> None:
        while len(self._ids) > self._messages_max:
            old = self._ids.pop(0)
            self._summaries.pop(old, None)
            self._path(old).unlink(missing_ok=True)


def _headers(raw: bytes) -> Message:
    # The older policy decodes only what is asked for: twenty times faster on a folder of thousands.
    return BytesHeaderParser(policy=policy.compat32).parsebytes(raw)


def _text(head: Message, name: str) -> str:
    """A header as people read it; what cannot be decoded is shown as it stands."""
    value = str(head.get(name, ""))
    try:
        return str(make_header(decode_header(value))).replace("\n", "").replace("\r", "")
    except (LookupError, UnicodeDecodeError, HeaderParseError):
        return value


def part_of(message: EmailMessage, kind: str) -> str | None:
    """The `html` or `plain` body, decoded; None when the message has none."""
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content())


def _date(message: Message) -> str:
    """When the message says that it was sent, in this machine's local time: a simulation sends in its own year."""
    try:
        sent = parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError):
        return ""
    return f"{sent.astimezone():%Y-%m-%d %H:%M}"


def _next_id(last: str, arrived_ms: int) -> str:
    """An id after the last one, even when the clock went back or many arrive in one millisecond."""
    id = f"{arrived_ms:017d}-0000"
    if id > last:
        return id
    last_ms, _, number = last.partition("-")
    return f"{last_ms}-{int(number) + 1:04d}" if int(number) < NUMBER_MAX else f"{int(last_ms) + 1:017d}-0000"


def _summary(id: str, message: Message) -> Summary:
    recipients = tuple(part.strip() for part in _text(message, RECIPIENTS_HEADER).split(",") if part.strip())
    return Summary(
        id=id,
        arrived_ms=int(id.partition("-")[0]),
        sender=_text(message, "From"),
        recipients=recipients,
        subject=_text(message, "Subject"),
        delivery=_text(message, "X-Tiendo-Delivery"),
        message_id=_text(message, "Message-ID"),
        date=_date(message),
    )
