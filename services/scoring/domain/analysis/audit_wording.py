"""The sentence of each finding of the audit: (check, verdict) -> Vietnamese, English."""

from __future__ import annotations

SENTENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("child_parent", "fine"): (
        "{child} tương quan thuận với {node} (r = {value}).",
        "{child} moves with {node} (r = {value}).",
    ),
    ("child_parent", "weak"): (
        "{child} gần như không liên quan đến {node} (r = {value}, dưới {threshold}): trọng số của nó ít có tác dụng.",
        "{child} hardly moves with {node} (r = {value}, below {threshold}): its weight has little effect.",
    ),
    ("child_parent", "opposite"): (
        "{child} đi ngược với {node} (r = {value}): hai nội dung đánh đổi nhau, hoặc chiều của chỉ tiêu bị đặt sai.",
        "{child} moves against {node} (r = {value}): a trade-off between the two, or a wrong direction.",
    ),
    ("redundant", "redundant"): (
        "{child} và {other} gần như trùng nhau (r = {value}, trên {threshold}): cùng một nội dung được tính hai lần.",
        "{child} and {other} are almost the same (r = {value}, above {threshold}): one thing counted twice.",
    ),
    ("redundant", "opposite"): (
        "{child} và {other} đi ngược nhau (r = {value}): trong {node} cái này được thì cái kia mất.",
        "{child} and {other} move against each other (r = {value}): within {node} one gains where the other loses.",
    ),
    ("alpha", "fine"): (
        "Các thành phần của {node} nhất quán với nhau (alpha = {value}).",
        "The parts of {node} are consistent (alpha = {value}).",
    ),
    ("alpha", "incoherent"): (
        "Các thành phần của {node} đo những nội dung khác nhau (alpha = {value}, dưới {threshold}).",
        "The parts of {node} measure different things (alpha = {value}, below {threshold}).",
    ),
    ("first_component", "fine"): (
        "Một chiều chung giải thích phần lớn {node} ({value}).",
        "One common dimension explains most of {node} ({value}).",
    ),
    ("first_component", "many_dimensions"): (
        "{node} có nhiều hơn một chiều: chiều thứ nhất chỉ giải thích {value} (dưới {threshold}).",
        "{node} has more than one dimension: the first explains only {value} (below {threshold}).",
    ),
    ("importance", "fine"): (
        "{child} có ảnh hưởng thực tế {value}, phù hợp với trọng số {other}.",
        "{child} has an effective importance of {value}, as its weight of {other} says.",
    ),
    ("importance", "overweighs"): (
        "{child} ảnh hưởng đến {node} nhiều hơn trọng số của nó: {value} so với {other}.",
        "{child} decides {node} more than its weight says: {value} against {other}.",
    ),
    ("importance", "underweighs"): (
        "{child} ảnh hưởng đến {node} ít hơn trọng số của nó: {value} so với {other}.",
        "{child} decides {node} less than its weight says: {value} against {other}.",
    ),
    ("place", "fine"): (
        "{child} gần với nhóm {node} của mình hơn các nhóm khác.",
        "{child} is closest to its own group {node}.",
    ),
    ("place", "misplaced"): (
        "{child} gần với nhóm {other} (r = {value}) hơn nhóm {node} của mình (r = {threshold}): có thể đặt sai nhóm.",
        "{child} is closer to {other} (r = {value}) than to its own group {node} (r = {threshold}): perhaps misplaced.",
    ),
    ("missing", "fine"): (
        "{child} thiếu số liệu ở tỷ lệ {value} đơn vị phải báo cáo.",
        "{child} is missing for a share of {value} of the units that owe it.",
    ),
    ("missing", "mostly_missing"): (
        "{child} thiếu số liệu ở tỷ lệ {value} đơn vị phải báo cáo (trên {threshold}).",
        "{child} is missing for a share of {value} of the units that owe it (above {threshold}).",
    ),
    ("floor", "fine"): (
        "Tỷ lệ đơn vị ở mức thấp nhất của {child} là {value}.",
        "A share of {value} of the units is at the floor of {child}.",
    ),
    ("floor", "at_floor"): (
        "Tỷ lệ {value} đơn vị ở mức thấp nhất của {child} (trên {threshold}): không phân biệt được các đơn vị này.",
        "A share of {value} of the units is at the floor of {child} (above {threshold}): it cannot tell them apart.",
    ),
    ("cap", "fine"): (
        "Tỷ lệ đơn vị ở mức cao nhất của {child} là {value}.",
        "A share of {value} of the units is at the cap of {child}.",
    ),
    ("cap", "at_cap"): (
        "Tỷ lệ {value} đơn vị đạt mức cao nhất của {child} (trên {threshold}): mục tiêu có thể quá thấp.",
        "A share of {value} of the units is at the cap of {child} (above {threshold}): the target may be too low.",
    ),
    ("distinct", "fine"): (
        "{child} có {value} mức điểm khác nhau.",
        "{child} takes {value} different scores.",
    ),
    ("distinct", "few_values"): (
        "{child} chỉ có {value} mức điểm khác nhau (dưới {threshold}).",
        "{child} takes only {value} different scores (fewer than {threshold}).",
    ),
    ("size", "fine"): (
        "Điểm của {child} không phụ thuộc rõ vào quy mô đơn vị (r = {value}).",
        "Scores of {child} do not clearly depend on the size of the unit (r = {value}).",
    ),
    ("size", "size_effect"): (
        "Điểm của {child} phụ thuộc vào quy mô đơn vị, tức mẫu số (r = {value}, ngưỡng {threshold}).",
        "Scores of {child} depend on the size of the unit, its denominator (r = {value}, threshold {threshold}).",
    ),
    ("posts", "fine"): (
        "Mốc tham chiếu {other} của {child} thay đổi {value} khoảng giá trị so với kỳ trước.",
        "The reference post {other} of {child} moved by {value} of its range since the last final.",
    ),
    ("posts", "posts_moved"): (
        "Mốc tham chiếu {other} của {child} thay đổi {value} khoảng giá trị so với kỳ trước (trên {threshold}): "
        "điểm hai năm khó so sánh.",
        "The reference post {other} of {child} moved by {value} of its range since the last final (above {threshold}): "
        "scores of the two years compare badly.",
    ),
}
