"""What a decision is about, in words beside its code: Vietnamese and English, for whoever asks why. Pure.

Codes of forms, rungs and roles are the plan's own and stay as they are.
"""

from __future__ import annotations

from services.notify.domain.grouping import Group
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.rungs import Reminder
from shared.events.base import Names

RUNG_WORDS: dict[str, tuple[str, str]] = {
    "reminder": ("nhắc trước hạn", "reminder before the due day"),
    "overdue": ("báo quá hạn", "notice that it is overdue"),
    "escalation": ("báo cấp trên", "escalation"),
}
"""Kinds of rungs, in both languages."""

STEP_WORDS: dict[str, tuple[str, str]] = {
    "decision": ("quyết định kiểm tra", "decision to inspect"),
    "visit": ("biên bản kiểm tra", "minutes of the visit"),
    "conclusion": ("kết luận kiểm tra", "conclusion"),
    "closure": ("kết thúc cuộc kiểm tra", "closure"),
}
"""Steps of an inspection, in both languages."""

GROUP_WORDS: dict[str, tuple[str, str]] = {
    "reporting": ("cảnh báo về nộp báo cáo", "alerts about reporting"),
    "numbers": ("cảnh báo về số liệu", "alerts about numbers"),
    "results": ("cảnh báo về kết quả", "alerts about results"),
    "security": ("cảnh báo về an toàn thông tin", "alerts about security"),
    "inspection": ("cảnh báo về kiểm tra", "alerts about inspections"),
    "operations": ("cảnh báo vận hành", "operations alerts"),
}
"""Kinds of alerts that are told together, in both languages."""


def about_rung(row: Reminder) -> Names:
    """A rung of an obligation: `QUARTERLY 2011-Q1: báo quá hạn (O1)`."""
    vi, en = RUNG_WORDS.get(row.kind, (row.kind, row.kind))
    place = f"{row.form} {row.period}"
    return Names(vi=f"{place}: {vi} ({row.rung})", en=f"{place}: {en} ({row.rung})")


def about_nudge(row: Nudge) -> Names:
    """A deadline of an inspection: its step, or the finding that is to be remedied."""
    vi, en = STEP_WORDS.get(row.about, (f"kiến nghị {row.about}", f"finding {row.about}"))
    return Names(vi=f"{vi} ({row.inspection}): {row.rung}", en=f"{en} ({row.inspection}): {row.rung}")


def about_group(group: Group) -> Names:
    """Alerts that are told together; to whom, unless it is their usual audience."""
    vi, en = GROUP_WORDS.get(group.kind, (group.kind, group.kind))
    to = f" -> {group.receiver.replace('_', ' ')}" if group.roles else ""
    return Names(vi=f"{vi}{to}", en=f"{en}{to}")
