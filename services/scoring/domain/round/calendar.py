"""The calendar of a round: three windows in order. Pure."""

from __future__ import annotations

from datetime import date
from typing import get_args

from shared.events.base import Names
from shared.events.round import Calendar, Window, WindowName
from shared.events.score import EvaluationPhase
from shared.refusal import Detail

WINDOWS: tuple[WindowName, ...] = get_args(WindowName)
PHASE_OF: dict[WindowName, EvaluationPhase] = {
    "self_scoring": "SELF_SCORING",
    "appraisal": "APPRAISAL",
    "clarification": "CLARIFICATION",
}


def window(calendar: Calendar, name: WindowName) -> Window:
    """The window of that name."""
    found: Window = getattr(calendar, name)
    return found


def moved(calendar: Calendar, name: WindowName, to: Window) -> Calendar:
    """The calendar with that window in the other's place."""
    return calendar.model_copy(update={name: to})


def deadlines(calendar: Calendar) -> dict[str, int]:
    """`<window>_opens` and `<window>_closes` -> instant."""
    found: dict[str, int] = {}
    for name in WINDOWS:
        one = window(calendar, name)
        found |= {f"{name}_opens": one.opens_at_ms, f"{name}_closes": one.closes_at_ms}
    return found


def faults(calendar: Calendar) -> list[Detail]:
    """What is wrong with it, at its place in the body of a request; empty when nothing is."""
    found: list[Detail] = []
    before: int | None = None
    for name in WINDOWS:
        one = window(calendar, name)
        if one.opens_at_ms >= one.closes_at_ms:
            found.append(Detail(f"/calendar/{name}/closes_at", _CLOSES))
        if before is not None and one.opens_at_ms < before:
            found.append(Detail(f"/calendar/{name}/opens_at", _ORDER))
        before = one.closes_at_ms
    if not _is_day(calendar.cut_off_day):
        found.append(Detail("/calendar/cut_off_day", _DAY))
    return found


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_CLOSES = Names(vi="Thời điểm đóng phải sau thời điểm mở.", en="It must close after it opens.")
_ORDER = Names(
    vi="Phải mở khi giai đoạn trước đã đóng.",
    en="It must not open before the window in front of it has closed.",
)
_DAY = Names(vi="Viết ngày dạng 2012-01-31.", en="Write a day such as 2012-01-31.")
