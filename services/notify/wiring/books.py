"""The repositories, one per collection, and how much work is due in them."""

from __future__ import annotations

from services.notify.domain.silences import Outage, Silence
from services.notify.repository.acts import Acts
from services.notify.repository.addresses import Addresses
from services.notify.repository.alerts import Alerts
from services.notify.repository.anchors import FollowedAnchors
from services.notify.repository.budgets import Budgets
from services.notify.repository.changes import ChangedByPeople
from services.notify.repository.deliveries import Deliveries
from services.notify.repository.digests import Digests
from services.notify.repository.enclosures import Enclosures
from services.notify.repository.feeds import Feeds
from services.notify.repository.groups import Groups
from services.notify.repository.inspections import InspectionDraws, InspectionNudges, Inspections
from services.notify.repository.ledger import Ledger
from services.notify.repository.numbers import Numbers
from services.notify.repository.plans import Plans
from services.notify.repository.preferences import PreferenceBook
from services.notify.repository.reminders import Reminders
from services.notify.repository.silences import OUTAGES, SILENCES, Windows
from services.notify.repository.sources import EVALUATIONS, REPORTS, SCORES, Source
from services.notify.repository.units import Units
from shared.events.anchor import NotifyAnchorState
from shared.events.report import ReportState
from shared.events.score import EvaluationState, ScoreState
from shared.store.audit_chain import AuditChain
from shared.store.documents import Documents
from shared.store.looked import LookedUntil


class Books:
    """The repositories, one per collection."""

    def __init__(self, store: Documents) -> None:
        self.plans = Plans(store)
        self.preferences = PreferenceBook(store)
        self.addresses = Addresses(store)
        self.budgets = Budgets(store)
        self.units = Units(store, self.preferences.languages)
        self.ledger = Ledger(store)
        self.reports: Source[ReportState] = Source(store, REPORTS, ReportState)
        self.scores: Source[ScoreState] = Source(store, SCORES, ScoreState)
        self.evaluations: Source[EvaluationState] = Source(store, EVALUATIONS, EvaluationState)
        self.reminders = Reminders(store)
        self.alerts = Alerts(store)
        self.groups = Groups(store)
        self.silences: Windows[Silence] = Windows(store, SILENCES, Silence)
        self.outages: Windows[Outage] = Windows(store, OUTAGES, Outage)
        self.numbers = Numbers(store)
        self.deliveries = Deliveries(store)
        self.digests = Digests(store)
        self.enclosures = Enclosures(store)
        self.inspections = Inspections(store)
        self.inspection_draws = InspectionDraws(store)
        self.inspection_nudges = InspectionNudges(store)
        self.audit_chain = AuditChain(store, announces=NotifyAnchorState)
        self.acts = Acts(store)
        self.changed = ChangedByPeople(store)
        self.looked_until = LookedUntil(store)
        self.feeds = Feeds(store)
        self.anchors = FollowedAnchors(store)

    async def due(self, now_ms: int) -> int:
        """How much work is due and not done at an instant. Counted in the store, so it is exact for all instances."""
        counts = (
            await self.ledger.count_due(now_ms),
            await self.reports.count_due(now_ms),
            await self.scores.count_due(now_ms),
            await self.units.count_due(now_ms),
            await self.reminders.count_due(now_ms),
            await self.alerts.count_work_due(now_ms),
            await self.groups.count_due(now_ms),
            await self.silences.count_due(now_ms),
            await self.outages.count_due(now_ms),
            await self.digests.count_unfinished(),
            await self.inspections.count_due(now_ms),
            await self.inspection_nudges.count_due(now_ms),
            await self.deliveries.count_due(now_ms),
        )
        return sum(counts)
