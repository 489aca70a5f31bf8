"""The clock edge: what notify asks itself at every pass, in this order.

Each job works until nothing is due for it at that instant, and makes due work only for those after it; so one pass
at a standing clock leaves nothing due.
"""

from __future__ import annotations

from services.notify.handlers.deliver import Deliver
from services.notify.handlers.digest import MakeDigests
from services.notify.handlers.plan_rungs import PlanRungs
from services.notify.handlers.remind import Remind
from services.notify.handlers.tell_alerts import TellAlerts
from services.notify.handlers.watch import Watch
from shared.schedule import Job


def jobs(
    *,
    plan_rungs: PlanRungs,
    remind: Remind,
    watch: Watch,
    tell_alerts: TellAlerts,
    make_digests: MakeDigests,
    deliver: Deliver,
) -> tuple[Job, ...]:
    """The jobs in their order: alerts before digests, so that a digest tells of what is overdue at its own moment."""
    return (
        Job("plan_rungs", plan_rungs.run),
        Job("due_reminders", remind.run),
        Job("overdue_alerts", watch.run),
        Job("alert_notices", tell_alerts.run),
        Job("digests", make_digests.run),
        Job("deliveries", deliver.run),
    )
