"""What an evidence file really is, by its own bytes, and whether that is what it was called.

Taken are PDF, PNG, JPEG, Word and Excel documents (docx, xlsx), OpenDocument text, and plain text or CSV in UTF-8.
Nothing here opens or shows a document: a package is only looked at against bombs.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from pathlib import Path
from typing import IO

from services.intake.formats.faults import FileFault
from services.intake.formats.packages import members_of
from shared.events.base import Names

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
PLAIN, CSV = "text/plain", "text/csv"

MEDIA_TYPES = (PDF, PNG, JPEG, DOCX, XLSX, ODT, PLAIN, CSV)
NAME_CHARACTERS_MAX = 150
_PIECE_BYTES = 256 * 1024

_MAGIC = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG))
_MARKS = (("word/document.xml", DOCX), ("xl/workbook.xml", XLSX))
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')


def media_type_of(path: Path, claimed: str) -> str:
    """The media type of the file, which must be the claimed one. FileFault otherwise."""
    claimed = claimed.partition(";")[0].strip().lower()
    if claimed not in MEDIA_TYPES:
        raise fault("TYPE_NOT_TAKEN", claimed or "-")
    with path.open("rb") as file:
        found = _sniffed(file)
    if found == claimed or (found == PLAIN and claimed == CSV):
        return claimed
    raise fault("TYPE_MISMATCH", f"{claimed} / {found or '?'}")


def _sniffed(file: IO[bytes]) -> str | None:
    head = file.read(16)
    if not head:
        raise fault("EMPTY_FILE", "0 bytes")
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head.startswith(b"PK"):
        return _package_type(file)
    return PLAIN if _is_text(file) else None


def _package_type(file: IO[bytes]) -> str | None:
    file.seek(0)
    # An OpenDocument package begins with its media type, stored as it is, as its first member.
    opening = file.read(30 + 8 + len(ODT))
    members = members_of(file)
    if opening[30:38] == b"mimetype" and opening[38:] == ODT.encode() and "content.xml" in members:
        return ODT
    return next((media_type for mark, media_type in _MARKS if mark in members), None)


def _is_text(file: IO[bytes]) -> bool:
    """UTF-8 without control characters other than tab and line ends."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(_PIECE_BYTES):
            if any(character < 32 and character not in (9, 10, 12, 13) for character in set(piece)):
                return False
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def safe_name(given: str) -> str:
    """The last step of a path, without characters that name places, hide or reorder; `evidence` when nothing is left.

    It is only ever shown and offered for saving: files are stored under their hash.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    kept = _UNSAFE.sub("", last).strip(" .")
    return kept[:NAME_CHARACTERS_MAX] or "evidence"


_SAID = {
    "TYPE_NOT_TAKEN": Names(vi="Loại tệp này không được nhận", en="This kind of file is not taken"),
    "TYPE_MISMATCH": Names(vi="Nội dung không đúng loại đã khai", en="The content is not of the type that was named"),
    "EMPTY_FILE": Names(vi="Tệp trống", en="The file is empty"),
}


def fault(code: str, got: str) -> FileFault:
    """A fault of an evidence file."""
    hint = Names(
        vi=f"Gửi đúng Content-Type, một trong: {', '.join(MEDIA_TYPES)}",
        en=f"Send the right Content-Type, one of: {', '.join(MEDIA_TYPES)}",
    )
    return FileFault(code, _SAID[code], hint, got=got)
