"""The official template of one form, unit and period as an XLSX workbook.

People may write only where something is wanted; lists stand where only some answers are taken; the last period's
values stand beside. When a report stands already, its values are filled in and the file, sent back, replaces it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.intake.formats.columns import ESTIMATED, status_shown
from services.intake.formats.template_sheet import (
    COLUMNS,
    FIRST_ROW,
    IDENTITY_SHEET,
    NIL,
    PLACE,
    Identity,
)
from shared.events.base import Names
from shared.events.report import ReportedValue
from shared.plan.model import Indicator, LevelMap

Values = Mapping[str, ReportedValue]

NUMBER_MAX = 1e15
WORKBOOK = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

_HEADS: dict[str, Names] = {
    "number": Names(vi="STT", en="No."),
    "indicator": Names(vi="Mã", en="Code"),
    "name": Names(vi="Chỉ tiêu", en="Indicator"),
    "measure": Names(vi="Đơn vị tính", en="Unit of measure"),
    "status": Names(vi="Trạng thái", en="Status"),
    "value": Names(vi="Giá trị", en="Value"),
    "numerator": Names(vi="Tử số", en="Numerator"),
    "denominator": Names(vi="Mẫu số", en="Denominator"),
    "reason": Names(vi="Lý do", en="Reason"),
    "evidence_kind": Names(vi="Loại minh chứng", en="Kind of evidence"),
    "evidence_reference": Names(vi="Minh chứng", en="Evidence"),
    "evidence_sha256": Names(vi="Mã băm tệp (SHA-256)", en="SHA-256 of the file"),
    "previous_value": Names(vi="Kỳ trước: giá trị", en="Last period: value"),
    "previous_numerator": Names(vi="Kỳ trước: tử số", en="Last period: numerator"),
    "previous_denominator": Names(vi="Kỳ trước: mẫu số", en="Last period: denominator"),
}
_WIDTHS = (5, 10, 60, 12, 17, 12, 12, 12, 30, 17, 26, 20, 12, 12, 12)
_STATUSES = {
    "reported": Names(vi="Có số liệu", en="reported"),
    ESTIMATED: Names(vi="Ước tính", en="estimated"),
    "nil": Names(vi="Không phát sinh", en="nil"),
    "not_applicable": Names(vi="Không áp dụng", en="not_applicable"),
}
_KINDS = {
    "document_number": Names(vi="Số văn bản", en="document_number"),
    "url": Names(vi="Liên kết", en="url"),
    "file": Names(vi="Tệp", en="file"),
}
_SHEET = Names(vi="Báo cáo", en="Report")
_HOW = Names(
    vi="Chỉ điền vào ô màu vàng. Dấu thập phân theo máy của bạn. Gửi lại tệp này qua hệ thống Tiendo.",
    en="Fill in the yellow cells only, with your computer's decimal mark. Send this very file back to Tiendo.",
)
_NIL = Names(vi="Cả biểu không phát sinh số liệu: nêu lý do", en="Nothing to report on the whole form: say why")
_EXPLAIN = Names(vi="Giải trình cảnh báo", en="Explanation of the warning")


@dataclass(frozen=True, slots=True)
class Filling:
    """What a template shows. `rules` are those that take an explanation: (code, names), with what was said so far."""

    identity: Identity
    plan: Names
    form: Names
    unit: Names
    indicators: Sequence[Indicator]
    rules: Sequence[tuple[str, Names]]
    nil_allowed: bool
    previous: Values
    values: Values
    explanations: Mapping[str, str]


def codes_of(indicators: Sequence[Indicator], rules: Sequence[tuple[str, Names]], *, nil_allowed: bool) -> list[str]:
    """The codes of a template's rows, in order."""
    return [
        *(indicator.code for indicator in indicators),
        *(f"!{code}" for code, _ in rules),
        *([NIL] if nil_allowed else []),
    ]


def template(filling: Filling, language: str) -> bytes:
    """The workbook in a language (`vi` or `en`). The same input gives the same rows; properties hold no time."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, WORKBOOK) as workbook:
        _Sheet(workbook, language).write(filling)
        hidden = workbook.add_worksheet(IDENTITY_SHEET)
        for row, (name, value) in enumerate(filling.identity.lines()):
            hidden.write_string(row, 0, name)
            hidden.write_string(row, 1, value)
        hidden.protect()
        hidden.very_hidden()
    return file.getvalue()


class _Sheet:
    """The sheet that people see."""

    def __init__(self, workbook: xlsxwriter.Workbook, language: str) -> None:
        self._language = language
        self._sheet: Worksheet = workbook.add_worksheet(_SHEET.of(language))
        edge = {"border": 1, "border_color": "#B0B7C3", "valign": "top"}
        self._title = workbook.add_format({"bold": True, "font_size": 14})
        self._note = workbook.add_format({"italic": True, "font_color": "#555555"})
        self._head = workbook.add_format({**edge, "bold": True, "bg_color": "#DCE6F2", "text_wrap": True})
        self._text = workbook.add_format({**edge, "text_wrap": True})
        self._shut = workbook.add_format({**edge, "bg_color": "#EDEDED"})
        self._open = workbook.add_format({**edge, "bg_color": "#FFF9DB", "locked": False})
        self._open_text = workbook.add_format({**edge, "bg_color": "#FFF9DB", "locked": False, "num_format": "@"})

    def write(self, filling: Filling) -> None:
        self._heading(filling)
        row = FIRST_ROW - 1
        for number, indicator in enumerate(filling.indicators, start=1):
            self._indicator(row, number, indicator, filling)
            row += 1
        for code, names in filling.rules:
            self._line(row, f"!{code}", f"{_EXPLAIN.of(self._language)} {code}: {names.of(self._language)}")
            self._put(row, "reason", filling.explanations.get(code), self._open_text)
            row += 1
        if filling.nil_allowed:
            self._line(row, NIL, _NIL.of(self._language))
            self._put(row, "reason", None, self._open_text)
        self._sheet.freeze_panes(FIRST_ROW - 1, PLACE["name"] + 1)
        self._sheet.protect("", {"format_columns": True, "format_rows": True})

    def _heading(self, filling: Filling) -> None:
        sheet, language, of = self._sheet, self._language, filling.identity
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for place, width in enumerate(_WIDTHS):
            sheet.set_column(place, place, width)
        sheet.write_string(0, 0, filling.form.of(language), self._title)
        sheet.write_string(1, 0, f"{filling.plan.of(language)} ({of.plan}, {of.plan_version})")
        sheet.write_string(2, 0, f"{filling.unit.of(language)} ({of.unit})")
        sheet.write_string(3, 0, of.period)
        sheet.write_string(4, 0, _HOW.of(language), self._note)
        for place, name in enumerate(COLUMNS):
            sheet.write_string(FIRST_ROW - 2, place, _HEADS[name].of(language), self._head)

    def _indicator(self, row: int, number: int, indicator: Indicator, filling: Filling) -> None:
        code, language = indicator.code, self._language
        now, before = filling.values.get(code), filling.previous.get(code)
        self._line(row, code, _described(indicator, language), number=number, measure=indicator.measure)
        self._list(row, "status", [names.of(language) for names in _STATUSES.values()])
        self._put(row, "status", _STATUSES[status_shown(now)].of(language) if now else None, self._open)
        wanted = ("numerator", "denominator") if indicator.is_quotient else ("value",)
        for member in ("value", "numerator", "denominator"):
            if member in wanted:
                self._number_rule(row, member, indicator)
            self._put(row, member, getattr(now, member, None), self._open if member in wanted else self._shut)
            self._put(row, f"previous_{member}", getattr(before, member, None), self._shut)
        self._put(row, "reason", now.reason if now else None, self._open_text)
        evidence = now.evidence if now else None
        self._list(row, "evidence_kind", [names.of(language) for names in _KINDS.values()])
        self._put(row, "evidence_kind", _KINDS[evidence.kind].of(language) if evidence else None, self._open)
        self._put(row, "evidence_reference", evidence.reference if evidence else None, self._open_text)
        self._put(row, "evidence_sha256", evidence.sha256 if evidence else None, self._open_text)

    def _line(self, row: int, code: str, name: str, *, number: int | None = None, measure: str = "") -> None:
        """The locked cells of a row, every other one shut."""
        for place in range(len(COLUMNS)):
            self._sheet.write_blank(row, place, None, self._shut)
        self._put(row, "number", number, self._text)
        self._put(row, "indicator", code, self._text)
        self._put(row, "name", name, self._text)
        self._put(row, "measure", measure, self._text)

    def _put(self, row: int, name: str, value: str | float | None, style: Format) -> None:
        if value is None:
            self._sheet.write_blank(row, PLACE[name], None, style)
        elif isinstance(value, str):
            self._sheet.write_string(row, PLACE[name], value, style)
        else:
            self._sheet.write_number(row, PLACE[name], value, style)

    def _list(self, row: int, name: str, source: list[Any], **more: str) -> None:
        place = PLACE[name]
        self._sheet.data_validation(row, place, row, place, {"validate": "list", "source": source, **more})

    def _number_rule(self, row: int, member: str, indicator: Indicator) -> None:
        if indicator.type == "boolean":
            said = Names(vi="1 = Có, 0 = Không", en="1 = yes, 0 = no")
            self._list(row, member, [1, 0], input_message=said.of(self._language))
        elif isinstance(indicator.method, LevelMap):
            levels = sorted(level.level for level in indicator.method.levels)
            self._list(row, member, levels)
        else:
            whole = indicator.integer or indicator.type == "count"
            place = PLACE[member]
            rule = {"validate": "integer" if whole else "decimal", "criteria": "between"}
            bounds = {"minimum": -int(NUMBER_MAX), "maximum": int(NUMBER_MAX)}
            self._sheet.data_validation(row, place, row, place, {**rule, **bounds})


def _described(indicator: Indicator, language: str) -> str:
    """The indicator's name; of a quotient also what is counted above and below the line."""
    name = indicator.names.of(language)
    if indicator.numerator is None or indicator.denominator is None:
        return name
    return f"{name}\n({indicator.numerator.of(language)} / {indicator.denominator.of(language)})"
