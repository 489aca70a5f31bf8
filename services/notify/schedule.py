"""The clock edge: what notify asks itself at every pass, in this order.

Each job works until nothing is due for it at that instant, and makes due work only for those after it; so one pass
at a standing clock leaves nothing due.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from services.notify.handlers.auditor import Auditor
from services.notify.handlers.deliver import Deliver
from services.notify.handlers.digest import MakeDigests
from services.notify.handlers.fall_back import FallBack
from services.notify.handlers.fold import Fold
from services.notify.handlers.plan_rungs import PlanRungs
from services.notify.handlers.remind import Remind
from services.notify.handlers.slo import ReminderLevel
from services.notify.handlers.tell_alerts import TellAlerts
from services.notify.handlers.watch import Watch
from services.notify.handlers.watch_inspections import WatchInspections
from shared.schedule import Job


def jobs(
    *,
    plan_rungs: PlanRungs,
    remind: Remind,
    watch: Watch,
    watch_inspections: WatchInspections[Any],
    tell_alerts: TellAlerts,
    make_digests: MakeDigests,
    fall_back: FallBack,
    fold: Fold,
    deliver: Deliver,
    auditor: Auditor,
    level: ReminderLevel,
) -> tuple[Job, ...]:
    """The jobs in their order: alerts before digests, so that a digest tells of what is overdue at its own moment."""
    return (
        Job("plan_rungs", plan_rungs.run),
        Job("inspection_deadlines", watch_inspections.run),
        # Behind both that plan rows: what is due together is told together.
        Job("due_reminders", remind.run),
        Job("overdue_alerts", watch.run),
        Job("contact_quality", fall_back.run),
        Job("alert_notices", tell_alerts.run),
        Job("digests", make_digests.run),
        Job("held_messages", fold.run),
        Job("deliveries", deliver.run),
        Job("auditor", auditor.run),
        Job("service_level", level.run),
        # An address that failed just now is an alert: it is taken into its group here, and told at a later pass.
        Job("delivery_alerts", tell_alerts.run),
    )


def audit_jobs(
    *, anchor_due: Callable[[int], Awaitable[int]], mend_due: Callable[[int], Awaitable[int]]
) -> tuple[Job, ...]:
    """What keeps the audit log whole: anchors of days that are over, lines that a crash left unwritten."""
    return (Job("audit_anchors", anchor_due), Job("audit_mend", mend_due))
