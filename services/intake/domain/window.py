"""Whether an obligation takes a report now. Pure."""

from __future__ import annotations

from services.intake.domain.entry import Entry
from services.intake.domain.refusal import Refusal
from shared.clock import iso
from shared.plan.model import Form


def check_window(entry: Entry, form: Form, now_ms: int) -> None:
    """Refuse what cannot be reported now: sealed, not owed, not open yet, locked, or a form that is closed."""
    held = entry.obligation
    if entry.report is not None and entry.report.state.phase == "SEALED":
        raise sealed()
    if held.outcome in ("WAIVED", "NOT_APPLICABLE", "CANCELLED"):
        raise Refusal(
            "state",
            f"Báo cáo này không còn phải nộp ({held.outcome}): {held.reason or ''}",
            f"This report is not owed ({held.outcome}): {held.reason or ''}",
            members={"outcome": held.outcome},
        )
    if form.states == "closed":
        raise Refusal("state", "Biểu mẫu đã đóng.", "The form is closed: it takes no reports.")
    if now_ms < held.open_at_ms:
        opens = iso(held.open_at_ms)
        raise Refusal(
            "state",
            f"Chưa đến thời gian nhận báo cáo; gửi lại từ {opens}.",
            f"Reporting has not opened; send it again from {opens} on.",
            members={"open_at": opens},
        )
    if held.lock_at_ms is not None and now_ms > held.lock_at_ms:
        locked = iso(held.lock_at_ms)
        raise Refusal(
            "state",
            f"Kỳ báo cáo đã khóa từ {locked}; liên hệ đơn vị thường trực để xin mở lại.",
            f"The period is locked since {locked}; ask the standing body for an extension.",
            members={"lock_at": locked},
        )


def sealed() -> Refusal:
    """Nothing changes a sealed report."""
    return Refusal(
        "sealed",
        "Số liệu đã niêm phong; chỉ ấn bản đính chính mới thay đổi được.",
        "The figures are sealed: only a correction edition changes them.",
    )
