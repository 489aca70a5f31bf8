"""What a person may decide about an obligation: waive it, extend it, open it again, take that back. Pure.

Every decision gives the whole new entry and keeps a line of history with the limits that held before it. A report
that stands is never touched: it is returned first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from services.intake.domain.entry import HISTORY_MAX, SYSTEM, Entry, Line, LineKind
from services.intake.domain.limits import planned_of, with_reliefs
from services.intake.domain.window import check_unsealed
from shared.clock import iso
from shared.events.obligation import Cause, ObligationState, Outcome, Relief
from shared.refusal import Refusal

DAY_MS = 86_400_000
RELIEF_DAYS_MAX = 731
"""How far ahead of the planned due instant, or of now, a relief may reach."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Who decides, why, when. `by` is the authenticated person."""

    by: str
    reason: str
    now_ms: int


def waived(entry: Entry, grant: Grant, *, outcome: Literal["WAIVED", "NOT_APPLICABLE"]) -> Entry:
    """No longer owed: waived, or not applicable to this unit."""
    _check_owed(entry)
    kind: LineKind = "waived" if outcome == "WAIVED" else "not_applicable"
    update = {"outcome": outcome, "reason": grant.reason, "approver": grant.by}
    return _decided(entry, entry.obligation.model_copy(update=update), kind, "waived", grant)


def extended(entry: Entry, grant: Grant, *, due_at_ms: int, expires_at_ms: int | None) -> Entry:
    """Due later; grace, lock and reminders move along. It replaces an extension that was granted before."""
    _check_owed(entry)
    held = entry.obligation
    _check_after(due_at_ms, max(held.due_at_ms, grant.now_ms), "/due_at", of_ms=planned_of(held).due_at_ms)
    if expires_at_ms is not None:
        _check_after(expires_at_ms, grant.now_ms, "/expires_at", of_ms=grant.now_ms)
    relief = _relief("extended", grant, due_at_ms=due_at_ms, expires_at_ms=expires_at_ms)
    return _decided(entry, _granted(held, relief), "extended", "extended", grant, expires_at_ms=expires_at_ms)


def excepted(entry: Entry, grant: Grant, *, expires_at_ms: int) -> Entry:
    """Open in spite of the lock, up to and including `expires_at_ms`; a late report stays late."""
    _check_owed(entry)
    held = entry.obligation
    if held.lock_at_ms is None:
        raise Refusal(
            "state",
            "Kỳ báo cáo này không khóa; cứ gửi báo cáo.",
            "This period never locks: the report can be sent as it is.",
        )
    _check_after(expires_at_ms, max(grant.now_ms, held.lock_at_ms), "/expires_at", of_ms=grant.now_ms)
    relief = _relief("exception", grant, expires_at_ms=expires_at_ms)
    return _decided(entry, _granted(held, relief), "exception", "extended", grant, expires_at_ms=expires_at_ms)


def reinstated(entry: Entry, grant: Grant) -> Entry:
    """Owed again as planned: takes a waiver back, or the reliefs of something owed."""
    check_unsealed(entry)
    held = entry.obligation
    if held.outcome in ("WAIVED", "NOT_APPLICABLE"):
        fresh = held.model_copy(update={"outcome": "PENDING", "reason": None, "approver": None})
    elif held.outcome == "PENDING" and held.reliefs:
        fresh = planned_of(held)
    else:
        raise _wrong_outcome(held)
    return _decided(entry, fresh, "reinstated", "recalculated", grant)


def expired(entry: Entry, now_ms: int) -> Entry | None:
    """The entry without the reliefs that no longer hold; None when all of them do."""
    held = entry.obligation
    kept = tuple(r for r in held.reliefs if r.expires_at_ms is None or now_ms <= r.expires_at_ms)
    if held.outcome != "PENDING" or held.sealed_at_ms is not None or kept == held.reliefs:
        return None
    gone = ", ".join(relief.kind for relief in held.reliefs if relief not in kept)
    grant = Grant(SYSTEM, f"expired: {gone}", now_ms)
    return _decided(entry, with_reliefs(held, kept), "expired", "recalculated", grant, always=True)


def _granted(held: ObligationState, relief: Relief) -> ObligationState:
    others = tuple(given for given in held.reliefs if given.kind != relief.kind)
    return with_reliefs(held, (*others, relief))


def _relief(kind: Literal["extended", "exception"], grant: Grant, **limits: int | None) -> Relief:
    return Relief(kind=kind, by=grant.by, at_ms=grant.now_ms, reason=grant.reason, **limits)


def _decided(
    entry: Entry,
    fresh: ObligationState,
    kind: LineKind,
    cause: Cause,
    grant: Grant,
    *,
    expires_at_ms: int | None = None,
    always: bool = False,
) -> Entry:
    held = entry.obligation
    if len(entry.history) >= HISTORY_MAX and not always:
        raise Refusal(
            "state",
            f"Nghĩa vụ này đã có {HISTORY_MAX} quyết định.",
            f"{HISTORY_MAX} decisions were made about this obligation; no more are kept.",
        )
    line = Line(
        kind=kind,
        by=grant.by,
        at_ms=grant.now_ms,
        reason=grant.reason,
        expires_at_ms=expires_at_ms,
        outcome=held.outcome,
        due_at_ms=held.due_at_ms,
        grace_end_ms=held.grace_end_ms,
        lock_at_ms=held.lock_at_ms,
    )
    update: dict[str, Any] = {"revision": held.revision + 1, "cause": cause, "changed_at_ms": grant.now_ms}
    return replace(entry, obligation=fresh.model_copy(update=update), history=(*entry.history, line)[-HISTORY_MAX:])


def _check_owed(entry: Entry) -> None:
    check_unsealed(entry)
    if entry.obligation.outcome != "PENDING":
        raise _wrong_outcome(entry.obligation)


_WHY: dict[Outcome, tuple[str, str]] = {
    "PENDING": ("đang phải nộp, chưa có gia hạn", "is owed as planned; there is nothing to take back"),
    "FULFILLED": ("đã có báo cáo; hãy trả lại báo cáo trước", "has a report; return it first"),
    "NIL": ("đã có báo cáo; hãy trả lại báo cáo trước", "has a report; return it first"),
    "WAIVED": ("đã được miễn; hãy khôi phục trước", "is waived; reinstate it first"),
    "NOT_APPLICABLE": ("không áp dụng; hãy khôi phục trước", "is not applicable; reinstate it first"),
    "CANCELLED": ("đã hủy", "is cancelled: plan or unit no longer ask for it"),
}


def _wrong_outcome(held: ObligationState) -> Refusal:
    vi, en = _WHY[held.outcome]
    return Refusal("state", f"Nghĩa vụ này {vi}.", f"This obligation {en}.", members={"outcome": held.outcome})


def _check_after(at_ms: int, after_ms: int, pointer: str, *, of_ms: int) -> None:
    latest_ms = max(after_ms, of_ms) + RELIEF_DAYS_MAX * DAY_MS
    if not after_ms < at_ms <= latest_ms:
        raise Refusal(
            "not_valid",
            f"Thời hạn phải sau {iso(after_ms)} và không quá {iso(latest_ms)}.",
            f"The instant must be after {iso(after_ms)} and no later than {iso(latest_ms)}.",
            pointer=pointer,
        )
