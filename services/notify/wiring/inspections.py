"""Inspections: what people do about them, and what the clock does."""

from __future__ import annotations

from services.notify.handlers.draws import DrawDesk
from services.notify.handlers.inspections import InspectionDesk
from services.notify.handlers.watch import Raise
from services.notify.handlers.watch_inspections import WatchInspections
from services.notify.repository.inspections import HeldInspection
from services.notify.wiring.books import Books
from shared.audit.log import Audit
from shared.clock import Clock


class InspectionWork:
    """Inspections: what people do about them, and what the clock does."""

    def __init__(self, books: Books, *, audit: Audit, clock: Clock) -> None:
        raise_alerts = Raise(books.alerts, books.plans)
        self.desk: InspectionDesk[HeldInspection] = InspectionDesk(
            plans=books.plans,
            units=books.units,
            alerts=books.alerts,
            inspections=books.inspections,
            draws=books.inspection_draws,
            audit=audit,
            clock=clock,
        )
        self.draws = DrawDesk(
            plans=books.plans, units=books.units, draws=books.inspection_draws, audit=audit, clock=clock
        )
        self.watch: WatchInspections[HeldInspection] = WatchInspections(
            plans=books.plans,
            inspections=books.inspections,
            nudges=books.inspection_nudges,
            raise_alerts=raise_alerts,
        )
