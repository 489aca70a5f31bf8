"""The columns of the long format, by the names that people give them.

A name is compared without case, accents, spaces and underscores, so `Đơn vị`, `don_vi` and `unit` are the same column.
A misspelt column is a fault, not silence; columns that only inform (as our own exports have) are passed over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from services.intake.formats.faults import FileFault
from shared.events.base import Names
from shared.events.report import ReportedValue

COLUMNS_MAX = 100

ALIASES: dict[str, tuple[str, ...]] = {
    "plan": ("kế hoạch", "mã kế hoạch"),
    "form": ("biểu mẫu", "biểu", "mã biểu mẫu"),
    "unit": ("đơn vị", "mã đơn vị"),
    "period": ("kỳ báo cáo", "kỳ"),
    "indicator": ("chỉ tiêu", "mã chỉ tiêu"),
    "value": ("giá trị", "số liệu"),
    "numerator": ("tử số",),
    "denominator": ("mẫu số",),
    "status": ("trạng thái",),
    "reason": ("lý do", "lí do"),
    "evidence_kind": ("loại minh chứng",),
    "evidence_reference": ("minh chứng", "số hiệu minh chứng"),
    "evidence_sha256": ("mã băm minh chứng", "sha256"),
    "replaces": ("thay phiên bản", "phiên bản được thay"),
}
"""Our name of each column, and other names for it."""

INFORMING = (
    *("indicator_name", "tên chỉ tiêu", "measure", "đơn vị tính", "unit_name", "tên đơn vị", "phase", "version"),
    *("timeliness", "received_at", "submitted_by", "plan_version", "ghi chú", "note", "stt"),
)

FIELDS = tuple(ALIASES)
REQUIRED = ("plan", "form", "unit", "period", "indicator")

ESTIMATED = "estimated"
"""In files the mark of an estimate stands where the status stands; in JSON it is a member of its own."""

STATUSES = {
    "": "reported",
    "reported": "reported",
    "cosolieu": "reported",
    "nil": "nil",
    "khongphatsinh": "nil",
    "notapplicable": "not_applicable",
    "khongapdung": "not_applicable",
    "estimated": ESTIMATED,
    "uoctinh": ESTIMATED,
    "explanation": "explanation",
    "giaitrinh": "explanation",
}
"""`explanation` is a row that answers a rule: its code in the column of the indicator, the words in `reason`."""

EVIDENCE_KINDS = {
    "documentnumber": "document_number",
    "sovanban": "document_number",
    "url": "url",
    "lienket": "url",
    "file": "file",
    "tep": "file",
}


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Lower case, without accents, spaces, underscores and signs: `Đơn vị` is `donvi`."""
    spread = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]", "", spread)


def status_shown(value: ReportedValue) -> str:
    """What stands in a file's column of the status for this value."""
    return ESTIMATED if value.estimated else value.status


_KNOWN = {plain(name): field for field, names in ALIASES.items() for name in (field, *names)}
_PASSED_OVER = frozenset(map(plain, INFORMING))


def field_of(name: str) -> str | None:
    """Our name of the column, None when it is none of ours."""
    return _KNOWN.get(plain(name))


def places(header: Sequence[str], *, line: int) -> list[int]:
    """Where each of FIELDS stands in the header, -1 where it does not. FileFault when the header will not do."""
    if len(header) > COLUMNS_MAX:
        raise _fault("TOO_MANY_COLUMNS", f"{len(header)} > {COLUMNS_MAX}", line)
    found: dict[str, int] = {}
    for place, name in enumerate(header):
        field = field_of(name)
        if field is None:
            if plain(name) and plain(name) not in _PASSED_OVER:
                raise _fault("UNKNOWN_COLUMN", name, line)
        elif field in found:
            raise _fault("COLUMN_TWICE", name, line)
        else:
            found[field] = place
    missing = [field for field in REQUIRED if field not in found]
    if not {"value", "numerator"} & found.keys():
        missing.append("value")
    if missing:
        raise _fault("COLUMNS_MISSING", ", ".join(missing), line)
    return [found.get(field, -1) for field in FIELDS]


_SAID = {
    "TOO_MANY_COLUMNS": Names(vi="Quá nhiều cột", en="Too many columns"),
    "UNKNOWN_COLUMN": Names(vi="Cột không có trong quy định", en="The column is not known"),
    "COLUMN_TWICE": Names(vi="Cột xuất hiện hai lần", en="The column stands twice"),
    "COLUMNS_MISSING": Names(vi="Thiếu cột", en="Columns are missing"),
}


def _fault(code: str, got: str, line: int) -> FileFault:
    hint = Names(
        vi=f"Dòng tiêu đề gồm: {', '.join(names[0] for names in ALIASES.values())}",
        en=f"The header line has: {', '.join(FIELDS)}",
    )
    said = _SAID[code]
    message = Names(vi=f"{said.vi}: {got[:100]}", en=f"{said.en}: {got[:100]}")
    return FileFault(code, message, hint, line=line, got=got)
