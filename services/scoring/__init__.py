"""Scoring: turns the reports of a plan into the annual evaluation of every unit.

Owns: plans, units, ledger (obligations), observations (reports), findings, marks (what is to be recomputed),
evaluations, scores, journal. Enters by: events of plans, units, obligations, reports and inspections (`consumer`), the
clock (`schedule`), HTTP reads (`routes`). Emits: `score.changed.v1`, `evaluation.computed.v1`, `edition.changed.v1`.
"""
