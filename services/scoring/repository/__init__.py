"""The store of scoring, one file per collection; nothing else speaks to it."""
