"""notify: urges whoever is late, tells inspectors where to look and leadership where the plan stands.

Owns (database `notify`): reminders, alerts, inspections with their draws and reminders, digests, deliveries, what
recipients chose (preferences), addresses that failed, the days' budgets; and what it follows of others: plans, units
(with contacts), ledger (obligations), reports, scores, evaluations; besides journal, audit log and the broker's
bookkeeping.
Enters by: NATS (`consumer`: plan, unit, obligation, report, score, evaluation), its clock (`schedule`), HTTP
(`routes`).
Emits: reminder.decided, alert.changed, inspection.changed, digest.made, delivery.changed.
"""
