"""notify: urges whoever is late, tells inspectors where to look and leadership where the plan stands.

Owns (database `notify`): reminders, alerts with their groups, silences and outages, inspections with their draws and
reminders, digests with their enclosures, deliveries and what operators are about to do to them, what recipients chose
(preferences), their calendar feeds, addresses that failed, the days' budgets; and what it follows of others: plans,
units (with contacts), ledger (obligations), reports, scores, evaluations, anchors of audit logs; besides journal, audit
log and the broker's bookkeeping.
Enters by: NATS (`consumer`: plan, unit, obligation, report, score, evaluation, intake_audit, scoring_audit), its clock
(`schedule`), HTTP (`routes`). Put together in `wiring`.
Emits: reminder.decided, alert.changed, silence.changed, outage.changed, inspection.changed, digest.made,
delivery.changed, notify_audit.anchored.
"""
