"""The one message of a recipient's day: its two sources, and the worker that makes it."""

from __future__ import annotations

from services.notify.handlers.due_deadlines import DueDeadlines
from services.notify.handlers.due_reports import DueReports
from services.notify.handlers.remind import DayWriter, Remind
from services.notify.handlers.watch import Raise
from services.notify.wiring.books import Books
from shared.telemetry.metrics import Metrics


def remind(books: Books, *, writer: DayWriter, metrics: Metrics) -> Remind:
    """Rungs of obligations and of deadlines of inspections, told together."""
    return Remind(
        reports=DueReports(plans=books.plans, ledger=books.ledger, reminders=books.reminders, notices=metrics.notices),
        deadlines=DueDeadlines(
            plans=books.plans,
            inspections=books.inspections,
            nudges=books.inspection_nudges,
            notices=metrics.notices,
        ),
        units=books.units,
        deliveries=books.deliveries,
        writer=writer,
        raise_alert=Raise(books.alerts, books.plans),
        notices=metrics.notices,
        delay=metrics.reminder_delay_seconds,
    )
