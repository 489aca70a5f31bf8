"""Every collection of intake with its indexes: what the store is opened with."""

from __future__ import annotations

from shared.http.idempotency import IDEMPOTENCY
from shared.nats.broker import BROKER_COLLECTIONS
from shared.store.chain import chain_collection
from shared.store.claims import CLAIMS
from shared.store.documents import Collection, Index
from shared.store.journal import JOURNAL

PLANS = Collection("plans", indexes=(Index(("plan",)),), emits=True)
UNITS = Collection("units", emits=True)
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
    ),
    emits=True,
)
REPORT_VERSIONS = Collection("report_versions", indexes=(Index(("report", "version")), Index(("sha256",))))
EVIDENCE = Collection("evidence")
KEYS = Collection("keys", indexes=(Index(("unit",)),))
MATERIALISED = Collection("materialised", indexes=(Index(("plan",)),))
AUDIT = chain_collection("audit")

EMITTING = (PLANS.name, UNITS.name, OBLIGATIONS.name)

COLLECTIONS: tuple[Collection, ...] = (
    PLANS,
    UNITS,
    OBLIGATIONS,
    REPORT_VERSIONS,
    EVIDENCE,
    KEYS,
    MATERIALISED,
    AUDIT,
    IDEMPOTENCY,
    JOURNAL,
    CLAIMS,
    *BROKER_COLLECTIONS,
)
