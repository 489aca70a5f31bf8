"""Every collection of scoring with its indexes."""

from __future__ import annotations

from shared.nats.broker import BROKER_COLLECTIONS
from shared.store.audit_chain import AUDIT_COLLECTIONS
from shared.store.documents import Collection, Index
from shared.store.journal import JOURNAL
from shared.store.looked import MENDED

PLANS = Collection("plans", (Index(("plan",)),))
UNITS = Collection("units")
HISTORY = Collection("history", (Index(("scope", "kind", "at_ms")), Index(("aggregate",))))
LEDGER = Collection("ledger", (Index(("evaluation",)),))
OBSERVATIONS = Collection("observations", (Index(("evaluation", "counts")),))
FINDINGS = Collection("findings", (Index(("evaluation", "counts")),))
MARKS = Collection("marks", (Index(("state", "marked_ms")), Index(("plan",)), Index(("tick_ms",))))
EVALUATIONS = Collection("evaluations", (Index(("plan",)),), emits=True)
SCORES = Collection(
    "scores",
    (Index(("evaluation",)), Index(("listing", "order")), Index(("listing", "peer_group", "order"))),
    emits=True,
)
EDITIONS = Collection(
    "editions",
    (
        Index(("chain", "seq"), unique=True),
        Index(("plan", "year", "number"), unique=True),
        Index(("following", "plan")),
        Index(("changed_ms",)),
    ),
    emits=True,
)
EDITION_PARTS = Collection("edition_parts", (Index(("folder",)),))
PROPOSALS = Collection("edition_proposals", (Index(("state",)),))
CORRECTIONS = Collection("edition_corrections", (Index(("plan", "year", "number"), unique=True),))
PROVISIONALS = Collection("provisionals", (Index(("plan", "year", "number"), unique=True),))
ROUNDS = Collection("rounds", (Index(("plan",)), Index(("due_ms",)), Index(("changed_ms",))), emits=True)
APPRAISALS = Collection(
    "appraisals",
    (Index(("evaluation", "unit")), Index(("evaluation", "disputed")), Index(("changed_ms",))),
    emits=True,
)
CLARIFICATIONS = Collection(
    "clarifications",
    (Index(("evaluation", "unit", "status")), Index(("evaluation", "status")), Index(("changed_ms",))),
    emits=True,
)
JOBS = Collection("jobs", (Index(("state", "asked_ms")), Index(("plan", "asked_ms")), Index(("asked_ms",))))
JOB_PARTS = Collection("job_parts", (Index(("folder", "number")),))

COLLECTIONS: tuple[Collection, ...] = (
    PLANS,
    UNITS,
    HISTORY,
    LEDGER,
    OBSERVATIONS,
    FINDINGS,
    MARKS,
    EVALUATIONS,
    SCORES,
    EDITIONS,
    EDITION_PARTS,
    PROPOSALS,
    CORRECTIONS,
    PROVISIONALS,
    ROUNDS,
    APPRAISALS,
    CLARIFICATIONS,
    JOBS,
    JOB_PARTS,
    *AUDIT_COLLECTIONS,
    MENDED,
    JOURNAL,
    *BROKER_COLLECTIONS,
)
EMITTING = tuple(collection.name for collection in COLLECTIONS if collection.emits)
