"""What the audit log of intake is about. Pure."""

from __future__ import annotations

REGISTRY = "registry"
"""The chain of units and keys; plans and reports are in the chain of their plan."""
