"""What a submission does: created, unchanged, rejected, or moved (it replaces another version than it names). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.intake.domain.checks.context import Context
from services.intake.domain.content import Content
from services.intake.domain.entry import Entry
from services.intake.domain.submission import ReportInput, reported
from services.intake.domain.summary import Comparison, compare
from services.intake.domain.transitions import received, rejected
from services.intake.domain.validation import Verdict, stored_findings, validate
from services.intake.domain.window import check_window
from shared.events.base import Names
from shared.events.report import ReportedValue
from shared.plan.deadlines import review_due_ms
from shared.refusal import Detail, Refusal

Result = Literal["created", "unchanged", "rejected", "moved"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The result, the entry as it then stands, what validation said, and how the values compare."""

    result: Result
    entry: Entry
    verdict: Verdict
    comparison: Comparison
    content: Content


def decide(
    given: ReportInput, entry: Entry, context: Context, *, named_version: int | None, by: str, now_ms: int
) -> Decision:
    """Decide on one submission. Faults of the whole call are refused.

    Identical content is unchanged whatever version it names, and even when the window has closed since: a repeat after
    a lost answer succeeds. Only of a returned report it is a resubmission, and must name the version it replaces.
    """
    values = reported(given.values)
    content = _content(given, values)
    if not _is_standing(entry, content):
        check_window(entry, context.form, now_ms)
    _check_call(given, context)
    verdict = validate(values, context, given.mode) if values else Verdict((), frozenset(), ())
    if verdict.is_accepted and len(verdict.accepted) < len(values):
        content = _content(given, verdict.accepted)
    current = entry.report
    comparison = compare(given.values, verdict, {v.indicator: v for v in current.state.values} if current else {})
    result = _result(entry, content, verdict, named_version)
    if result == "unchanged" and not verdict.is_accepted:
        # Accepted once, although today's rules or history would say otherwise: nothing is written, nothing refused.
        verdict = Verdict((), frozenset(), values)
        comparison = compare(given.values, verdict, {value.indicator: value for value in values})
    if result == "created":
        findings = stored_findings(verdict, given.explanations)
        entry = received(
            entry,
            form=context.form,
            content=content,
            findings=findings,
            by=by,
            now_ms=now_ms,
            review_due_at_ms=review_due_ms(context.plan, context.form, now_ms, entry.obligation.time_zone),
            change_reason=given.change_reason,
        )
    elif result == "rejected":
        entry = rejected(entry, now_ms=now_ms)
    return Decision(result, entry, verdict, comparison, content)


def _result(entry: Entry, content: Content, verdict: Verdict, named_version: int | None) -> Result:
    if _is_standing(entry, content):
        return "unchanged"
    if named_version != (entry.version or None):
        return "moved"
    return "created" if verdict.is_accepted else "rejected"


def _is_standing(entry: Entry, content: Content) -> bool:
    """Whether this is the content of the version that stands; a returned one does not stand."""
    current = entry.report
    if current is None or current.state.phase == "RETURNED":
        return False
    return current.state.sha256 == content.sha256


def _content(given: ReportInput, values: tuple[ReportedValue, ...]) -> Content:
    return Content(
        plan=given.plan,
        form=given.form,
        unit=given.unit,
        period=given.period,
        nil=given.nil,
        nil_reason=given.nil_reason,
        values=values,
        explanations=given.explanations,
    )


def _check_call(given: ReportInput, context: Context) -> None:
    """Faults of the call as a whole: they cannot be blamed on one value, so both modes refuse."""
    details = [
        Detail(
            f"/values/{index}/indicator",
            Names(
                vi=f"Chỉ tiêu {given.values[index].indicator} xuất hiện hai lần",
                en=f"Indicator {given.values[index].indicator} is given twice",
            ),
            Names(vi="Mỗi chỉ tiêu một dòng", en="Give each indicator once"),
        )
        for index in given.duplicates()
    ]
    if given.nil and not context.form.nil_allowed:
        details.append(
            Detail("/nil", Names(vi="Biểu này không nhận báo cáo trống", en="This form takes no nil report"))
        )
    rules = {rule.code for rule in context.plan.validation}
    details += [
        Detail(f"/explanations/{code}", Names(vi="Kế hoạch không có quy tắc này", en="The plan has no such rule"))
        for code in given.explanations
        if code not in rules
    ]
    if details:
        raise Refusal("not_valid", "Báo cáo chưa đúng quy định.", "The report is not valid.", details=details)
