"""Every collection of notify, those of shared parts included, and those whose documents carry events."""

from __future__ import annotations

from services.notify.repository.alerts import ALERTS
from services.notify.repository.deliveries import DELIVERIES
from services.notify.repository.digests import DIGESTS
from services.notify.repository.ledger import LEDGER
from services.notify.repository.plans import PLANS
from services.notify.repository.reminders import REMINDERS
from services.notify.repository.sources import EVALUATIONS, REPORTS, SCORES
from services.notify.repository.units import UNITS
from shared.nats.broker import BROKER_COLLECTIONS
from shared.store.documents import Collection
from shared.store.journal import JOURNAL

COLLECTIONS: tuple[Collection, ...] = (
    PLANS,
    UNITS,
    LEDGER,
    REPORTS,
    SCORES,
    EVALUATIONS,
    REMINDERS,
    ALERTS,
    DIGESTS,
    DELIVERIES,
    JOURNAL,
    *BROKER_COLLECTIONS,
)
EMITTING = tuple(collection.name for collection in COLLECTIONS if collection.emits)
