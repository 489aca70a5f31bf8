"""Whether an obligation takes a report now. Pure."""

from __future__ import annotations

from services.intake.domain.entry import Entry
from shared.clock import iso
from shared.plan.model import Form
from shared.refusal import Refusal


def check_window(entry: Entry, form: Form, now_ms: int) -> None:
    """Refuse what cannot be reported now: sealed, not owed, not open yet, locked, or a form that is closed."""
    held = entry.obligation
    check_unsealed(entry)
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


def check_unsealed(entry: Entry) -> None:
    """Nothing changes what is sealed; who sealed it, and when, is said."""
    held = entry.obligation
    if held.sealed_at_ms is None and (entry.report is None or entry.report.state.phase != "SEALED"):
        return
    at, by = iso(held.sealed_at_ms or 0), held.sealed_by or ""
    raise Refusal(
        "sealed",
        f"Số liệu đã niêm phong lúc {at} bởi {by}; muốn đính chính, quản trị viên phải mở niêm phong.",
        f"The figures were sealed at {at} by {by}; for a correction an administrator unseals them.",
        members={"sealed_by": by, "sealed_at": at},
    )
