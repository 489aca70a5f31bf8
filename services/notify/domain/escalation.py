"""Escalation: whom an alert goes to when nobody acknowledges it, or when what was promised did not happen.

The chain is copied onto the alert when it opens, so that a later plan version does not change what was set in motion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.notify.domain.instants import HOUR_MS, NEVER_MS
from shared.plan.model import Plan

PROMISES_MISSED_MAX = 3
"""So many missed promises of one alert are told to the next level; later ones open it again and no more."""

DEFAULT_HOURS = 72


@dataclass(frozen=True, slots=True)
class Step:
    """One level: the roles that are told, and how long after the level before (NEVER_MS: only a missed promise)."""

    roles: tuple[str, ...]
    after_ms: int

    @property
    def receiver(self) -> str:
        return "+".join(self.roles)

    def kept(self) -> dict[str, Any]:
        return {"roles": list(self.roles), "after_ms": self.after_ms}


def step_of(kept: Mapping[str, Any]) -> Step:
    return Step(tuple(kept["roles"]), int(kept["after_ms"]))


def chain_of(plan: Plan, severity: str, *, operations: bool) -> tuple[Step, ...]:
    """The plan's chain for a severity; without one the roles of its digests, the leadership last."""
    if operations:
        return _default(plan, "standing_body", DEFAULT_HOURS * HOUR_MS)
    for chain in plan.escalation:
        if chain.severity == severity:
            return tuple(Step(step.to, _hours(step.after_hours)) for step in chain.steps)
    return _default(plan, "leadership", DEFAULT_HOURS * HOUR_MS if severity == "high" else NEVER_MS)


def _default(plan: Plan, audience: str, after_ms: int) -> tuple[Step, ...]:
    roles = tuple(dict.fromkeys(role for digest in plan.digests if digest.audience == audience for role in digest.to))
    return (Step(roles, after_ms),) if roles else ()


def _hours(hours: int | None) -> int:
    return NEVER_MS if hours is None else hours * HOUR_MS
