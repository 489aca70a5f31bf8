"""Dashboard: where people see the plan. Owns read models only, rebuilt from events at any time; emits nothing.

What people change on its pages is asked of notify's public HTTP API with their own token (`channels/`).

Owns the collections `plans`, `units`, `obligations`, `reports`, `scores`, `evaluations`, `reminders`, `alerts`,
`silences`, `outages`, `inspections`, `digests`, `deliveries` and `watermarks`. Enters by NATS (every noun that the
catalogue gives it), HTTP (pages) and its clock (watermark).
"""
