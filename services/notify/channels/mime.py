"""A mail message as the bytes that travel (RFC 5322, 2045 to 2047, 2231): headers, texts, files. Pure.

Written out for many messages: the library's message objects parse every header that they are given and write each
again, which costs more than sending it. All of it is ASCII with CRLF, so that any server takes it as it is, and the
same values always give the same bytes.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import b2a_base64, b2a_qp
from collections.abc import Sequence
from urllib.parse import quote

LINE_CHARACTERS_MAX = 76
HEADER_CHARACTERS_MAX = 998
WORD_BYTES_MAX = 39
"""UTF-8 bytes in one encoded word: with the name of a header before it the line stays within 76 characters."""
_BASE64_BYTES_A_LINE = 57


def header(name: str, value: str) -> bytes:
    """A header as it is given, on one line: ids, dates, addresses, links. ValueError unless it is printable ASCII."""
    return f"{name}: {_plain(name, value)}\r\n".encode("ascii")


def worded(name: str, text: str) -> bytes:
    """A header of words that people read, encoded where ASCII is not enough. ValueError for a line break in it."""
    return f"{name}: {_words(name, text)}\r\n".encode("ascii")


def mailbox(name: str, *, display: str, address: str) -> bytes:
    """A header of one address with the name shown beside it. ValueError for a line break, or a non-ASCII address."""
    if display.isascii() and display.isprintable() and len(display) < LINE_CHARACTERS_MAX:
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        return header(name, f'"{escaped}" <{address}>')
    return f"{name}: {_words(name, display)}\r\n <{_plain(name, address)}>\r\n".encode("ascii")


def text(body: str, subtype: str) -> bytes:
    """A part of text, quoted-printable. ValueError for what has no UTF-8 (a lone surrogate)."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    if not lines.endswith("\r\n"):
        lines += "\r\n"
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head.encode("ascii") + b2a_qp(lines.encode())


def file(body: bytes, *, media_type: str, name: str, content_id: str | None = None) -> bytes:
    """A part that is a file, in base64: shown in its place where the HTML names its `content_id`, attached without."""
    head = header("Content-Type", media_type) + b"Content-Transfer-Encoding: base64\r\n"
    kind = "attachment" if content_id is None else "inline"
    head += header("Content-Disposition", f"{kind}; {_file_name(name)}")
    if content_id is not None:
        head += header("Content-ID", f"<{content_id}>")
    lines = [b2a_base64(body[at : at + _BASE64_BYTES_A_LINE], newline=False) for at in _starts(body)]
    return head + b"\r\n" + b"\r\n".join(lines) + b"\r\n"


def multipart(subtype: str, parts: Sequence[bytes]) -> bytes:
    """Parts as one part. No boundary can stand in what it bounds: "=_" is in no quoted-printable or base64 text, and
    one within the other differ by their subtype, so do not put one into another of the same."""
    bound = f"--=_{subtype}".encode("ascii")
    head = f'Content-Type: multipart/{subtype}; boundary="=_{subtype}"\r\n\r\n'.encode("ascii")
    return head + b"".join(bound + b"\r\n" + part + b"\r\n" for part in parts) + bound + b"--\r\n"


def _plain(name: str, value: str) -> str:
    if not (value.isascii() and value.isprintable()) or len(name) + 2 + len(value) > HEADER_CHARACTERS_MAX:
        raise ValueError(f"{name} is no header: printable ASCII, at most {HEADER_CHARACTERS_MAX} characters")
    return value


def _words(name: str, text: str) -> str:
    """The text as it is where that can be read back, else as encoded words, one on each line."""
    if "\r" in text or "\n" in text:
        raise ValueError(f"{name} has a line break in it")
    fits = len(name) + 2 + len(text) <= LINE_CHARACTERS_MAX
    if fits and text.isascii() and text.isprintable() and text == text.strip() and "=?" not in text:
        return text
    return "\r\n ".join(f"=?utf-8?b?{b64encode(chunk).decode('ascii')}?=" for chunk in _chunks(text))


def _chunks(text: str) -> list[bytes]:
    """The text in UTF-8, cut between characters."""
    chunks = [b""]
    for character in text:
        encoded = character.encode()
        if len(chunks[-1]) + len(encoded) > WORD_BYTES_MAX:
            chunks.append(b"")
        chunks[-1] += encoded
    return chunks


def _file_name(name: str) -> str:
    if name.isascii() and name.isprintable() and not any(mark in name for mark in '"\\'):
        return f'filename="{name}"'
    return f"filename*=utf-8''{quote(name, safe='')}"


def _starts(body: bytes) -> range:
    return range(0, len(body), _BASE64_BYTES_A_LINE)
