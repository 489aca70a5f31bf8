"""Every decision that changes a ledger entry. Pure.

A decision returns the whole new entry, its states with their revisions grown by one; nothing is changed in place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.intake.domain.content import Content
from services.intake.domain.entry import SYSTEM, Decision, Entry, Report, timeliness_at
from services.intake.domain.limits import with_reliefs
from services.intake.domain.window import check_unsealed
from shared.events.obligation import Cause, ObligationState, Submission
from shared.events.report import Finding, ReportPhase, ReportState
from shared.plan.model import Form
from shared.refusal import Refusal


def received(
    entry: Entry,
    *,
    form: Form,
    content: Content,
    findings: tuple[Finding, ...],
    by: str,
    now_ms: int,
    review_due_at_ms: int | None = None,
    change_reason: str | None = None,
) -> Entry:
    """The entry with this content as its next version, which reviewers have until `review_due_at_ms`.

    The timeliness of the first valid version stays.
    """
    held = entry.obligation
    arrival = timeliness_at(held, now_ms)
    phase: ReportPhase = "APPROVED" if form.review == "automatic" else "SUBMITTED"
    state = ReportState(
        revision=(entry.report.state.revision if entry.report else 0) + 1,
        report=entry.report_id,
        obligation=entry.id,
        plan=held.plan,
        plan_version=held.plan_version,
        form=held.form,
        unit=held.unit,
        period=held.period,
        year=held.year,
        version=entry.version + 1,
        phase=phase,
        nil=content.nil,
        values=content.values,
        findings=findings,
        submitted_by=by,
        received_at_ms=now_ms,
        timeliness=arrival,
        sha256=content.sha256,
        review_due_at_ms=review_due_at_ms if phase == "SUBMITTED" else None,
        changed_at_ms=now_ms,
    )
    report = Report(
        state=state,
        nil_reason=content.nil_reason,
        explanations=tuple(sorted(content.explanations.items())),
        change_reason=change_reason,
        decisions=entry.report.decisions if entry.report else (),
    )
    obligation = changed(
        held,
        now_ms,
        cause="report",
        outcome="NIL" if content.nil else "FULFILLED",
        submission=_submission(state),
        first_valid_at_ms=held.first_valid_at_ms if held.first_valid_at_ms is not None else now_ms,
        timeliness=held.timeliness or arrival,
    )
    return replace(entry, obligation=obligation, report=report)


def rejected(entry: Entry, *, now_ms: int) -> Entry:
    """The entry after a submission that validation refused: only counted."""
    count = entry.obligation.rejected_count + 1
    return replace(entry, obligation=changed(entry.obligation, now_ms, cause="report", rejected_count=count))


def approved(entry: Entry, *, form: Form, by: str, now_ms: int) -> Entry:
    """The entry with its report approved. Refused unless SUBMITTED; under `two_step` not by who sent it."""
    report = _reviewable(entry)
    if report.state.phase != "SUBMITTED":
        raise _wrong_phase(report.state.phase, "SUBMITTED")
    if form.review == "two_step" and by == report.state.submitted_by:
        raise Refusal(
            "state",
            "Người duyệt phải khác người gửi báo cáo.",
            "Who approves must be another identity than who submitted.",
        )
    decision = Decision(kind="approved", version=report.state.version, by=by, at_ms=now_ms)
    return with_phase(entry, report, decision, phase="APPROVED", cause="approved")


def returned(entry: Entry, *, by: str, reason: str, now_ms: int) -> Entry:
    """The entry with its report returned: what is owed is open again. Also takes an approval back."""
    report = _reviewable(entry)
    if report.state.phase not in ("SUBMITTED", "APPROVED"):
        raise _wrong_phase(report.state.phase, "SUBMITTED, APPROVED")
    decision = Decision(kind="returned", version=report.state.version, by=by, at_ms=now_ms, reason=reason)
    held = entry.obligation
    entry = replace(entry, obligation=held.model_copy(update={"returned_count": held.returned_count + 1}))
    return with_phase(entry, report, decision, phase="RETURNED", cause="returned")


def unapproved(entry: Entry, *, by: str, reason: str, now_ms: int, review_due_at_ms: int | None) -> Entry:
    """The entry with the approval of its report taken back: it is SUBMITTED, and reviewed once more."""
    report = _reviewable(entry)
    if report.state.phase != "APPROVED":
        raise _wrong_phase(report.state.phase, "APPROVED")
    decision = Decision(kind="unapproved", version=report.state.version, by=by, at_ms=now_ms, reason=reason)
    # The obligation's causes are a closed list: what was approved is, to those who listen, returned to the reviewer.
    return with_phase(entry, report, decision, phase="SUBMITTED", cause="returned", review_due_at_ms=review_due_at_ms)


def with_phase(
    entry: Entry,
    report: Report,
    decision: Decision,
    *,
    phase: ReportPhase,
    cause: Cause,
    review_due_at_ms: int | None = None,
) -> Entry:
    """The entry with its report in another phase, and the decision kept with it."""
    state = report.state.model_copy(
        update={
            "revision": report.state.revision + 1,
            "phase": phase,
            "returned_reason": decision.reason if phase == "RETURNED" else None,
            "review_due_at_ms": review_due_at_ms,
            "changed_at_ms": decision.at_ms,
        }
    )
    update: dict[str, Any] = {"cause": cause, "submission": _submission(state)}
    if phase == "RETURNED":
        update["outcome"] = "PENDING"
    fresh = report.model_copy(update={"state": state, "decisions": (*report.decisions, decision)})
    return replace(entry, obligation=changed(entry.obligation, decision.at_ms, **update), report=fresh)


def cancelled(entry: Entry, *, reason: str, now_ms: int) -> Entry:
    """The entry of a report that is no longer owed."""
    update = {"outcome": "CANCELLED", "reason": reason, "approver": SYSTEM}
    return replace(entry, obligation=changed(entry.obligation, now_ms, cause="cancelled", **update))


def recalculated(entry: Entry, wanted: ObligationState, *, now_ms: int) -> Entry:
    """The entry with the instants, group and plan version that hold now, its reliefs on them; a cancelled one is owed
    again."""
    held = entry.obligation
    update = {name: getattr(wanted, name) for name in CALCULATED}
    update |= {"outcome": "PENDING", "reason": None, "approver": None, "planned": None}
    fresh = with_reliefs(held.model_copy(update=update), held.reliefs)
    return replace(entry, obligation=changed(fresh, now_ms, cause="recalculated"))


CALCULATED = (
    "plan_version",
    "peer_group",
    "year",
    "period_start",
    "period_last",
    "period_end_ms",
    "open_at_ms",
    "due_at_ms",
    "grace_end_ms",
    "lock_at_ms",
    "time_zone",
    "tiers",
    "share",
)
"""The fields of an obligation that follow from plan, unit and calendar."""


def changed(held: ObligationState, now_ms: int, **update: Any) -> ObligationState:
    """The obligation with these fields, its revision grown by one."""
    return held.model_copy(update={**update, "revision": held.revision + 1, "changed_at_ms": now_ms})


def _submission(state: ReportState) -> Submission:
    return Submission(
        report=state.report,
        version=state.version,
        state=state.phase,
        received_at_ms=state.received_at_ms,
        timeliness=state.timeliness,
    )


def _reviewable(entry: Entry) -> Report:
    if entry.report is None:
        raise Refusal("state", "Chưa có báo cáo để duyệt.", "There is no report to review yet.")
    check_unsealed(entry)
    return entry.report


def _wrong_phase(phase: str, wanted: str) -> Refusal:
    return Refusal(
        "state",
        f"Báo cáo đang ở trạng thái {phase}, cần {wanted}.",
        f"The report is {phase}; this needs {wanted}.",
        members={"phase": phase},
    )
