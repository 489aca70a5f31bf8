"""Texts, symbols and looks of the values that events carry. Every look is also said in words."""

from __future__ import annotations

from services.dashboard.domain.cells import CellKind
from services.dashboard.pages.catalogue import N_

CELLS: dict[CellKind, tuple[str, str]] = {
    CellKind.ON_TIME: ("✓", N_("received on time")),
    CellKind.IN_GRACE: ("✓", N_("received in grace")),
    CellKind.LATE: ("◔", N_("received late")),
    CellKind.NIL: ("∅", N_("nil report")),
    CellKind.OPEN: ("○", N_("open")),
    CellKind.DUE_SOON: ("◉", N_("due soon")),
    CellKind.GRACE: ("◑", N_("due, in grace")),
    CellKind.OVERDUE: ("✗", N_("overdue")),
    CellKind.NOT_OPEN: ("·", N_("not yet open")),
    CellKind.WAIVED: ("≈", N_("waived")),
    CellKind.NOT_APPLICABLE: ("–", N_("not applicable")),
    CellKind.CANCELLED: ("–", N_("cancelled")),
}
REVIEWS = {
    "DRAFT": N_("draft"),
    "SUBMITTED": N_("waiting for approval"),
    "RETURNED": N_("returned for correction"),
    "APPROVED": N_("approved"),
    "SEALED": N_("sealed"),
}
SEVERITIES = {"high": N_("high"), "medium": N_("medium"), "low": N_("low")}
ALERT_PHASES = {
    "OPEN": N_("open"),
    "ACKNOWLEDGED": N_("acknowledged"),
    "RESOLVED": N_("resolved"),
    "SILENCED": N_("silenced"),
}
REMINDER_STATUSES = {
    "PENDING": N_("planned"),
    "SENT": N_("sent"),
    "SUPERSEDED": N_("no longer needed"),
    "SKIPPED_LATE": N_("skipped, a later one was due"),
    "SUPPRESSED": N_("suppressed"),
    "FAILED": N_("failed"),
}
REMINDER_KINDS = {
    "reminder": N_("Reminder"),
    "overdue": N_("Overdue notice"),
    "escalation": N_("Escalation"),
}
DELIVERY_STATUSES = {
    "CREATED": N_("waiting"),
    "SENDING": N_("being sent"),
    "SENT": N_("sent"),
    "DELIVERED": N_("delivered"),
    "TEMPORARY_FAILURE": N_("failed, will be tried again"),
    "PERMANENT_FAILURE": N_("failed for good"),
    "TECHNICAL_FAILURE": N_("technical failure"),
    "SUPERSEDED": N_("no longer needed"),
    "CANCELLED": N_("cancelled"),
}
DELIVERY_KINDS = {
    "reminder": N_("Reminder"),
    "alert": N_("Alert"),
    "digest": N_("Digest"),
    "inspection": N_("Inspection"),
}
AUDIENCES = {
    "operations": N_("operations"),
    "standing_body": N_("standing body"),
    "leadership": N_("leadership"),
}
INDICATOR_STATUSES = {
    "observed": N_("reported"),
    "estimated": N_("estimated"),
    "imputed": N_("imputed"),
    "carried": N_("carried over from an earlier year"),
    "not_reported": N_("not reported"),
    "not_applicable": N_("not applicable"),
    "suppressed": N_("suppressed"),
    "invalid": N_("invalid"),
    "not_due": N_("not due yet"),
    "excluded": N_("left out: nothing to compare with"),
    "informational": N_("for information"),
}
EVALUATION_PHASES = {
    "DRAFT": N_("draft"),
    "SELF_SCORING": N_("self-scoring"),
    "APPRAISAL": N_("appraisal"),
    "PROVISIONAL": N_("provisional result"),
    "CLARIFICATION": N_("clarification"),
    "FINAL_REVIEW": N_("final review"),
    "SEALED": N_("sealed"),
    "PUBLISHED": N_("published"),
    "CORRECTED": N_("corrected"),
}
NOUNS = {
    "plan": N_("Plans"),
    "unit": N_("Units"),
    "obligation": N_("Obligations"),
    "report": N_("Reports"),
    "score": N_("Scores"),
    "evaluation": N_("Evaluations"),
    "reminder": N_("Reminders"),
    "alert": N_("Alerts"),
    "silence": N_("Silences"),
    "outage": N_("Outages"),
    "inspection": N_("Inspections"),
    "digest": N_("Digests"),
    "delivery": N_("Deliveries"),
}
GOOD = frozenset({"SENT", "DELIVERED", "COMPLETED"})
BAD = frozenset({"FAILED", "TEMPORARY_FAILURE", "PERMANENT_FAILURE", "TECHNICAL_FAILURE"})


def look_of_status(status: str) -> str:
    """The look of a reminder's or delivery's status."""
    return "good" if status in GOOD else "bad" if status in BAD else "quiet"
