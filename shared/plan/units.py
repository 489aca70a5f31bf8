"""Units as they are listed in a CSV file or sent in a request, before they are registered."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shared.errors import Permanent
from shared.events.base import Names
from shared.events.unit import Contact
from shared.plan.faults import did_you_mean
from shared.plan.model import Code
from shared.shape_faults import incoherent, said

BYTES_MAX = 16 * 1024 * 1024
CONTACT_PREFIX = "contact_"
ROLE_PATTERN = r"^[a-z][a-z0-9_]{0,39}$"
_PLAIN = ("code", "kind", "peer_group", "parent", "valid_from", "valid_to", "successor", "time_zone", "note")
_COLUMNS = (*_PLAIN, "name_vi", "name_en", "headcount")
_REQUIRED = ("code", "name_vi", "name_en", "kind", "peer_group", "valid_from")

Email = Annotated[str, Field(pattern=r"^[^@\s,;<>]{1,64}@[^@\s,;<>]{1,255}$")]


class ContactInput(BaseModel):
    """Whom to write to, in which role."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Annotated[str, Field(pattern=ROLE_PATTERN)]
    email: Email
    name: str | None = None
    language: Annotated[str, Field(pattern="^(vi|en)$")] = "vi"

    def contact(self) -> Contact:
        return Contact(role=self.role, email=self.email, name=self.name, language=self.language)


class UnitInput(BaseModel):
    """A unit as its writer describes it. Days are inclusive; `valid_to` None means still open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    names: Names
    kind: Code
    peer_group: Code
    parent: Code | None = None
    valid_from: date
    valid_to: date | None = None
    successor: Code | None = None
    time_zone: str = "Asia/Ho_Chi_Minh"
    contacts: tuple[ContactInput, ...] = ()
    headcount: Annotated[int | None, Field(ge=0, le=10_000_000)] = None
    note: Annotated[str | None, Field(max_length=1000)] = None

    @field_validator("time_zone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as err:
            raise incoherent(
                "unknown_zone",
                "Không có múi giờ này; dùng tên IANA như Asia/Ho_Chi_Minh",
                f"unknown time zone {name!r}; use an IANA name such as Asia/Ho_Chi_Minh",
            ) from err
        return name

    @model_validator(mode="after")
    def coherent(self) -> UnitInput:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise incoherent("ends_before_it_begins", "valid_to sớm hơn valid_from", "valid_to is before valid_from")
        if self.successor is not None and self.valid_to is None:
            raise incoherent(
                "successor_without_end",
                "Đơn vị có đơn vị kế thừa phải có valid_to, ngày cuối cùng của nó",
                "a unit with a successor needs valid_to, its last day",
            )
        if self.code in (self.parent, self.successor):
            raise incoherent(
                "own_relative",
                "Đơn vị không thể là cấp trên hay đơn vị kế thừa của chính mình",
                "a unit is neither its own parent nor its own successor",
            )
        return self


@dataclass(frozen=True, slots=True)
class UnitFault:
    """One fault of a file: its line (from 1, the header is line 1), its column by name, what, how to mend it.

    `vi` says what is wrong in Vietnamese.
    """

    line: int
    column: str
    message: str
    hint: str | None = None
    vi: str = "Giá trị không hợp lệ"

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class UnitErrors(Permanent):
    """The file is not a list of units. Holds every fault found."""

    def __init__(self, faults: list[UnitFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


def read_units(text: str) -> list[UnitInput]:
    """The units of a CSV text with a header, separated by commas or semicolons; all or nothing.

    Columns: code, name_vi, name_en, kind, peer_group, valid_from and, if wanted, parent, valid_to, successor,
    time_zone, headcount, note and `contact_<role>` (addresses separated by blanks). Empty cells mean "not given".
    Lines that begin with `#` are remarks. UnitErrors holds every fault with its line and column.
    """
    return [unit for _, unit in read_unit_lines(text)]


def read_unit_lines(text: str) -> list[tuple[int, UnitInput]]:
    """As `read_units`, each unit with the line on which it ends."""
    if len(text.encode("utf-8", errors="surrogatepass")) > BYTES_MAX:
        raise UnitErrors([UnitFault(1, "-", f"the file is larger than {BYTES_MAX} bytes", vi="Tệp quá lớn")])
    rows = _rows(text)
    header = rows[0][1] if rows else []
    faults = _header_faults(rows[0][0] if rows else 1, header)
    if faults:
        raise UnitErrors(faults)
    units: dict[str, tuple[int, UnitInput]] = {}
    for line, cells in rows[1:]:
        unit, wrong = _unit(line, header, cells)
        if unit is not None and unit.code in units:
            wrong = [UnitFault(line, "code", f"`{unit.code}` is listed twice", vi=f"`{unit.code}` xuất hiện hai lần")]
        elif unit is not None:
            units[unit.code] = (line, unit)
        faults.extend(wrong)
    if faults:
        raise UnitErrors(faults)
    return list(units.values())


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The rows that are neither empty nor remarks, each with the line on which it ends."""
    text = text.removeprefix("\ufeff")
    head = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                rows.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as err:
        raise UnitErrors(
            [UnitFault(reader.line_num, "-", f"not readable as CSV: {err}", vi="Không đọc được CSV")]
        ) from err
    return rows


def _header_faults(line: int, header: list[str]) -> list[UnitFault]:
    faults = [
        UnitFault(line, name, "the column is missing", f"the header needs {', '.join(_REQUIRED)}", "Thiếu cột này")
        for name in _REQUIRED
        if name not in header
    ]
    for name in header:
        if name not in _COLUMNS and not name.startswith(CONTACT_PREFIX):
            faults.append(
                UnitFault(line, name or "-", "the column is unknown", did_you_mean(name, _COLUMNS), "Không có cột này")
            )
        elif name.startswith(CONTACT_PREFIX) and not re.fullmatch(ROLE_PATTERN, name.removeprefix(CONTACT_PREFIX)):
            faults.append(
                UnitFault(line, name, "a role has lower-case letters, digits and `_`", vi="Tên vai trò không hợp lệ")
            )
        elif header.count(name) > 1:
            faults.append(UnitFault(line, name, "the column is there twice", vi="Cột xuất hiện hai lần"))
    return faults


def _unit(line: int, header: list[str], cells: list[str]) -> tuple[UnitInput | None, list[UnitFault]]:
    if len(cells) != len(header):
        says = f"the line has {len(cells)} cells, the header {len(header)}"
        return None, [UnitFault(line, "-", says, "put a cell that holds a comma in quotes", "Số ô khác dòng tiêu đề")]
    row = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    faults = [UnitFault(line, name, "the cell is empty", vi="Ô trống") for name in _REQUIRED if name not in row]
    if faults:
        return None, faults
    try:
        return UnitInput.model_validate(_described(row)), []
    except ValidationError as err:
        return None, [
            _fault(line, error["loc"], error["msg"], said(error).vi, row) for error in err.errors(include_url=False)
        ]


def _described(row: dict[str, str]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in (*_PLAIN, "headcount") if name in row},
        "names": {"vi": row["name_vi"], "en": row["name_en"]},
        "contacts": [{"role": role, "email": email} for role, email in _contacts(row)],
    }


def _contacts(row: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (name.removeprefix(CONTACT_PREFIX), email)
        for name, cell in row.items()
        if name.startswith(CONTACT_PREFIX)
        for email in cell.split()
    ]


def _fault(line: int, loc: tuple[int | str, ...], says: str, vi: str, row: dict[str, str]) -> UnitFault:
    column = str(loc[0]) if loc else "-"
    if len(loc) > 1 and isinstance(loc[1], int):
        column = CONTACT_PREFIX + _contacts(row)[loc[1]][0]
    if column.startswith(CONTACT_PREFIX):
        return UnitFault(
            line,
            column,
            "not an e-mail address",
            "write officer@example.org, several with blanks between",
            "Không phải địa chỉ thư điện tử",
        )
    if says.startswith("String should match pattern"):
        return UnitFault(
            line, column, f"{row[column]!r} is not a code", "use capitals, digits, `_`, `.`, `-`", "Không phải mã"
        )
    if says.startswith("Input should be a valid date"):
        return UnitFault(line, column, f"{row[column]!r} is not a date", "write it as 2011-01-31", "Không phải ngày")
    return UnitFault(line, column, says[0].lower() + says[1:], vi=vi)
