"""A mail message as the bytes that travel: the standard library's message, put together so that it is cheap to write.

Its older message objects (`compat32`) are used: the newer ones parse each header that they are given and fold it once
more when they are written, which costs more than to send the message. All of it is ASCII with CRLF, so that any server
takes it as it is, and the same values always give the same bytes.
"""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Iterable, Sequence
from email.encoders import encode_base64
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from typing import Any, TypeAlias

LINE_CHARACTERS_MAX = 76
HEADER_CHARACTERS_MAX = 998
# Lines of headers are as they are given: words are folded when they are encoded, ids and links never.
_POLICY = compat32.clone(linesep="\r\n", mangle_from_=False, max_line_length=None)

Mail: TypeAlias = "Message[Any, Any]"
Headers = Iterable[tuple[str, str]]


def message(headers: Headers, body: Mail) -> bytes:
    """The body under these headers."""
    body["MIME-Version"] = "1.0"
    for name, value in headers:
        body[name] = value
    return body.as_bytes(policy=_POLICY)


def plain(name: str, value: str) -> tuple[str, str]:
    """A header as it is given: ids, dates, addresses, links. ValueError unless it is printable ASCII on one line."""
    if not (value.isascii() and value.isprintable()) or len(name) + 2 + len(value) > HEADER_CHARACTERS_MAX:
        raise ValueError(f"{name} is no header: printable ASCII, at most {HEADER_CHARACTERS_MAX} characters")
    return name, value


def worded(name: str, text: str) -> tuple[str, str]:
    """A header of words that people read, encoded where ASCII is not enough. ValueError for a line break in it."""
    return name, _words(name, text).encode()


def mailbox(name: str, *, display: str, address: str) -> tuple[str, str]:
    """A header of one address with the name shown beside it. ValueError for a line break, or a non-ASCII address."""
    plain(name, address)
    if display.isascii() and display.isprintable():
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        return plain(name, f'"{escaped}" <{address}>')
    words = _words(name, display)
    words.append(f"<{address}>", "us-ascii")
    return name, words.encode()


def text(body: str, subtype: str) -> Mail:
    """A part of text, quoted-printable. ValueError for what has no UTF-8 (a lone surrogate)."""
    part = _part(MIMENonMultipart("text", subtype, charset="utf-8"))
    part["Content-Transfer-Encoding"] = "quoted-printable"
    lines = body.replace("\r\n", "\n").replace("\r", "\n")
    # The library's own encoder of quoted-printable is written in Python: a hundred times slower.
    part.set_payload(b2a_qp(f"{lines.removesuffix(_NL)}\n".encode()).decode("ascii"))
    return part


def file(body: bytes, *, media_type: str, name: str, content_id: str | None = None) -> Mail:
    """A part that is a file, in base64: shown in its place where the HTML names its `content_id`, attached without."""
    part = _part(MIMEBase(*media_type.split("/", 1)))
    part.set_payload(body)
    encode_base64(part)
    kind = "attachment" if content_id is None else "inline"
    part.add_header("Content-Disposition", kind, filename=name if name.isascii() else ("utf-8", "", name))
    if content_id is not None:
        part["Content-ID"] = f"<{content_id}>"
    return part


def multipart(subtype: str, parts: Sequence[Mail]) -> Mail:
    """Parts as one part. No boundary can stand in what it bounds: "=_" is in no quoted-printable or base64 text, and
    one within the other differ by their subtype, so do not put one into another of the same."""
    return _part(MIMEMultipart(subtype, boundary=f"=_{subtype}", _subparts=parts))


_NL = "\n"


def _part(made: Mail) -> Mail:
    """The library gives each part a version; only the message has one."""
    del made["MIME-Version"]
    return made


def _words(name: str, text: str) -> Header:
    if "\r" in text or "\n" in text:
        raise ValueError(f"{name} has a line break in it")
    is_plain = text.isascii() and text.isprintable() and "=?" not in text and len(text) < LINE_CHARACTERS_MAX
    return Header(text, "us-ascii" if is_plain else "utf-8", maxlinelen=LINE_CHARACTERS_MAX, header_name=name)
