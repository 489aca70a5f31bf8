"""Everything that the clock and the broker drive, and the jobs in their order."""

from __future__ import annotations

from services.notify import schedule
from services.notify.domain.silences import SYSTEM
from services.notify.handlers.auditor import Auditor
from services.notify.handlers.follow import Follow
from services.notify.handlers.plan_rungs import PlanRungs
from services.notify.handlers.ports import Writer
from services.notify.handlers.slo import ReminderLevel
from services.notify.handlers.watch import Raise
from services.notify.wiring.alerts import AlertWork
from services.notify.wiring.books import Books
from services.notify.wiring.deliveries import DeliveryWork
from services.notify.wiring.digests import DigestWork
from services.notify.wiring.inspections import InspectionWork
from services.notify.wiring.reminders import remind
from shared.audit.log import AskAudit, Audit
from shared.audit.mend import Mend
from shared.schedule import Job
from shared.telemetry.metrics import Metrics


class Work:
    """The handlers by concern."""

    def __init__(
        self,
        books: Books,
        *,
        writer: Writer,
        audit: Audit,
        metrics: Metrics,
        inspections: InspectionWork,
        digests: DigestWork,
        deliveries: DeliveryWork,
    ) -> None:
        self.deliveries, self.deliver = deliveries, deliveries.deliver
        self.inspections = inspections
        self.digests, self.make_digests = digests, digests.make
        self.alerts = AlertWork(books, writer=writer, audit=audit, metrics=metrics)
        self.watch, self.silences, self.tell_alerts = self.alerts.watch, self.alerts.silences, self.alerts.tell
        self.ask_audit = AskAudit(books.audit_chain)
        self.mend = Mend(
            changes=books.changed,
            looked=books.looked_until,
            lines=books.audit_chain,
            unwritten=frozenset({SYSTEM}),
        )
        self.follow = Follow(
            plans=books.plans,
            units=books.units,
            ledger=books.ledger,
            reports=books.reports,
            scores=books.scores,
            evaluations=books.evaluations,
            anchors=books.anchors,
        )
        self.plan_rungs = PlanRungs(
            plans=books.plans, units=books.units, ledger=books.ledger, reminders=books.reminders
        )
        self.remind = remind(books, writer=writer, metrics=metrics)
        self.level = ReminderLevel(
            deliveries=books.deliveries, reminders=books.reminders, ratio=metrics.reminders_on_time_ratio
        )
        self.auditor = Auditor(
            plans=books.plans,
            ledger=books.ledger,
            reminders=books.reminders,
            nudges=books.inspection_nudges,
            deliveries=books.deliveries,
            digests=books.digests,
            alerts=books.alerts,
            raise_alert=Raise(books.alerts, books.plans),
        )

    def jobs(self) -> tuple[Job, ...]:
        """What is asked at every pass, in this order."""
        made = schedule.jobs(
            plan_rungs=self.plan_rungs,
            remind=self.remind,
            watch=self.watch,
            watch_inspections=self.inspections.watch,
            tell_alerts=self.tell_alerts,
            make_digests=self.make_digests,
            fall_back=self.deliveries.fall_back,
            fold=self.deliveries.fold,
            deliver=self.deliver,
            auditor=self.auditor,
            level=self.level,
        )
        audit = schedule.audit_jobs(anchor_due=self.ask_audit.anchor_due, mend_due=self.mend.due)
        return (*made, *audit)
