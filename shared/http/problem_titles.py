"""The kinds of problem and their titles in both languages. A service may use slugs of its own beside these."""

from __future__ import annotations

from shared.http.language import Text

TITLES: dict[str, Text] = {
    "bad-request": Text("Yêu cầu không hợp lệ", "The request is not valid"),
    "unreadable": Text("Không đọc được nội dung gửi lên", "The body cannot be read"),
    "unknown-parameter": Text("Tham số lạ", "A parameter is not known"),
    "duplicate-member": Text("Một trường xuất hiện hai lần", "A member is given twice"),
    "not-valid": Text("Nội dung chưa đúng quy định", "The content is not valid"),
    "unauthorized": Text("Cần đăng nhập", "Sign in first"),
    "forbidden": Text("Không có quyền thực hiện", "Not allowed"),
    "not-found": Text("Không tìm thấy", "Not found"),
    "method-not-allowed": Text("Phương thức không được hỗ trợ", "Method not allowed"),
    "not-acceptable": Text("Không có dạng trả lời phù hợp", "No acceptable answer"),
    "timeout": Text("Gửi nội dung quá lâu", "The request took too long to arrive"),
    "conflict": Text("Không thực hiện được ở trạng thái hiện tại", "Not possible in the current state"),
    "gone": Text("Không còn nữa", "No longer there"),
    "version-moved": Text("Phiên bản đã thay đổi", "The version has moved on"),
    "too-large": Text("Nội dung quá lớn", "The body is too large"),
    "unsupported-media-type": Text("Kiểu nội dung không được hỗ trợ", "Unsupported media type"),
    "sealed": Text("Đã niêm phong", "Sealed"),
    "precondition-required": Text("Cần nêu phiên bản được thay thế", "Name the version that is replaced"),
    "too-many-requests": Text("Quá nhiều yêu cầu", "Too many requests"),
    "load-shed": Text("Tạm ngừng nhận thêm", "No more is taken in for the moment"),
    "key-expired": Text("Khóa đã hết hạn", "The key has expired"),
    "key-revoked": Text("Khóa đã bị thu hồi", "The key is revoked"),
    "address-not-allowed": Text("Địa chỉ không được phép", "The address is not allowed"),
    "refused": Text("Yêu cầu bị từ chối", "The request is refused"),
    "internal": Text("Lỗi của hệ thống", "A fault of the system"),
    "unavailable": Text("Tạm thời chưa phục vụ được", "Not available for the moment"),
    "in-progress": Text("Yêu cầu cùng khóa đang được xử lý", "A request with this key is still running"),
    "key-reused": Text("Khóa đã dùng cho nội dung khác", "The key was used for another body"),
}

SLUG_OF_STATUS: dict[int, str] = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "timeout",
    409: "conflict",
    410: "gone",
    412: "version-moved",
    413: "too-large",
    415: "unsupported-media-type",
    422: "not-valid",
    423: "sealed",
    428: "precondition-required",
    429: "too-many-requests",
    500: "internal",
    503: "unavailable",
}


def title_of(slug: str, status: int) -> Text:
    """The title of a kind of problem; for an unknown one, that of its status."""
    known = TITLES.get(slug) or TITLES.get(SLUG_OF_STATUS.get(status, ""))
    return known or TITLES["bad-request" if status < 500 else "internal"]
