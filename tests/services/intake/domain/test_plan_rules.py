"""V01-V15 of the default plan: a report that breaks a rule yields exactly that conflict, its neighbour none.

`fine` is as close to the breach as a report may come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.intake.domain.checks.context import Context
from services.intake.domain.submission import ValueInput
from services.intake.domain.summary import conflicts
from services.intake.domain.units import state_of
from services.intake.domain.validation import validate
from shared.events.report import ReportedValue
from shared.plan.load import load_plan
from shared.plan.model import Indicator
from shared.plan.units import UnitInput
from tests.shared.plan.conftest import PLANS

MIC = load_plan((PLANS / "mic-2011-2015.yaml").read_text(encoding="utf-8"))
STAFF = 100
PERIODS = {"QUARTERLY": "2012-Q2", "ANNUAL": "2012"}
FILE = "a" * 64

Row = dict[str, Any]
Rows = dict[str, Row]
Earlier = Callable[[Rows], None]


def unit(peer_group: str = "CUC") -> UnitInput:
    held = {
        "code": "CVT",
        "names": {"vi": "Cục", "en": "Authority"},
        "kind": "CUC",
        "peer_group": peer_group,
        "valid_from": "2007-01-01",
        "headcount": STAFF,
    }
    return UnitInput.model_validate(held)


def row(indicator: Indicator, step: int) -> Row:
    """An unremarkable value; those of another `step` differ, but not by much."""
    held: Row = {"indicator": indicator.code}
    if indicator.denominator is not None:
        is_staff = indicator.denominator.vi == "Tổng số CBCCVC"
        held |= {"numerator": 11 + step, "denominator": STAFF if is_staff else 40}
    else:
        held["value"] = 1 if indicator.type in ("boolean", "level") else 6 + step
    if indicator.evidence.required:
        kind = "document_number" if indicator.evidence.kind == "any" else indicator.evidence.kind
        held["evidence"] = {"kind": kind, "reference": "x"} | ({"sha256": FILE} if kind == "file" else {})
    return held


def honest(form: str, peer_group: str, step: int) -> Rows:
    rows = {i.code: row(i, step) for i in MIC.form_indicators(MIC.form(form), peer_group)}
    for code, numbers in {
        "SVC-02": {"numerator": 20 + step},
        "SVC-04": {"value": 3},
        "FIN-01": {"numerator": 30, "denominator": 35},
        "FIN-02": {"numerator": 11 + step, "denominator": 30},
    }.items():
        if code in rows:
            rows[code] |= numbers
    return rows


def put(code: str, **members: Any) -> Earlier:
    def change(rows: Rows) -> None:
        rows[code] |= members

    return change


def drop(code: str, *members: str) -> Earlier:
    def change(rows: Rows) -> None:
        for member in members:
            del rows[code][member]
        if not members:
            del rows[code]

    return change


def staff(number: int) -> Earlier:
    def change(rows: Rows) -> None:
        for code in ("INF-01", "INF-04", "HRM-03"):
            rows[code]["denominator"] = number

    return change


def at_target(count: int) -> Earlier:
    """So many of the ten indicators that are left hit their target of 2012 exactly."""

    def change(rows: Rows) -> None:
        for position, (code, part, whole) in enumerate(TARGETS):
            rows[code] |= {"numerator": part - (position >= count), "denominator": whole}
        for code, held in rows.items():
            if code not in {code for code, _, _ in TARGETS}:
                rows[code] = {"indicator": code, "status": "nil", "reason": held["indicator"]}

    return change


TARGETS = [
    ("INF-01", 90, 100),
    ("INF-02", 32, 40),
    ("INF-04", 85, 100),
    ("INF-05", 12, 40),
    ("INF-06", 26, 40),
    ("INF-07", 6, 40),
    ("INF-08", 16, 40),
    ("DIR-03", 32, 40),
    ("LEG-02", 16, 40),
    ("SEC-01", 32, 40),
]


def nothing(rows: Rows) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """`said`: (pointer's indicator, member, expected, got) of each conflict of `code`. `also`: codes that come too."""

    code: str
    broken: Earlier
    fine: Earlier
    said: tuple[tuple[str, str, str | None, str | None], ...]
    vi: str
    en: str
    form: str = "QUARTERLY"
    peer_group: str = "CUC"
    previous: Earlier | None = None
    year_before: Earlier | None = None
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    is_warning: bool = False


CASES = [
    Case(
        "V01",
        put("SVC-07", value=-1),
        put("SVC-07", value=0),
        (("SVC-07", "value", ">= 0", "-1"),),
        "Số liệu không được âm",
        "The number must not be negative",
    ),
    Case(
        "V02",
        put("SVC-01", numerator=41),
        put("SVC-01", numerator=40),
        (("SVC-01", "numerator", "numerator <= denominator", "41 > 40"),),
        "Tử số lớn hơn mẫu số",
        "The numerator is greater than the denominator",
        previous=put("SVC-01", numerator=38),
    ),
    Case(
        "V03",
        put("INF-02", numerator=0, denominator=0),
        put("SEC-04", numerator=0, denominator=0),
        (("INF-02", "denominator", "> 0", "0"),),
        "Mẫu số bằng 0",
        "The denominator is 0",
    ),
    Case(
        "V04.1",
        put("SVC-03", numerator=22),
        put("SVC-03", numerator=21),
        (("SVC-03", "numerator", "<= 21", "22"),),
        "Có 22 TTHC mức độ 3 trở lên nhưng chỉ có 21 TTHC mức độ 2 trở lên",
        "22 procedures at level 3 or above, but only 21 at level 2 or above",
        previous=put("SVC-03", numerator=20),
    ),
    Case(
        "V04.2",
        put("SVC-04", value=13),
        put("SVC-04", value=12),
        (("SVC-04", "value", "<= 12", "13"),),
        "Số dịch vụ mức độ 4 không lớn hơn số TTHC mức độ 3 trở lên",
        "Services at level 4 are no more than procedures at level 3 or above",
    ),
    Case(
        "V04.3",
        put("SVC-02", denominator=41),
        nothing,
        (("SVC-02", "denominator", "40", "41"),),
        "Tổng số TTHC thuộc thẩm quyền phải giống nhau ở SVC-02 và SVC-03",
        "The number of all procedures is the same in SVC-02 and SVC-03",
    ),
    Case(
        "V05.1",
        put("FIN-02", denominator=31),
        nothing,
        (("FIN-02", "denominator", "30", "31"),),
        "Kinh phí được giao phải giống nhau ở FIN-01 và FIN-02",
        "The budget allocated is the same in FIN-01 and FIN-02",
    ),
    Case(
        "V05.2",
        put("FIN-02", numerator=30.5),
        put("FIN-02", numerator=30),
        (("FIN-02", "numerator", "<= 30", "30.5"),),
        "Đã giải ngân 30.5 triệu đồng, được giao 30 triệu đồng",
        "30.5 million dong disbursed, 30 allocated",
        previous=put("FIN-02", numerator=29),
        also=frozenset({"V02"}),  # a part is larger than its whole, too
    ),
    Case(
        "V06",
        put("DIR-03", numerator=10),
        put("DIR-03", numerator=11),
        (("DIR-03", "numerator", ">= 11", "10"),),
        "Số liệu giảm so với kỳ được so sánh",
        "The number fell against the earlier period",
    ),
    Case(
        "V07",
        put("INF-04", denominator=101),
        nothing,
        (("INF-04", "denominator", "100", "101"),),
        '"Tổng số CBCCVC" phải giống nhau ở mọi chỉ tiêu của báo cáo',
        "The number of all staff is the same in every indicator of the report",
    ),
    Case(
        "V08",
        staff(111),
        staff(110),
        tuple((code, "denominator", "90 .. 110", "111") for code in ("INF-01", "INF-04", "HRM-03")),
        "Tổng số người khác hồ sơ đơn vị (100) quá 10 %",
        "The headcount differs from the unit's profile (100) by more than 10 %",
        is_warning=True,
    ),
    Case(
        "V09",
        put("INF-08", numerator=20),
        put("INF-08", numerator=19),
        (("INF-08", "", "7.5 .. 47.5", "50"),),
        "Thay đổi quá 20 so với kỳ trước",
        "Moved by more than 20 against the period before",
        is_warning=True,
    ),
    Case(
        "V10",
        lambda rows: rows.update(honest("QUARTERLY", "CUC", 0)),
        nothing,
        (("", "", "at least one other number", "44 / 44"),),
        "Cả 44 số liệu giống hệt kỳ trước",
        "All 44 numbers equal those of the period before",
        is_warning=True,
    ),
    Case(
        "V11",
        drop("SEC-02", "evidence"),
        nothing,
        (("SEC-02", "evidence", "document_number", "missing"),),
        "Thiếu minh chứng",
        "Evidence is missing",
        form="ANNUAL",
    ),
    Case(
        "V11.Q",
        drop("SVC-01", "evidence"),
        nothing,
        (("SVC-01", "evidence", "url", "missing"),),
        "Thiếu minh chứng",
        "Evidence is missing",
        is_warning=True,
    ),
    Case(
        "V12",
        at_target(6),
        at_target(5),
        (("INF-01", "", "<= 0.5", "0.6"),),
        "Hơn một nửa số chỉ tiêu có giá trị đúng bằng mục tiêu",
        "More than half of the indicators equal their target exactly",
        previous=at_target(0),
        is_warning=True,
    ),
    Case(
        "V13",
        drop("INF-07"),
        put("INF-07", status="not_applicable", reason="không họp", numerator=None, denominator=None),
        (("", "", "value, nil or not_applicable", "missing"),),
        "Thiếu chỉ tiêu áp dụng cho đơn vị",
        "An indicator that applies to the unit is missing",
    ),
    Case(
        "V13",
        lambda rows: rows.update({"SVC-07": {"indicator": "SVC-07", "value": 7}}),
        nothing,
        (("SVC-07", "", "left out", "filled in"),),
        "Chỉ tiêu không áp dụng cho nhóm VU",
        "The indicator does not apply to peer group VU",
        peer_group="VU",
    ),
    Case(
        "V14",
        nothing,
        put("HRM-03", evidence={"kind": "file", "reference": "x", "sha256": "b" * 64}),
        (("HRM-03", "evidence", "a file of the unit's own", FILE),),
        "Tệp minh chứng này đã được đơn vị VCNTT sử dụng",
        "Unit VCNTT has given the same file",
        elsewhere={FILE: "VCNTT"},
    ),
    Case(
        "V15.1",
        nothing,
        put("INF-01", numerator=20),
        (("INF-01", "numerator", ">= 20", "12"),),
        "Cùng kỳ năm trước 20 CBCCVC được trang bị máy tính, nay 12",
        "20 staff had a computer a year before, 12 now",
        year_before=put("INF-01", numerator=20),
        is_warning=True,
    ),
    Case(
        "V15.2",
        put("LEG-01", value=0),
        put("SEC-02", value=2),
        (("LEG-01", "value", ">= 1", "0"),),
        "Quy chế, quy định đã có năm trước nay không còn hoặc ở mức thấp hơn",
        "A regulation that was there a year before is gone or at a lower level",
        form="ANNUAL",
        year_before=nothing,
        is_warning=True,
    ),
]


def reported(rows: Rows) -> dict[str, ReportedValue]:
    return {code: ValueInput.model_validate(held).reported() for code, held in rows.items()}


def judged(case: Case, change: Earlier, language: str) -> tuple[list[Any], list[str]]:
    """The conflicts of the report that `change` makes, and the codes of its indicators in order."""
    sent, context = prepared(case, change)
    verdict = validate([value.reported() for value in sent], context, "ATOMIC")
    listed, total = conflicts(verdict.findings, sent, unit="CVT", period=PERIODS[case.form], language=language)
    assert total == len(listed)
    assert verdict.has_errors == any(conflict.severity == "ERROR" for conflict in listed)
    return listed, [value.indicator for value in sent]


def prepared(case: Case, change: Earlier) -> tuple[list[ValueInput], Context]:
    """The report that `change` makes, and what it is held against."""
    rows = honest(case.form, case.peer_group, 1)
    change(rows)
    form, about = MIC.form(case.form), state_of(unit(case.peer_group), revision=1)
    context = Context(
        plan=MIC,
        catalogue={indicator.code: indicator for indicator in MIC.indicators()},
        form=form,
        unit=about,
        year=2012,
        expected=MIC.form_indicators(form, case.peer_group),
        values={},
        given=frozenset(),
        previous=_earlier(case, case.previous or nothing) if case.form == "QUARTERLY" else None,
        previous_year=2012,
        year_before=_earlier(case, case.year_before) if case.year_before else None,
        evidence_elsewhere=case.elsewhere,
        period=PERIODS[case.form],
    )
    return [ValueInput.model_validate(held) for held in rows.values()], context


def _earlier(case: Case, change: Earlier) -> dict[str, ReportedValue]:
    rows = honest(case.form, case.peer_group, 0)
    change(rows)
    return reported(rows)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.code}-{case.en[:20]}" for case in CASES])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_report_that_breaks_a_rule_yields_exactly_that_conflict(case: Case, language: str) -> None:
    listed, codes = judged(case, case.broken, language)
    assert {conflict.code for conflict in listed} == {case.code} | case.also
    mine = [conflict for conflict in listed if conflict.code == case.code]
    assert {conflict.severity for conflict in mine} == {"WARNING" if case.is_warning else "ERROR"}
    assert {conflict.message for conflict in mine} == {case.vi if language == "vi" else case.en}
    assert [(conflict.pointer, conflict.expected, conflict.got) for conflict in mine] == [
        (_pointer(codes, code, member), expected, got) for code, member, expected, got in case.said
    ]


def _pointer(codes: list[str], code: str, member: str) -> str:
    return f"/values/{codes.index(code)}" + (f"/{member}" if member else "") if code else "/values"


@pytest.mark.parametrize("case", CASES, ids=[f"{case.code}-{case.en[:20]}" for case in CASES])
def test_a_report_beside_the_breach_yields_none(case: Case) -> None:
    listed, _ = judged(case, case.fine, "en")
    assert [(conflict.code, conflict.message) for conflict in listed] == []


@pytest.mark.parametrize("form", ["QUARTERLY", "ANNUAL"])
@pytest.mark.parametrize("peer_group", ["VU", "CUC", "DVSN", "SO"])
def test_an_honest_report_of_every_group_breaks_nothing(form: str, peer_group: str) -> None:
    case = Case("", nothing, nothing, (), "", "", form=form, peer_group=peer_group, year_before=nothing)
    assert judged(case, nothing, "en")[0] == []


def test_every_rule_of_the_plan_is_broken_here() -> None:
    assert {case.code for case in CASES} == {rule.code for rule in MIC.validation}


def test_who_hit_the_targets_is_named() -> None:
    case = next(case for case in CASES if case.code == "V12")
    (conflict,), _ = judged(case, case.broken, "en")
    assert conflict.objects["indicator"] == "INF-01"
    assert conflict.objects["others"] == "INF-02,INF-04,INF-05,INF-06,INF-07"


def test_both_sides_of_a_broken_identity_are_named() -> None:
    case = next(case for case in CASES if case.code == "V07")
    (conflict,), codes = judged(case, case.broken, "en")
    assert conflict.objects == {"indicator": "INF-04", "others": "INF-01", "unit": "CVT", "period": "2012-Q2"}
    assert conflict.indexes == sorted([codes.index("INF-01"), codes.index("INF-04")])


def test_a_report_is_held_against_all_rules_within_a_millisecond_and_a_half() -> None:
    case = Case("", nothing, nothing, (), "", "", peer_group="SO", year_before=nothing)
    sent, context = prepared(case, nothing)
    values = [value.reported() for value in sent]
    assert len(values) == 24
    validate(values, context, "ATOMIC")  # the expressions are compiled once
    best = min(_seconds(values, context) for _ in range(7))
    assert best / 20 < 0.0015


def _seconds(values: list[ReportedValue], context: Context) -> float:
    began = time.process_time()
    for _ in range(20):
        validate(values, context, "ATOMIC")
    return time.process_time() - began


def test_a_fraction_of_a_person_is_no_number_of_people() -> None:
    case = Case("VALUE_INTEGER", nothing, nothing, (), "", "")
    listed, _ = judged(case, put("INF-01", numerator=12.5), "en")
    assert [conflict.code for conflict in listed] == ["VALUE_INTEGER"]
