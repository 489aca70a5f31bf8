"""Intake: knows who owes which report by when, and receives the reports.

Owns: plans, units, obligations (with the report that stands for each), report_versions, evidence, keys, idempotency,
materialised, audit, journal, claims. Enters by: HTTP (`routes`) and the clock (`schedule`); it consumes no events.
Emits: `plan.published.v1`, `unit.changed.v1`, `obligation.changed.v1`, `report.changed.v1`.
"""
