"""Intake: knows who owes which report by when, and receives the reports.

Owns: plans, units, obligations (with the report that stands for each), report_versions, evidence, keys, idempotency,
materialised, unit_changes, seals, drafts, audit (with heads and anchors), receipts, mended, journal, claims, imports,
kept_evidence (the bytes stand in a folder).
Enters by: HTTP (`routes`), the clock (`schedule`), and one event (`consumer`): an edition that was sealed.
Emits: `plan.published.v1`, `unit.changed.v1`, `obligation.changed.v1`, `report.changed.v1`.
"""
