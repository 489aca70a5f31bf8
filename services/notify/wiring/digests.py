"""Digests: made when they are due, read again as they were pinned, previewed."""

from __future__ import annotations

from services.notify.handlers.digest import MakeDigests
from services.notify.handlers.digest_content import DigestContent
from services.notify.handlers.digest_pinned import PinnedDigests
from services.notify.handlers.digest_ports import Press
from services.notify.handlers.digest_preview import PreviewDigest
from services.notify.handlers.digest_sources import AnchorsTold, InspectionsTold, SilencesTold
from services.notify.wiring.books import Books
from shared.telemetry.metrics import Metrics


class DigestWork:
    """Digests: made when they are due, read again as they were pinned, previewed."""

    def __init__(self, books: Books, *, press: Press, metrics: Metrics) -> None:
        content = DigestContent(
            units=books.units,
            ledger=books.ledger,
            scores=books.scores,
            evaluations=books.evaluations,
            alerts=books.alerts,
            deliveries=books.deliveries,
            silences=SilencesTold(books.silences, books.outages, books.alerts),
            inspections=InspectionsTold(books.inspections),
            anchors=AnchorsTold(books.audit_chain, books.anchors, books.plans),
        )
        self.make = MakeDigests(
            plans=books.plans,
            units=books.units,
            content=content,
            press=press,
            deliveries=books.deliveries,
            digests=books.digests,
            enclosures=books.enclosures,
            notices=metrics.notices,
        )
        self.pinned = PinnedDigests(books.digests, books.enclosures)
        self.preview = PreviewDigest(plans=books.plans, content=content, press=press, digests=books.digests)
