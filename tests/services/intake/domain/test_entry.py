"""Decisions on one ledger entry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.intake.domain.content import Content, changes
from services.intake.domain.entry import Entry, timeliness_at
from services.intake.domain.transitions import approved, received, rejected, returned
from services.intake.domain.window import check_window
from shared.plan.model import Form
from shared.refusal import Refusal
from tests.services.intake.domain.making import NOW_MS, entry, value
from tests.services.intake.small_plan import plan

PLAN = plan()


def form(code: str) -> Form:
    return PLAN.form(code)


def take(held: Entry, *, by: str = "key-1", now_ms: int = NOW_MS, calls: float = 1, nil: bool = False) -> Entry:
    about = held.obligation
    kept = () if nil else (value("CALLS", value=calls),)
    content = Content(about.plan, about.form, about.unit, about.period, nil, "none" if nil else None, kept, {})
    return received(held, form=form(about.form), content=content, findings=(), by=by, now_ms=now_ms)


def test_the_first_valid_version_decides_timeliness_for_good() -> None:
    held = entry()
    first = take(held, now_ms=held.obligation.due_at_ms)
    late = take(first, now_ms=held.obligation.grace_end_ms + 1, calls=2)
    assert late.report is not None
    assert (first.obligation.timeliness, late.obligation.timeliness) == ("ON_TIME", "ON_TIME")
    assert late.report.state.timeliness == "LATE"
    assert late.obligation.first_valid_at_ms == held.obligation.due_at_ms
    assert (late.version, late.report.state.revision, late.obligation.revision) == (2, 2, 3)


@pytest.mark.parametrize(("after_ms", "expected"), [(0, "ON_TIME"), (1, "IN_GRACE")])
def test_an_instant_equal_to_the_limit_is_on_time(after_ms: int, expected: str) -> None:
    held = entry().obligation
    assert timeliness_at(held, held.due_at_ms + after_ms) == expected
    assert timeliness_at(held, held.grace_end_ms + after_ms) == ("IN_GRACE" if after_ms == 0 else "LATE")


def test_automatic_review_approves_and_nil_is_an_outcome_of_its_own() -> None:
    held = take(entry(), nil=True)
    assert held.report is not None
    assert (held.obligation.outcome, held.report.state.phase, held.report.state.nil) == ("NIL", "APPROVED", True)


def test_one_step_needs_an_approval_and_an_amendment_needs_it_again() -> None:
    first = take(entry("QUARTERLY", "2011-Q1"))
    done = approved(first, form=form("QUARTERLY"), by="boss", now_ms=NOW_MS)
    amended = take(done, calls=2)
    phases = [held.report.state.phase for held in (first, done, amended) if held.report]
    assert phases == ["SUBMITTED", "APPROVED", "SUBMITTED"]
    with pytest.raises(Refusal, match="APPROVED"):
        approved(done, form=form("QUARTERLY"), by="boss", now_ms=NOW_MS)


def test_two_step_needs_another_identity() -> None:
    held = take(entry("ANNUAL", "2011"), by="officer")
    with pytest.raises(Refusal, match="another identity"):
        approved(held, form=form("ANNUAL"), by="officer", now_ms=NOW_MS)
    assert approved(held, form=form("ANNUAL"), by="head", now_ms=NOW_MS).report is not None


def test_a_returned_report_is_owed_again_and_keeps_its_timeliness() -> None:
    held = returned(take(entry("QUARTERLY", "2011-Q1")), by="boss", reason="no evidence", now_ms=NOW_MS)
    assert held.report is not None
    assert (held.obligation.outcome, held.obligation.returned_count) == ("PENDING", 1)
    assert (held.report.state.phase, held.report.state.returned_reason) == ("RETURNED", "no evidence")
    assert held.obligation.timeliness == "ON_TIME"
    again = take(held, calls=5)
    assert again.report is not None
    assert (again.obligation.outcome, again.report.state.returned_reason) == ("FULFILLED", None)
    assert [decision.reason for decision in again.report.decisions] == ["no evidence"]


def test_a_refused_submission_is_only_counted() -> None:
    held = rejected(entry(), now_ms=NOW_MS)
    assert (held.obligation.rejected_count, held.obligation.outcome, held.report) == (1, "PENDING", None)


def test_the_window_is_kept() -> None:
    held = entry("ANNUAL", "2011")
    annual, about = form("ANNUAL"), held.obligation
    assert about.lock_at_ms is not None
    check_window(held, annual, about.open_at_ms)
    check_window(held, annual, about.lock_at_ms)
    for now_ms, kind in ((about.open_at_ms - 1, "state"), (about.lock_at_ms + 1, "state")):
        with pytest.raises(Refusal) as refused:
            check_window(held, annual, now_ms)
        assert refused.value.kind == kind


@pytest.mark.parametrize("outcome", ["WAIVED", "NOT_APPLICABLE", "CANCELLED"])
def test_what_is_not_owed_is_not_taken(outcome: str) -> None:
    held = entry()
    gone = replace(held, obligation=held.obligation.model_copy(update={"outcome": outcome}))
    with pytest.raises(Refusal, match="not owed"):
        check_window(gone, form("MONTHLY"), NOW_MS)


def test_a_sealed_report_is_sealed_for_everyone() -> None:
    held = take(entry())
    assert held.report is not None
    state = held.report.state.model_copy(update={"phase": "SEALED"})
    sealed = replace(held, report=held.report.model_copy(update={"state": state}))
    for attempt in (
        lambda: check_window(sealed, form("MONTHLY"), NOW_MS),
        lambda: approved(sealed, form=form("MONTHLY"), by="x", now_ms=NOW_MS),
        lambda: returned(sealed, by="x", reason="y", now_ms=NOW_MS),
    ):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.kind == "sealed"


def test_equal_content_has_one_receipt_whatever_its_order() -> None:
    one, other = value("CALLS", value=1), value("MAIL", numerator=1, denominator=2)
    receipts = {
        Content("P", "F", "U", "2011", False, None, order, {"B": "b", "A": "a"}).sha256
        for order in ((one, other), (other, one))
    }
    assert len(receipts) == 1
    assert Content("P", "F", "U", "2012", False, None, (one, other), {}).sha256 not in receipts


def test_changes_name_what_differs() -> None:
    was, now = value("CALLS", value=1), value("CALLS", value=2)
    extra = value("MAIL", numerator=1, denominator=2)
    assert [(c.indicator, c.was, c.now) for c in changes([was], [now, extra])] == [
        ("CALLS", was, now),
        ("MAIL", None, extra),
    ]
    assert changes([extra, was], [was, extra]) == []
