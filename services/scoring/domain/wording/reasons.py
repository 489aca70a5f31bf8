"""Why a cell counts or does not, and what is to be known about it: by the labels of statuses and flags."""

from __future__ import annotations

from services.scoring.domain.cells import Status
from services.scoring.domain.wording.numbers import Words

REASONS: dict[str, Words] = {
    "observed": {"vi": "đã báo cáo", "en": "reported"},
    "estimated": {"vi": "giá trị ước tính", "en": "estimated"},
    "imputed": {
        "vi": "chưa báo cáo, dùng giá trị thay thế theo quy tắc của kế hoạch",
        "en": "not reported, a value was put in its place by the plan's rule",
    },
    "carried": {
        "vi": "chưa báo cáo, dùng giá trị chính thức của năm trước",
        "en": "not reported, the last final value is carried over",
    },
    "not_reported": {"vi": "đã đến hạn mà chưa báo cáo", "en": "due and not reported"},
    "suppressed": {
        "vi": "mẫu số bằng 0, không tính được tỷ lệ",
        "en": "the denominator is 0, there is no quotient",
    },
    "invalid": {
        "vi": "giá trị ngoài miền cho phép, không chấm điểm",
        "en": "outside the believed range, not scored",
    },
    "not_applicable": {"vi": "không áp dụng cho đơn vị", "en": "does not apply to the unit"},
    "not_due": {"vi": "chưa đến hạn báo cáo", "en": "not due yet"},
    "excluded": {
        "vi": "không chấm cho ai: không có chỉ tiêu hoặc không có khác biệt giữa các đơn vị",
        "en": "not scored: no target, or no difference between the units",
    },
    "informational": {"vi": "chỉ để tham khảo, không tính điểm", "en": "for information, not counted"},
}

TOO_SMALL: Words = {
    "vi": "mẫu số nhỏ hơn mức tối thiểu của kế hoạch, hiển thị nhưng không chấm điểm",
    "en": "the denominator is below the plan's minimum: shown, not scored",
}

FLAGS: dict[str, Words] = {
    "no_target": {"vi": "kế hoạch không có chỉ tiêu cho năm này", "en": "the plan has no target for this year"},
    "zero_target": {
        "vi": "chỉ tiêu bằng 0, theo quy tắc của kế hoạch",
        "en": "the target is 0, the plan's rule applies",
    },
    "zero_range": {"vi": "các đơn vị không khác nhau", "en": "the units do not differ"},
    "log_of_nonpositive": {"vi": "giá trị không dương trên thang lô-ga", "en": "not above 0 on a logarithmic scale"},
    "small_denominator": {
        "vi": "mẫu số nhỏ, tỷ lệ dao động mạnh",
        "en": "a small denominator: the quotient is noisy",
    },
    "shrunk": {
        "vi": "tỷ lệ có mẫu số nhỏ được kéo về mức trung bình chung",
        "en": "the quotient was pulled to the mean of all because of its small denominator",
    },
    "clipped": {"vi": "giá trị nằm ngoài hai mốc của thang đo", "en": "the value is beyond the ends of the scale"},
    "over_achievement": {"vi": "vượt chỉ tiêu", "en": "the target is exceeded"},
    "winsorised": {
        "vi": "giá trị quá xa các đơn vị khác, khi lập thang đo được kéo về giá trị gần nhất",
        "en": "too far from the others: pulled in to the nearest value when the scale was set",
    },
    "logged": {"vi": "thang đo lấy lô-ga vì phân bố lệch", "en": "the scale is logarithmic because values are skewed"},
    "untreated": {
        "vi": "quá ít giá trị để xét giá trị ngoại lệ",
        "en": "too few values to judge outliers by",
    },
    "frozen": {"vi": "mốc lấy từ kỳ đánh giá chính thức trước", "en": "posts taken from the last final edition"},
    "current_posts": {
        "vi": "mốc lấy từ số liệu hiện tại vì chưa có kỳ đánh giá chính thức",
        "en": "posts taken from the present data: there is no final edition yet",
    },
    "unfilled": {
        "vi": "không có gì để thay thế giá trị chưa báo cáo",
        "en": "there was nothing to put in the place of the missing value",
    },
    "was_invalid": {
        "vi": "giá trị báo cáo ngoài miền cho phép đã được thay thế",
        "en": "the reported value was outside the believed range and was replaced",
    },
    "was_suppressed": {
        "vi": "tỷ lệ không tính được đã được thay thế",
        "en": "the quotient that could not be computed was replaced",
    },
}


def reason_words(status: Status, *, denominator: float, least: float) -> Words:
    """Why a cell of this status counts or not. `denominator` (NaN: none) tells an empty quotient from a small one."""
    if status.label == "suppressed" and denominator > 0 and least > 0:
        return TOO_SMALL
    return _known(REASONS, status.label)


def flag_words(flag: str) -> Words:
    return _known(FLAGS, flag)


def _known(table: dict[str, Words], label: str) -> Words:
    """The words of a label; the label itself where nobody has written any, which a test refuses."""
    plain = label.replace("_", " ")
    return table.get(label, {"vi": plain, "en": plain})
