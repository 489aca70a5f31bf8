"""Every collection of notify, those of shared parts included, and those whose documents carry events."""

from __future__ import annotations

from services.notify.repository.acts import ACTS
from services.notify.repository.addresses import ADDRESSES
from services.notify.repository.alerts import ALERTS
from services.notify.repository.anchors import ANCHORED
from services.notify.repository.budgets import BUDGETS
from services.notify.repository.deliveries import DELIVERIES
from services.notify.repository.digests import DIGESTS
from services.notify.repository.enclosures import ENCLOSURES
from services.notify.repository.feeds import FEEDS
from services.notify.repository.groups import GROUPS
from services.notify.repository.inspections import DRAWS, INSPECTIONS, NUDGES
from services.notify.repository.ledger import LEDGER
from services.notify.repository.numbers import NUMBERS
from services.notify.repository.plans import PLANS
from services.notify.repository.preferences import PREFERENCES
from services.notify.repository.reminders import REMINDERS
from services.notify.repository.silences import OUTAGES, SILENCES
from services.notify.repository.sources import EVALUATIONS, REPORTS, SCORES
from services.notify.repository.units import UNITS
from shared.nats.broker import BROKER_COLLECTIONS
from shared.store.audit_chain import AUDIT_COLLECTIONS
from shared.store.documents import Collection
from shared.store.journal import JOURNAL
from shared.store.looked import MENDED

COLLECTIONS: tuple[Collection, ...] = (
    PLANS,
    UNITS,
    LEDGER,
    REPORTS,
    SCORES,
    EVALUATIONS,
    REMINDERS,
    ALERTS,
    GROUPS,
    SILENCES,
    OUTAGES,
    NUMBERS,
    INSPECTIONS,
    DRAWS,
    NUDGES,
    DIGESTS,
    ENCLOSURES,
    DELIVERIES,
    FEEDS,
    ANCHORED,
    ACTS,
    *AUDIT_COLLECTIONS,
    MENDED,
    PREFERENCES,
    ADDRESSES,
    BUDGETS,
    JOURNAL,
    *BROKER_COLLECTIONS,
)
EMITTING = tuple(collection.name for collection in COLLECTIONS if collection.emits)
