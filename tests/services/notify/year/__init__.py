"""A year of every message on a virtual clock, compared one by one with a naive oracle."""
