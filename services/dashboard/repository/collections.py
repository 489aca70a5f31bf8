"""Everything that the dashboard declares to its store."""

from __future__ import annotations

from services.dashboard.repository.alerts import ALERTS
from services.dashboard.repository.deliveries import DELIVERIES
from services.dashboard.repository.digests import DIGESTS
from services.dashboard.repository.evaluations import EVALUATIONS
from services.dashboard.repository.inspections import INSPECTIONS
from services.dashboard.repository.obligations import OBLIGATIONS
from services.dashboard.repository.plans import PLANS
from services.dashboard.repository.reminders import REMINDERS
from services.dashboard.repository.reports import REPORTS
from services.dashboard.repository.scores import SCORES
from services.dashboard.repository.units import UNITS
from services.dashboard.repository.watermarks import WATERMARKS
from services.dashboard.repository.windows import OUTAGES, SILENCES
from shared.nats.broker import BROKER_COLLECTIONS
from shared.store.documents import Collection
from shared.store.journal import JOURNAL

COLLECTIONS: tuple[Collection, ...] = (
    PLANS,
    UNITS,
    OBLIGATIONS,
    REPORTS,
    SCORES,
    EVALUATIONS,
    REMINDERS,
    ALERTS,
    DIGESTS,
    INSPECTIONS,
    SILENCES,
    OUTAGES,
    DELIVERIES,
    WATERMARKS,
    JOURNAL,
    *BROKER_COLLECTIONS,
)
