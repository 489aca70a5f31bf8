"""The store of notify: one file per collection, few methods named after the question asked."""
