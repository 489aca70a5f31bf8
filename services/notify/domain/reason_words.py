"""The named reasons in words, for whoever asks why: Vietnamese and English beside the code. Pure.

A code may carry a particular behind a colon (`refused: 550 no such user`): its words are those of the code, and the
particular follows. A code that has no words yet is shown as it is.
"""

from __future__ import annotations

from shared.events.base import Names

_WORDS: dict[str, tuple[str, str]] = {
    # Reminders
    "planned": ("đã lên lịch", "planned"),
    "due": ("đến thời điểm nhắc", "its time has come"),
    "extended": ("kỳ hạn đã được gia hạn", "the due day was extended"),
    "newer_rung_due": ("đã có lần nhắc mới hơn", "a newer reminder was due as well"),
    "too_late_newer_rung_exists": ("đã quá trễ, sẽ có lần nhắc sau", "too late; a later reminder follows"),
    "obligation_known_late": ("nghĩa vụ được ghi nhận sau thời điểm nhắc", "the obligation became known too late"),
    "obligation_unknown": ("không tìm thấy nghĩa vụ báo cáo", "the obligation is not known"),
    "told_in_part": ("đã báo cho một số người nhận", "some of the recipients were told"),
    "missing_contact": ("đơn vị chưa có đầu mối cho vai trò này", "nobody holds the role"),
    "delivered_after_all": ("đã chuyển được sau khi gửi lại", "delivered after it was sent again"),
    "not_delivered": ("không chuyển được tới người nhận", "it could not be delivered"),
    "report_received": ("báo cáo đã được gửi", "the report was received"),
    "nil_reported": ("đơn vị đã báo không phát sinh", "nothing to report was reported"),
    "waived": ("được miễn báo cáo", "the report was waived"),
    "not_applicable": ("không áp dụng", "not applicable"),
    "cancelled": ("nghĩa vụ đã hủy", "the obligation was cancelled"),
    "waits_for_next_mail": (
        "hôm nay đã có thư, chờ thư kế tiếp",
        "today's mail was sent already; it waits for the next",
    ),
    "waits_for_recipient_morning": ("chờ đến giờ gửi theo múi giờ người nhận", "waits for the recipient's morning"),
    "waits_for_working_day": ("chờ ngày làm việc", "waits for a working day"),
    "quiet_hours": ("đang trong giờ yên tĩnh của kế hoạch", "within the plan's quiet hours"),
    # Reminders of inspections
    "deadline_known_late": ("thời hạn được ghi nhận sau thời điểm nhắc", "the deadline became known too late"),
    "deadline_moved": ("thời hạn đã thay đổi", "the deadline was moved"),
    "step_taken": ("bước này đã được thực hiện", "the step was taken"),
    "inspection_unknown": ("không tìm thấy cuộc kiểm tra", "the inspection is not known"),
    "finding_unknown": ("không tìm thấy kiến nghị", "the finding is not known"),
    "remedied": ("đơn vị đã báo cáo khắc phục", "the unit has shown its remedy"),
    "remedy_accepted": ("kết quả khắc phục đã được chấp nhận", "the remedy was accepted"),
    "inspection_cancelled": ("cuộc kiểm tra đã hủy", "the inspection was cancelled"),
    "finding_withdrawn": ("kiến nghị đã được rút", "the finding was withdrawn"),
    "plan_unknown": ("chưa có phiên bản kế hoạch", "the plan version is not known"),
    "nothing_matched": ("không có cảnh báo nào trong 14 ngày", "nothing was under it for 14 days"),
    # Alerts and groups
    "first": ("thông báo đầu tiên", "first notice"),
    "opened": ("mới mở", "opened"),
    "reopened": ("mở lại", "opened again"),
    "reopened_in_cooldown": ("mở lại trong thời gian chờ, chưa thông báo", "opened again within the cooldown"),
    "new_alerts": ("có cảnh báo mới", "there are new alerts"),
    "all_resolved": ("tất cả đã khắc phục", "everything is resolved"),
    "new_resolved": ("có cảnh báo vừa khắc phục", "some were resolved"),
    "repeat": ("nhắc lại", "repeated after a day"),
    "repeat_not_due": ("chưa đến lúc nhắc lại", "nothing new, and not yet time to repeat"),
    "nothing_left": ("không còn gì để báo", "nothing is left to tell"),
    "all_muted": ("tất cả đang được tắt tiếng", "everything is muted"),
    "waits": ("đang chờ nhóm lại", "waits for its group"),
    "resolved": ("đã khắc phục", "resolved"),
    "resolved_before_notice": ("khắc phục trước khi thông báo", "resolved before anybody was told"),
    "acknowledged": ("đã nhận xử lý", "acknowledged"),
    "silenced": ("đang tạm ngưng thông báo", "silenced"),
    "unsilenced": ("hết thời gian tạm ngưng", "the silence has ended"),
    "promise_missed": ("quá hạn cam kết", "the promised day has passed"),
    "promise_missed_too_often": ("quá hạn cam kết quá nhiều lần", "promises were missed too often"),
    "escalated": ("chuyển lên cấp trên", "told to the next level"),
    "contact_given": ("đã có đầu mối", "a contact was given"),
    "contact_changed": ("đầu mối đã thay đổi", "the contact was changed"),
    "address_enabled": ("địa chỉ được dùng lại", "the address is in use again"),
    "delivered_again": ("đã gửi lại được", "messages arrive again"),
    "amended": ("báo cáo đã được sửa", "the report was amended"),
    "above_limit_again": ("đã trên ngưỡng", "above the limit again"),
    "not_overdue": ("không còn quá hạn", "not overdue any more"),
    "grouped": ("chờ báo cùng nhóm", "waits to be told with its group"),
    "inhibited": ("có lý do giải thích, chưa thông báo", "explained by something else, so nobody is told"),
    "uninhibited": ("lý do giải thích đã hết", "what explained it has ended"),
    "cooldown": ("trong thời gian chờ, chưa thông báo", "within its cooldown"),
    "repeated": ("tiếp tục xảy ra", "seen again"),
    "condition_not_met": ("không thỏa điều kiện của quy tắc", "the rule's condition is not met"),
    "condition_lacks_a_fact": ("thiếu số liệu để xét điều kiện", "a fact that the condition names is missing"),
    "condition_has_no_answer": ("điều kiện không tính được", "the condition has no answer"),
    "reports_received": ("các báo cáo đã được gửi", "the reports were received"),
    "row_broken": ("không còn liên tiếp quá hạn", "not in a row any more"),
    "evidence_given": ("đã bổ sung minh chứng", "evidence was given"),
    "within_limit": ("trong giới hạn", "within the limit"),
    "not_appraised": ("chưa thẩm định", "not appraised"),
    "band_kept": ("không tụt hạng", "the band did not fall"),
    "provisional": ("điểm còn tạm tính", "the score is provisional"),
    "nothing_to_compare": ("không có năm trước để so sánh", "there is nothing to compare with"),
    "no_incident": ("không có sự cố", "there is no incident"),
    "on_pace": ("đúng tiến độ", "on pace"),
    "within_own_history": ("phù hợp các kỳ trước", "like earlier periods"),
    "too_few_periods": ("chưa đủ kỳ để so sánh", "too few periods to compare with"),
    "within_peers": ("phù hợp nhóm so sánh", "like its peers"),
    "too_few_peers": ("chưa đủ đơn vị để so sánh", "too few peers to compare with"),
    # Digests
    "scheduled": ("theo lịch", "as scheduled"),
    "made_up_after_downtime": ("gửi bù sau khi hệ thống ngừng", "made up after downtime"),
    "nothing_to_tell": ("không có gì để báo", "there was nothing to tell"),
    # Deliveries
    "claimed": ("đang gửi", "being sent"),
    "lease_expired": ("gửi lại vì lần gửi trước không có kết quả", "sent again: the attempt before has no result"),
    "accepted": ("máy chủ đã nhận", "the server took it"),
    "answered": ("nơi nhận trả lời", "the receiver answered"),
    "confirmed_by_mail_system": ("hệ thống thư xác nhận đã nhận", "the mail system confirmed it"),
    "try_later": ("máy chủ yêu cầu thử lại sau", "the server asks to try later"),
    "refused": ("bị từ chối", "refused"),
    "gave_up": ("đã hết thời gian thử lại", "given up after the time for retries"),
    "gone": ("nơi nhận đã ngừng", "the receiver has ended the subscription"),
    "timeout": ("không có trả lời kịp thời", "no answer in time"),
    "server_away": ("không kết nối được máy chủ", "the server cannot be reached"),
    "server_not_serving": ("máy chủ không phục vụ", "the server is not serving"),
    "connection_lost": ("mất kết nối khi đang gửi", "the connection was lost"),
    "certificate_not_trusted": ("chứng chỉ của máy chủ không được tin cậy", "the server's certificate is not trusted"),
    "encryption_failed": ("không thiết lập được kết nối mã hóa", "no encrypted connection came about"),
    "nobody_to_tell": ("kế hoạch chưa có người nhận loại này", "the plan names nobody who is told of it"),
    "authentication_refused": ("máy chủ từ chối tài khoản gửi", "the server refused our account"),
    "sender_refused": ("máy chủ từ chối địa chỉ gửi", "the server refused our sender address"),
    "not_supported": ("máy chủ không hỗ trợ", "the server does not support it"),
    "not_accepted": ("dịch vụ chưa nhận", "the service did not take it"),
    "redirect_not_followed": ("nơi nhận chuyển hướng, không đi theo", "a redirect, which is not followed"),
    "address_not_public": ("địa chỉ nội bộ, không được phép gọi", "a private address, which may not be called"),
    "https_required": ("phải dùng https", "https is required"),
    "address_not_valid": ("địa chỉ không hợp lệ", "the address is not valid"),
    "target_not_valid": ("địa chỉ kênh không hợp lệ", "the channel's address is not valid"),
    "message_not_valid": ("nội dung không soạn được thành thư", "no message can be made of it"),
    "no_address_in_use": ("không còn địa chỉ nào dùng được", "no address is in use"),
    "bounced": ("thư bị trả lại", "the mail came back"),
    "delayed": ("hệ thống thư nơi nhận đang thử lại", "the other mail system goes on trying"),
    "switched_off_by_recipient": ("người nhận đã tắt loại thông báo này", "the recipient has switched this kind off"),
    "recipient_quiet_hours": ("đang trong giờ yên tĩnh của người nhận", "within the recipient's quiet hours"),
    "over_budget": ("vượt số thư một ngày, để sáng hôm sau", "over the day's budget; it waits for the morning"),
    "next_morning": ("gửi vào sáng hôm sau", "sent the next morning"),
    "folded": ("gộp các thông báo đã hoãn", "carries what was held back"),
    "folded_into": ("đã gộp vào thư", "folded into another message"),
    "fallback_from": ("chuyển sang kênh kế tiếp", "the channel before failed"),
    "resent_by_operator": ("cán bộ vận hành gửi lại", "sent again by an operator"),
    "cancelled_by_operator": ("cán bộ vận hành hủy", "cancelled by an operator"),
    # Preferences
    "one_click_link": ("người nhận bấm hủy nhận trong thư", "by the unsubscribe link in a message"),
    "preferences_link": ("người nhận tự đổi thiết lập", "by the recipient's own page"),
    "api": ("cán bộ vận hành đổi thiết lập", "by an operator"),
}


_EXPLAINING: dict[str, tuple[str, str]] = {
    "extension": ("gia hạn", "extension"),
    "waiver": ("miễn báo cáo", "waiver"),
    "outage": ("sự cố hệ thống", "outage"),
}
"""What explains an alert that is inhibited, by the first word of the particular."""

_MAIL_STATUS: tuple[tuple[str, tuple[str, str]], ...] = (
    ("5.1.", ("không có hộp thư này", "there is no such mailbox")),
    ("5.2.1", ("hộp thư đã khóa", "the mailbox is disabled")),
    ("5.2.2", ("hộp thư đầy", "the mailbox is full")),
    ("4.2.2", ("hộp thư đầy", "the mailbox is full")),
    ("5.7.", ("bị chính sách của máy chủ từ chối", "refused by the server's policy")),
    ("4.4.", ("không liên lạc được máy chủ nhận", "the receiving server could not be reached")),
)
"""Enhanced status codes (RFC 3463) as people say them; the first that fits."""


def words_of(reason: str) -> Names:
    """A reason in both languages. Several joined by `+` are said one after the other."""
    code, colon, particular = reason.partition(":")
    said = [_WORDS.get(part.strip()) or (part.strip().replace("_", " "),) * 2 for part in code.split("+")]
    vi, en = (", ".join(one[place] for one in said) for place in (0, 1))
    inner = _particular(code, particular.strip()) if colon and particular.strip() else None
    return Names(vi=f"{vi}: {inner.vi}", en=f"{en}: {inner.en}") if inner else Names(vi=vi, en=en)


def _particular(code: str, told: str) -> Names:
    """What stands behind the colon: a reason again, something known, or a server's own words as they are."""
    if code == "gave_up":
        return words_of(told)
    first, _, rest = told.partition(" ")
    if code == "inhibited" and first in _EXPLAINING:
        vi, en = _EXPLAINING[first]
        return Names(vi=f"{vi} {rest}".strip(), en=f"{en} {rest}".strip())
    if code in ("bounced", "delayed"):
        known = next((said for status, said in _MAIL_STATUS if told.startswith(status)), None)
        if known is not None:
            return Names(vi=f"{known[0]} ({told})", en=f"{known[1]} ({told})")
    return Names(vi=told, en=told)


def has_words(code: str) -> bool:
    """Whether this code is known here."""
    return code in _WORDS
