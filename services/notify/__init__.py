"""notify: urges whoever is late, tells inspectors where to look and leadership where the plan stands.

Owns (database `notify`): reminders, alerts, digests, deliveries; and what it follows of others: plans, units (with
contacts), ledger (obligations), reports, scores, evaluations; besides journal and the broker's bookkeeping.
Enters by: NATS (`consumer`: plan, unit, obligation, report, score, evaluation), its clock (`schedule`), HTTP
(`routes`).
Emits: reminder.decided, alert.changed, digest.made, delivery.changed.
"""
