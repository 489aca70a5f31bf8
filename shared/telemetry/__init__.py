"""Seeing inside a running service: logs, traces, metrics, health, and the correlation id that ties them together."""
