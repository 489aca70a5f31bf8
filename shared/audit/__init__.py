"""The append-only, hash-chained audit log that every service with writes of people keeps in its own store."""
