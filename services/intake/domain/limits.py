"""The limits of an obligation with and without reliefs. Pure.

`planned` are the limits that plan, unit and calendar give; each relief that holds moves them, in the order granted.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.obligation import ObligationState, Planned, Relief

NEVER_MS = 2**53


def planned_of(held: ObligationState) -> ObligationState:
    """The obligation as it would be without any relief."""
    return with_reliefs(held, ())


def with_reliefs(held: ObligationState, reliefs: Sequence[Relief]) -> ObligationState:
    """The obligation under exactly these reliefs: limits, its own tier, and what they were made from."""
    planned = held.planned or _limits(held)
    limits = planned
    for relief in reliefs:
        limits = _moved(limits, relief)
    tiers = tuple(
        tier.model_copy(update={"due_at_ms": limits.due_at_ms}) if tier.counts else tier for tier in held.tiers
    )
    update = {**dict(limits), "tiers": tiers, "reliefs": tuple(reliefs), "planned": planned if reliefs else None}
    return held.model_copy(update=update)


def ends_ms(held: ObligationState) -> int:
    """The first instant at which a relief of something still owed no longer holds; NEVER_MS without one.

    Once the report is there its timeliness was judged by the relief, which then stays as it is.
    """
    if held.outcome != "PENDING" or held.sealed_at_ms is not None:
        return NEVER_MS
    return min(
        (relief.expires_at_ms + 1 for relief in held.reliefs if relief.expires_at_ms is not None), default=NEVER_MS
    )


def _limits(held: ObligationState) -> Planned:
    return Planned(due_at_ms=held.due_at_ms, grace_end_ms=held.grace_end_ms, lock_at_ms=held.lock_at_ms)


def _moved(limits: Planned, relief: Relief) -> Planned:
    """An extension moves grace and lock along with the due instant; an exception moves the lock alone."""
    lock_ms = limits.lock_at_ms
    if relief.kind == "exception":
        until_ms = relief.expires_at_ms or 0
        return limits.model_copy(update={"lock_at_ms": None if lock_ms is None else max(lock_ms, until_ms)})
    later_ms = max(0, (relief.due_at_ms or 0) - limits.due_at_ms)
    return Planned(
        due_at_ms=limits.due_at_ms + later_ms,
        grace_end_ms=limits.grace_end_ms + later_ms,
        lock_at_ms=None if lock_ms is None else lock_ms + later_ms,
    )
