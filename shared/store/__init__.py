"""The document store: one narrow interface, its two implementations, and what is built on it.

`documents` the interface; `mongo` (motor) and `embedded` (SQLite) implement it; `pending` keeps an event in the
document that it announces; `journal` keeps what was announced; `claims` leases a piece of work; `chain` hash-chains
records. Drivers are imported nowhere else.
"""
