"""Deliveries: admitted, sent, followed up, folded; and what recipients and operators say about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.notify.channels.letters import Letters
from services.notify.domain.links import Links
from services.notify.handlers.admit import Admit, StillOwed
from services.notify.handlers.arrivals import Arrivals
from services.notify.handlers.bounces import TakeBounces
from services.notify.handlers.deliver import Deliver
from services.notify.handlers.desk import DeliveryDesk
from services.notify.handlers.fall_back import FallBack
from services.notify.handlers.fold import Fold
from services.notify.handlers.ports import Channel
from services.notify.handlers.preferences import AddressDesk, PreferenceDesk, TargetCheck
from services.notify.handlers.watch import Raise
from services.notify.wiring.books import Books
from shared.audit.log import Audit
from shared.clock import Clock
from shared.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Sending:
    """How messages leave: the channels by name, what looks at a recipient's target, and the bounds.

    `returns_to_us`: bounces come to addresses of our own, and only those are believed.
    """

    channels: Mapping[str, Channel]
    links: Links
    check_target: TargetCheck
    per_day_max: int
    at_once: int
    instance: str
    returns_to_us: bool


class DeliveryWork:
    """What moves deliveries, and the desks at which people change them."""

    def __init__(
        self, books: Books, sending: Sending, *, letters: Letters, audit: Audit, clock: Clock, metrics: Metrics
    ) -> None:
        self.channels = sending.channels
        raise_alert = Raise(books.alerts, books.plans)
        still_owed = StillOwed(books.reminders, books.ledger, books.inspection_nudges, books.inspections)
        admit = Admit(
            preferences=books.preferences,
            addresses=books.addresses,
            budgets=books.budgets,
            still_owed=still_owed,
            per_day_max=sending.per_day_max,
        )
        self.fall_back = FallBack(
            deliveries=books.deliveries,
            addresses=books.addresses,
            preferences=books.preferences,
            alerts=books.alerts,
            units=books.units,
            plans=books.plans,
            admit=admit,
            raise_alert=raise_alert,
            arrivals=Arrivals(books.reminders, books.inspection_nudges),
        )
        self.fold = Fold(
            deliveries=books.deliveries,
            preferences=books.preferences,
            still_owed=still_owed,
            writer=letters,
            notices=metrics.notices,
        )
        self.deliver = Deliver(
            deliveries=books.deliveries,
            channels=sending.channels,
            admit=admit,
            fall_back=self.fall_back,
            clock=clock,
            counter=metrics.deliveries,
            instance=sending.instance,
            at_once=sending.at_once,
        )
        self.desk = DeliveryDesk(books.deliveries, books.acts, audit)
        self.bounces = TakeBounces(
            books.deliveries, sending.links, acts=books.acts, audit=audit, strict=sending.returns_to_us
        )
        self.preferences = PreferenceDesk(
            preferences=books.preferences, links=sending.links, audit=audit, check_target=sending.check_target
        )
        self.addresses = AddressDesk(
            addresses=books.addresses, alerts=books.alerts, raise_alert=raise_alert, audit=audit
        )
