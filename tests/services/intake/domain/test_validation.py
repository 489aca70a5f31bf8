from __future__ import annotations

import pytest

from services.intake.domain.submission import Mode
from services.intake.domain.validation import Verdict, stored_findings, validate
from shared.events.report import ReportedValue
from tests.services.intake.domain.making import context, value, values

MAIL = value("MAIL", numerator=40, denominator=50)
DOCS = value("DOCS", numerator=1, denominator=2)
CALLS = value("CALLS", value=3)


def verdict(*sent: ReportedValue, mode: Mode = "ATOMIC") -> Verdict:
    return validate(sent, context(), mode)


def codes(held: Verdict) -> list[str]:
    return [finding.code for finding in held.findings]


def test_a_good_report_has_no_finding() -> None:
    held = verdict(MAIL, DOCS, CALLS)
    assert codes(held) == []
    assert held.accepted == (MAIL, DOCS, CALLS)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (value("NOPE", value=1), "UNKNOWN_INDICATOR"),
        (value("STAFF", numerator=1, denominator=2), "NOT_ON_FORM"),
        (value("MAIL", numerator=1), "VALUE_MISSING"),
        (value("CALLS", numerator=1, denominator=2), "VALUE_TYPE"),
        (value("CALLS", value=1.5), "VALUE_INTEGER"),
        (value("MAIL", numerator=1.5, denominator=2), "VALUE_INTEGER"),
        (value("CALLS", status="nil", value=1), "VALUE_TYPE"),
        (value("CALLS", status="not_applicable"), "REASON_MISSING"),
    ],
)
def test_a_malformed_value_is_a_fault_of_structure_and_meets_no_rule(wrong: ReportedValue, code: str) -> None:
    rest = [held for held in (MAIL, DOCS, CALLS) if held.indicator != wrong.indicator]
    assert code in codes(verdict(wrong, *rest))
    assert not {"V01", "V02", "V03", "V13"} & set(codes(verdict(wrong, *rest)))


def test_partial_rejects_the_value_and_atomic_everything() -> None:
    wrong = value("MAIL", numerator=60, denominator=50)
    partial = verdict(wrong, DOCS, CALLS, mode="PARTIAL")
    assert partial.rejected == {"MAIL"}
    assert partial.accepted == (DOCS, CALLS)
    assert partial.is_accepted
    atomic = verdict(wrong, DOCS, CALLS)
    assert atomic.rejected == {"MAIL", "DOCS", "CALLS"}
    assert not atomic.is_accepted


def test_partial_with_nothing_left_is_not_accepted() -> None:
    assert not validate([value("MAIL", numerator=60, denominator=50)], context(), "PARTIAL").is_accepted


def test_a_warning_rejects_nothing_and_is_stored_with_its_explanation() -> None:
    held = validate([MAIL, DOCS, CALLS], context(previous=values(MAIL, DOCS, CALLS)), "ATOMIC")
    assert codes(held) == ["V10"]
    assert held.is_accepted
    assert held.rejected == frozenset()
    (stored,) = stored_findings(held, {"V10": "không thay đổi"})
    assert (stored.code, stored.severity, stored.explanation) == ("V10", "warning", "không thay đổi")


def test_a_missing_indicator_is_told_and_rejects_no_other_value_in_partial() -> None:
    held = verdict(MAIL, DOCS, mode="PARTIAL")
    assert codes(held) == ["V13"]
    assert held.accepted == (MAIL, DOCS)
