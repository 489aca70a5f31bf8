"""Digests: a run and its key, and what it tells, as values. Pure: one file per part of the letter."""
