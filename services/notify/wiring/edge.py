"""The HTTP edge: every router with the handlers that it asks."""

from __future__ import annotations

from fastapi import APIRouter

from services.notify.channels.calendar_words import sayings
from services.notify.channels.pages import Foot
from services.notify.domain.acts import CHAIN
from services.notify.handlers.feeds import FeedDesk
from services.notify.handlers.reading import NoteReading
from services.notify.handlers.why import Why
from services.notify.routes.alerts import alert_routes
from services.notify.routes.deliveries import delivery_routes
from services.notify.routes.digests import digest_routes
from services.notify.routes.feeds import feed_routes
from services.notify.routes.inspections import draw_routes, finding_routes, inspection_routes
from services.notify.routes.preferences import preference_routes
from services.notify.routes.reminders import reminder_routes
from services.notify.routes.silences import silence_routes
from services.notify.routes.slo import slo_routes
from services.notify.routes.unsubscribe import unsubscribe_routes
from services.notify.wiring.books import Books
from services.notify.wiring.work import Work
from shared.audit.log import Audit
from shared.clock import Clock
from shared.http.audit import audit_routes


def routers(
    work: Work, books: Books, *, pages: Foot, clock: Clock, public_url: str, mail_host: str, audit: Audit
) -> list[APIRouter]:
    """`mail_host`: the right side of our mail address, which calendar entries carry too."""
    told = work.deliveries
    reads = NoteReading(audit, clock)
    feeds = FeedDesk(
        feeds=books.feeds,
        plans=books.plans,
        units=books.units,
        ledger=books.ledger,
        inspections=books.inspections,
        sayings_of=sayings,
        host=mail_host,
        audit=audit,
    )
    return [
        reminder_routes(books.reminders),
        alert_routes(books.alerts, work.alerts.desk, clock),
        silence_routes(work.silences, clock),
        delivery_routes(
            books.deliveries, why(books), told.desk, told.bounces, clock, enclosing=work.digests.pinned, reads=reads
        ),
        preference_routes(told.preferences, told.addresses, clock),
        unsubscribe_routes(told.preferences, pages, clock),
        digest_routes(books.digests, work.digests.pinned, work.digests.preview, reads, clock),
        inspection_routes(work.inspections.desk),
        finding_routes(work.inspections.desk),
        draw_routes(work.inspections.draws),
        audit_routes(work.ask_audit, beside_plans=frozenset({CHAIN})),
        slo_routes(work.level, work.auditor, clock),
        feed_routes(feeds, clock, public_url=public_url, pages=pages),
    ]


def why(books: Books) -> Why:
    """What answers why something was or was not sent."""
    return Why(
        units=books.units,
        ledger=books.ledger,
        reminders=books.reminders,
        nudges=books.inspection_nudges,
        alerts=books.alerts,
        alert_pages=books.alerts,
        groups=books.groups,
        silences=books.silences,
        outages=books.outages,
        deliveries=books.deliveries,
        digests=books.digests,
        preferences=books.preferences,
        addresses=books.addresses,
    )
