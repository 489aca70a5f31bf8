"""Every collection of intake with its indexes: what the store is opened with."""

from __future__ import annotations

from shared.http.idempotency import IDEMPOTENCY
from shared.nats.broker import BROKER_COLLECTIONS
from shared.store.audit_chain import ANCHORS, AUDIT_COLLECTIONS
from shared.store.chain_batches import batched_chain
from shared.store.claims import CLAIMS
from shared.store.documents import Collection, Index
from shared.store.journal import JOURNAL
from shared.store.looked import MENDED

PLANS = Collection("plans", indexes=(Index(("plan",)), Index(("published_ms",))), emits=True)
UNITS = Collection("units", indexes=(Index(("changed_ms",)),), emits=True)
OBLIGATIONS = Collection(
    "obligations",
    indexes=(
        Index(("plan", "year", "form")),
        Index(("plan", "period", "form")),
        Index(("plan", "unit", "year")),
        Index(("unit", "year")),
        Index(("plan", "outcome")),
        Index(("has_report", "plan", "phase")),
        Index(("report_sha256",)),
        Index(("relief_ends_ms",)),
        Index(("review_due_ms",)),
        Index(("changed_at_ms",)),
    ),
    emits=True,
)
REPORT_VERSIONS = Collection(
    "report_versions", indexes=(Index(("report", "version")), Index(("sha256",)), Index(("archived_ms",)))
)
EVIDENCE = Collection("evidence")
KEYS = Collection("keys", indexes=(Index(("unit",)), Index(("changed_ms",))))
MATERIALISED = Collection("materialised", indexes=(Index(("plan",)),))
UNIT_CHANGES = Collection("unit_changes", indexes=(Index(("state", "recorded_ms")), Index(("recorded_ms",))))
SEALS = Collection("seals", indexes=(Index(("plan",)), Index(("state",))))
DRAFTS = Collection("drafts", indexes=(Index(("saved_ms",)),))
RECEIPTS, RECEIPT_HEADS = batched_chain("receipts", tags=(("sha256", "seq"), ("report", "seq")))

IMPORTS = Collection("imports", indexes=(Index(("phase", "due_ms")), Index(("received_ms",))))
KEPT_FILES = Collection("kept_evidence", indexes=(Index(("sha256",)), Index(("uploaded_at_ms",))))

EMITTING = (PLANS.name, UNITS.name, OBLIGATIONS.name, ANCHORS.name)

COLLECTIONS: tuple[Collection, ...] = (
    PLANS,
    UNITS,
    OBLIGATIONS,
    REPORT_VERSIONS,
    EVIDENCE,
    KEYS,
    MATERIALISED,
    UNIT_CHANGES,
    SEALS,
    DRAFTS,
    *AUDIT_COLLECTIONS,
    RECEIPTS,
    RECEIPT_HEADS,
    MENDED,
    IMPORTS,
    KEPT_FILES,
    IDEMPOTENCY,
    JOURNAL,
    CLAIMS,
    *BROKER_COLLECTIONS,
)
