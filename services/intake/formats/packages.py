"""Zip packages (xlsx, docx, odt) looked at before anything opens them: bombs, lies about sizes, hostile XML.

Every member is inflated once and thrown away, so declared sizes need not be believed. Bounds: members, bytes of one
and of all, and how much a member may grow. XML may not declare a document type: entities are how small files grow.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import IO

from services.intake.formats.faults import FileFault
from shared.events.base import Names

MEMBERS_MAX = 2_000
MEMBER_BYTES_MAX = 192 * 1024 * 1024
TOTAL_BYTES_MAX = 256 * 1024 * 1024
RATIO_MAX = 300
RATIO_FREE_BYTES = 4 * 1024 * 1024
"""Below this a member may have grown as it likes: small sheets of equal rows shrink by more than RATIO_MAX."""
CELLS_MAX = 8_000_000
OPEN_ELEMENTS_MAX = 1_000
"""Looked at between pieces: a wildly nested member is stopped, without a parser for every tag."""
ROWS_MAX = 1_048_576
COLUMNS_MAX = 256
_PIECE_BYTES = 256 * 1024
_OVERLAP_BYTES = 64

_DIMENSION = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=[\"']([A-Z]{1,7})([0-9]{1,10})[\"']")
_DOCTYPE = b"<!DOCTYPE"


def members_of(file: IO[bytes]) -> frozenset[str]:
    """Names of the members of a package within all bounds. FileFault otherwise."""
    try:
        with zipfile.ZipFile(file) as package:
            members = package.infolist()
            if len(members) > MEMBERS_MAX:
                raise fault("PACKAGE_MEMBERS", f"{len(members)} > {MEMBERS_MAX}")
            total = 0
            for member in members:
                total += _inflated(package, member, TOTAL_BYTES_MAX - total)
            return frozenset(member.filename for member in members)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        # RuntimeError: a member that wants a password. NotImplementedError: a compression that we do not take.
        raise fault("PACKAGE_UNREADABLE", f"{type(error).__name__}: {error}") from error


def _inflated(package: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> int:
    """How many bytes the member really has, at most `room`."""
    is_xml = member.filename.lower().endswith((".xml", ".rels", ".vml"))
    is_sheet = is_xml and "/worksheets/" in member.filename
    seen, tail, depth = 0, b"", 0
    corner = _Corner()
    with package.open(member) as inflating:
        while piece := inflating.read(_PIECE_BYTES):
            seen += len(piece)
            grown = seen > RATIO_FREE_BYTES and seen > RATIO_MAX * max(member.compress_size, 1)
            if grown or seen > min(room, MEMBER_BYTES_MAX):
                raise fault("PACKAGE_BOMB", f"{member.filename}: > {seen} bytes")
            held = tail + piece
            if is_xml and _DOCTYPE in held.replace(b"\x00", b"").upper():
                raise fault("XML_DOCTYPE", member.filename)
            if is_xml:
                depth += _opened(piece)
                if depth > OPEN_ELEMENTS_MAX:
                    raise fault("XML_TOO_DEEP", f"{member.filename}: {depth} elements are open")
            if is_sheet:
                corner.see(held, member.filename)
            tail = held[-_OVERLAP_BYTES:]
    return seen


def _opened(piece: bytes) -> int:
    """How many more elements are open behind the piece than before it, but for tags cut at its edges."""
    tags = piece.count(b"<") - piece.count(b"<?") - piece.count(b"<!")
    return tags - 2 * piece.count(b"</") - piece.count(b"/>")


class _Corner:
    """The far corner of a sheet's cells: a reader makes room for the whole rectangle."""

    def __init__(self) -> None:
        self._rows = self._columns = 0

    def see(self, held: bytes, name: str) -> None:
        for column, row in _DIMENSION.findall(held):
            self._rows = max(self._rows, int(row))
            number = 0
            for letter in column:
                number = number * 26 + letter - 64
            self._columns = max(self._columns, number)
        if self._rows > ROWS_MAX or self._columns > COLUMNS_MAX or self._rows * self._columns > CELLS_MAX:
            raise fault("SHEET_TOO_LARGE", f"{name}: {self._rows} x {self._columns}")


_SAID = {
    "PACKAGE_MEMBERS": Names(vi="Gói nén có quá nhiều tệp", en="The package has too many members"),
    "PACKAGE_UNREADABLE": Names(vi="Không mở được gói nén", en="The package cannot be opened"),
    "PACKAGE_BOMB": Names(vi="Gói nén phình ra quá lớn", en="The package grows too large when it is unpacked"),
    "XML_DOCTYPE": Names(vi="XML khai báo DOCTYPE", en="XML in the package declares a document type"),
    "XML_TOO_DEEP": Names(vi="XML lồng quá sâu", en="XML in the package is nested too deeply"),
    "SHEET_TOO_LARGE": Names(vi="Trang tính quá lớn", en="A sheet is too large"),
}
_HINT = Names(
    vi="Mở bằng chương trình bảng tính, xóa phần thừa rồi lưu lại, hoặc gửi dạng CSV",
    en="Open it in a spreadsheet program, delete what is not needed and save it again, or send CSV",
)


def fault(code: str, got: str) -> FileFault:
    """A fault of a package."""
    return FileFault(code, _SAID[code], _HINT, got=got)
