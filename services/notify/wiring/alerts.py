"""Inspection alerts: raised by signals, muted by windows, told in groups, changed by people."""

from __future__ import annotations

from services.notify.handlers.alerts import AlertDesk
from services.notify.handlers.ports import Writer
from services.notify.handlers.silences import SilenceDesk
from services.notify.handlers.tell_alerts import TellAlerts
from services.notify.handlers.watch import Watch
from services.notify.wiring.books import Books
from shared.audit.log import Audit
from shared.telemetry.metrics import Metrics


class AlertWork:
    """What watches, mutes and tells, and the desk at which people promise and resolve."""

    def __init__(self, books: Books, *, writer: Writer, audit: Audit, metrics: Metrics) -> None:
        self.watch = Watch(
            plans=books.plans,
            units=books.units,
            obligations=books.ledger,
            reports=books.reports,
            scores=books.scores,
            alerts=books.alerts,
            marks=books.alerts,
            numbers=books.numbers,
        )
        self.silences = SilenceDesk(
            silences=books.silences, outages=books.outages, alerts=books.alerts, plans=books.plans, audit=audit
        )
        self.tell = TellAlerts(
            plans=books.plans,
            units=books.units,
            alerts=books.alerts,
            groups=books.groups,
            windows=self.silences,
            silences=books.silences,
            outages=books.outages,
            ledger=books.ledger,
            deliveries=books.deliveries,
            writer=writer,
            notices=metrics.notices,
        )
        self.desk = AlertDesk(books.alerts, books.plans, audit)
