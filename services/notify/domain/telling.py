"""What telling does to a row, be it a rung of an obligation or of an inspection's deadline.

A row is told to several people, perhaps over days: it is SENT once nobody waits for it any more, and FAILED when none
of them could be reached. A message that arrives later after all, sent again by a person, makes it SENT again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

from services.notify.domain.deliveries import Delivery
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.instants import MINUTE_MS
from services.notify.domain.quiet_hours import WAITS_FOR_MORNING, WAITS_FOR_NEXT_MAIL, Wait
from services.notify.domain.rungs import DUE, MISSING_CONTACT, NOT_DELIVERED, TOLD_IN_PART, Reminder
from shared.events.notice import ReminderStatus

ON_TIME_MS = 15 * MINUTE_MS
DELIVERED_AFTER_ALL = "delivered_after_all"

R = TypeVar("R", Reminder, Nudge)


@dataclass(slots=True)
class Told:
    """What became of one row in one pass: the messages that tell it, and the waits of its other recipients."""

    deliveries: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    reached: bool = False


def rungs_of(delivery: Delivery) -> list[str]:
    """The rungs of obligations that a message tells."""
    return [key for key in delivery.covers if key.startswith("reminder-")]


def nudges_of(delivery: Delivery) -> list[str]:
    """The rungs of deadlines of inspections that a message tells."""
    return [key for key in delivery.covers if key.startswith("nudge-")]


def settle(row: R, status: ReminderStatus, reason: str, *, now_ms: int) -> R:
    """The row with its final status. What was told to some already stays SENT, whatever became of the rest."""
    if row.told and status in ("SUPERSEDED", "SKIPPED_LATE"):
        status, reason = "SENT", TOLD_IN_PART
    return replace(row, status=status, decision=reason, decided_at_ms=now_ms, revision=row.revision + 1)


def put_off(row: R, until_ms: int, reason: str, *, now_ms: int, by_rule: bool = False) -> R:
    """The row, looked at again later, for a named reason. `by_rule`: the wait does not count as a delay of ours."""
    return replace(
        row,
        next_at_ms=until_ms,
        ready_at_ms=until_ms if by_rule else row.ready_at_ms,
        decision=reason,
        decided_at_ms=now_ms,
        revision=row.revision + 1,
    )


def after_pass(row: R, told: Told, now_ms: int) -> R:
    """The row after a pass: sent, told in part and waiting for the rest, or without anybody to tell."""
    if not told.reached:
        return settle(row, "FAILED", MISSING_CONTACT, now_ms=now_ms)
    row = replace(
        row,
        deliveries=tuple(sorted({*row.deliveries, *told.deliveries})),
        told=tuple(sorted({*row.told, *told.marks})),
    )
    if not told.waits and set(row.told) <= set(row.unreached):
        return settle(row, "FAILED", NOT_DELIVERED, now_ms=now_ms)
    if not told.waits:
        return settle(row, "SENT", DUE, now_ms=now_ms)
    first = min(told.waits, key=lambda wait: wait.until_ms)
    # Looked at in time, it waits by rule; looked at late, the rule only adds to a delay of ours.
    by_rule = first.reason in (WAITS_FOR_NEXT_MAIL, WAITS_FOR_MORNING) or now_ms - row.next_at_ms <= ON_TIME_MS
    return put_off(row, first.until_ms, first.reason, now_ms=now_ms, by_rule=by_rule)


def unreached(row: R, mark: str, *, now_ms: int) -> R | None:
    """The row after a message that tells it was given up; FAILED once nobody was reached. None: known already."""
    if mark in row.unreached:
        return None
    marks = tuple(sorted({*row.unreached, mark}))
    noted = replace(row, unreached=marks)
    if row.status == "SENT" and set(row.told) <= set(marks):
        return settle(noted, "FAILED", NOT_DELIVERED, now_ms=now_ms)
    return replace(noted, revision=row.revision + 1)


def withheld(row: R, mark: str, status: ReminderStatus, reason: str, *, now_ms: int) -> R | None:
    """The row after a message that tells it was ended before it left. None: known already.

    SUPPRESSED (not wanted) or SUPERSEDED (no longer owed) once it was told to nobody else.
    """
    if mark in row.unreached:
        return None
    noted = replace(row, unreached=tuple(sorted({*row.unreached, mark})))
    if row.status == "SENT" and set(row.told) <= set(noted.unreached):
        return replace(noted, status=status, decision=reason, decided_at_ms=now_ms, revision=row.revision + 1)
    return replace(noted, revision=row.revision + 1)


def arrived(row: R, mark: str, delivery: str, *, now_ms: int) -> R | None:
    """The row after a repeated message left after all: whom it went to is reached. None: known already."""
    if mark not in row.unreached:
        return None
    noted = replace(
        row,
        unreached=tuple(one for one in row.unreached if one != mark),
        deliveries=tuple(sorted({*row.deliveries, delivery})),
    )
    if row.status in ("FAILED", "SUPPRESSED", "SUPERSEDED") and row.told:
        return settle(noted, "SENT", DELIVERED_AFTER_ALL, now_ms=now_ms)
    return replace(noted, revision=row.revision + 1)
