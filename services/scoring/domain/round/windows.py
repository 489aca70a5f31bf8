"""Moving the windows of a round, and whether one is open. Pure."""

from __future__ import annotations

from services.scoring.domain.round.calendar import PHASE_OF, faults, moved, window
from services.scoring.domain.round.refusals import is_sealed, refused, window_closed, wrong_phase
from services.scoring.domain.round.view import CLOSED
from shared.clock import iso
from shared.events.round import Rescheduling, RoundState, Window, WindowName
from shared.events.score import EvaluationPhase
from shared.refusal import Refusal

CHANGES_MAX = 30
"""How often windows may be moved, steps back included: the whole history travels in every event."""


def check_open(held: RoundState, name: WindowName, now_ms: int) -> None:
    """Refused unless the round is in the window's phase and the window is open now."""
    if held.phase in CLOSED:
        raise is_sealed(held.phase)
    if held.phase != PHASE_OF[name]:
        raise wrong_phase(held.phase, PHASE_OF[name])
    one = window(held.calendar, name)
    if not one.opens_at_ms <= now_ms < one.closes_at_ms:
        raise window_closed(held.phase, one.opens_at_ms, one.closes_at_ms)


def check_appraisable(held: RoundState, now_ms: int, *, by_referee: bool) -> None:
    """Refused unless criteria are appraised now: in the window, and while a correction is open.

    A referee decides after the window too: the round waits for it.
    """
    if held.phase == "CORRECTED" or (held.phase == "APPRAISAL" and by_referee):
        return
    check_open(held, "appraisal", now_ms)


def check_phase(held: RoundState, *phases: EvaluationPhase) -> None:
    """Refused unless the round is in one of the phases."""
    if held.phase in CLOSED:
        raise is_sealed(held.phase)
    if held.phase not in phases:
        raise wrong_phase(held.phase, *phases)


def rescheduled(held: RoundState, name: WindowName, to: Window, *, by: str, reason: str, now_ms: int) -> RoundState:
    """The round with a window moved. One that has opened may only close later; one that is over is over."""
    if held.phase in CLOSED:
        raise is_sealed(held.phase)
    before = window(held.calendar, name)
    if _is_over(held, name):
        raise refused(
            "window_over",
            "Giai đoạn này đã kết thúc; chỉ có thể mở lại bằng bước lùi có lý do.",
            "This window is over; it can only be opened again by a step back, with a reason.",
            phase=held.phase,
        )
    if before.opens_at_ms <= now_ms and (to.opens_at_ms != before.opens_at_ms or to.closes_at_ms < before.closes_at_ms):
        raise refused(
            "window_promised",
            f"Thời gian này đã mở: chỉ được lùi thời điểm đóng về sau {iso(before.closes_at_ms)}.",
            f"This window is open: it may only close later than {iso(before.closes_at_ms)}.",
            phase=held.phase,
        )
    check_future(to.closes_at_ms, now_ms)
    return with_window(held, name, to, by=by, reason=reason, now_ms=now_ms)


def with_window(held: RoundState, name: WindowName, to: Window, *, by: str, reason: str, now_ms: int) -> RoundState:
    calendar = moved(held.calendar, name, to)
    if found := faults(calendar):
        raise Refusal(
            "not_valid",
            "Lịch của đợt đánh giá không hợp lệ; hãy dời giai đoạn sau trước.",
            "The calendar would not be in order; move the later window first.",
            details=found,
        )
    if len(held.reschedulings) >= CHANGES_MAX:
        raise refused(
            "changed_too_often",
            f"Lịch đã thay đổi {CHANGES_MAX} lần; không đổi thêm được.",
            f"The calendar was changed {CHANGES_MAX} times; it cannot be changed again.",
        )
    line = Rescheduling(window=name, before=window(held.calendar, name), after=to, at_ms=now_ms, by=by, reason=reason)
    return held.model_copy(
        update={
            "revision": held.revision + 1,
            "calendar": calendar,
            "reschedulings": (*held.reschedulings, line),
            "changed_at_ms": now_ms,
        }
    )


def _is_over(held: RoundState, name: WindowName) -> bool:
    ended: dict[WindowName, tuple[EvaluationPhase, ...]] = {
        "self_scoring": ("APPRAISAL", "PROVISIONAL", "CLARIFICATION", "FINAL_REVIEW"),
        "appraisal": ("PROVISIONAL", "CLARIFICATION", "FINAL_REVIEW"),
        "clarification": ("FINAL_REVIEW",),
    }
    return held.phase in ended[name]


def check_future(closes_at_ms: int, now_ms: int) -> None:
    if closes_at_ms <= now_ms:
        raise Refusal(
            "not_valid",
            f"Thời điểm đóng phải sau hiện tại ({iso(now_ms)}).",
            f"It must close after now ({iso(now_ms)}).",
            pointer="/closes_at",
        )
