"""What a template's two sheets hold where: the one that people fill in, and the hidden one that says what it is of.

The hidden sheet names plan, version, form, unit, period and the version that the report replaces, then the code of
each row; its checksum tells a slip (rows sorted, a sheet copied into another workbook), it is no signature: what the
unit may report is decided by who sends the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.intake.formats.columns import FIELDS
from services.intake.formats.csv_rows import Row
from services.intake.formats.faults import FileFault
from shared.events.base import Names

IDENTITY_SHEET = "_tiendo"
KIND = "tiendo-template-1"
FIRST_ROW = 8
"""Row (from 1) of the first line that is filled in, in the first sheet."""
ROWS_MAX = 1_000
NIL = "*"
"""Stands in place of a code in the row that says: nothing to report at all."""

COLUMNS = (
    *("number", "indicator", "name", "measure", "status", "value", "numerator", "denominator", "reason"),
    *("evidence_kind", "evidence_reference", "evidence_sha256"),
    *("previous_value", "previous_numerator", "previous_denominator"),
)
"""What each column of the first sheet holds, from A on."""

PLACE = {name: place for place, name in enumerate(COLUMNS)}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a template is of. `codes` are those of its rows from FIRST_ROW on: indicators, NIL, or `!` and a rule."""

    plan: str
    plan_version: str
    form: str
    unit: str
    period: str
    replaces: int
    codes: tuple[str, ...]

    def lines(self) -> list[tuple[str, str]]:
        """Names and values as they stand in the hidden sheet, the checksum last."""
        held = [
            ("kind", KIND),
            ("plan", self.plan),
            ("plan_version", self.plan_version),
            ("form", self.form),
            ("unit", self.unit),
            ("period", self.period),
            ("replaces", str(self.replaces)),
            *(("code", code) for code in self.codes),
        ]
        return [*held, ("checksum", _checksum(held))]


def identity_of(rows: Iterable[Row]) -> Identity:
    """The identity in the hidden sheet. FileFault when it is not as it was written."""
    lines = [(row[0], row[1]) for _, row in rows if len(row) >= 2 and row[0]][: ROWS_MAX + 20]
    held: Mapping[str, str] = dict(lines)
    wanted = {"kind", "plan", "plan_version", "form", "unit", "period", "replaces", "checksum"}
    if held.get("kind") != KIND or wanted - held.keys() or held["checksum"] != _checksum(lines[:-1]):
        raise _fault("TEMPLATE_CHANGED", IDENTITY_SHEET)
    codes = tuple(value for name, value in lines if name == "code")
    names = (held["plan"], held["plan_version"], held["form"], held["unit"], held["period"])
    return Identity(*names, replaces=int(held["replaces"]), codes=codes)


def long_rows(identity: Identity, rows: Iterable[Row]) -> Iterator[Row]:
    """What was filled in, as rows of the long format in the order of FIELDS; rows left empty are passed over."""
    wanted = dict(enumerate(identity.codes, start=FIRST_ROW))
    for number, row in rows:
        code = wanted.pop(number, None)
        if code is None:
            continue
        cells = [*row, *[""] * (len(COLUMNS) - len(row))]
        if cells[PLACE["indicator"]].strip() != code:
            raise _fault("TEMPLATE_ROWS_MOVED", cells[PLACE["indicator"]], number)
        if filled := _filled(identity, code, cells):
            yield number, filled
    if wanted:
        raise _fault("TEMPLATE_ROWS_MOVED", ", ".join(list(wanted.values())[:5]), next(iter(wanted)))


def _filled(identity: Identity, code: str, cells: Sequence[str]) -> list[str] | None:
    given = {name: cells[PLACE[name]] for name in FIELDS if name in PLACE and name != "indicator"}
    if not any(cell.strip() for cell in given.values()):
        return None
    if code == NIL:
        given |= {"status": "nil"}
    elif code.startswith("!"):
        given |= {"status": "explanation"}
    head = {"plan": identity.plan, "form": identity.form, "unit": identity.unit, "period": identity.period}
    whole = {**given, **head, "indicator": "" if code == NIL else code.removeprefix("!")}
    whole["replaces"] = str(identity.replaces) if identity.replaces else ""
    return [whole.get(name, "") for name in FIELDS]


def _checksum(lines: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256("\n".join(f"{name}\t{value}" for name, value in lines).encode()).hexdigest()


_SAID = {
    "TEMPLATE_CHANGED": Names(vi="Phần ẩn của mẫu đã bị thay đổi", en="The hidden part of the template was changed"),
    "TEMPLATE_ROWS_MOVED": Names(vi="Các dòng của mẫu đã bị xê dịch", en="Rows of the template were moved"),
}


def _fault(code: str, got: str, line: int = 0) -> FileFault:
    hint = Names(
        vi="Tải lại mẫu và chép số liệu vào đúng ô", en="Download the template again and fill in its cells only"
    )
    return FileFault(code, _SAID[code], hint, line=line, got=got)
