"""Dashboard: where people see the plan. Owns read models only, rebuilt from events at any time; emits nothing.

Owns the collections `plans`, `units`, `obligations`, `reports`, `scores`, `evaluations`, `reminders`, `alerts`,
`digests`, `deliveries` and `watermarks`. Enters by NATS (every noun of the catalogue), HTTP (pages) and its clock
(watermark).
"""
