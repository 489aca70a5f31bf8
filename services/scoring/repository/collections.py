"""Every collection of scoring with its indexes."""

from __future__ import annotations

from shared.nats.broker import BROKER_COLLECTIONS
from shared.store.documents import Collection, Index
from shared.store.journal import JOURNAL

PLANS = Collection("plans", (Index(("plan",)),))
UNITS = Collection("units")
LEDGER = Collection("ledger", (Index(("evaluation",)),))
OBSERVATIONS = Collection("observations", (Index(("evaluation", "counts")),))
MARKS = Collection("marks", (Index(("state", "marked_ms")), Index(("plan",)), Index(("tick_ms",))))
EVALUATIONS = Collection("evaluations", (Index(("plan",)),), emits=True)
SCORES = Collection(
    "scores",
    (Index(("evaluation",)), Index(("listing", "order")), Index(("listing", "peer_group", "order"))),
    emits=True,
)

COLLECTIONS: tuple[Collection, ...] = (
    PLANS,
    UNITS,
    LEDGER,
    OBSERVATIONS,
    MARKS,
    EVALUATIONS,
    SCORES,
    JOURNAL,
    *BROKER_COLLECTIONS,
)
EMITTING = tuple(collection.name for collection in COLLECTIONS if collection.emits)
