"""Every collection of notify, and those of them whose documents carry events."""

from __future__ import annotations

from services.notify.repository.alerts import ALERTS
from services.notify.repository.deliveries import DELIVERIES
from services.notify.repository.digests import DIGESTS
from services.notify.repository.ledger import LEDGER
from services.notify.repository.plans import PLANS
from services.notify.repository.reminders import REMINDERS
from services.notify.repository.sources import EVALUATIONS, REPORTS, SCORES
from services.notify.repository.units import UNITS

COLLECTIONS = (
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
)
EMITTING = tuple(collection.name for collection in COLLECTIONS if collection.emits)
