"""Why a round says no: each reason by its name, with a text that says what is needed. Pure."""

from __future__ import annotations

from typing import Any

from shared.clock import iso
from shared.events.base import Names
from shared.events.score import EvaluationPhase
from shared.refusal import Refusal

PHASES: dict[EvaluationPhase, Names] = {
    "DRAFT": Names(vi="dự thảo", en="draft"),
    "SELF_SCORING": Names(vi="tự chấm điểm", en="self-scoring"),
    "APPRAISAL": Names(vi="thẩm định", en="appraisal"),
    "PROVISIONAL": Names(vi="kết quả tạm thời", en="provisional result"),
    "CLARIFICATION": Names(vi="giải trình", en="clarification"),
    "FINAL_REVIEW": Names(vi="rà soát cuối", en="final review"),
    "SEALED": Names(vi="đã niêm phong", en="sealed"),
    "PUBLISHED": Names(vi="đã công bố", en="published"),
    "CORRECTED": Names(vi="đang đính chính", en="being corrected"),
}


def refused(reason: str, vi: str, en: str, **members: Any) -> Refusal:
    """409: the round does not stand so that this could be done. `reason` is its name for programs."""
    return Refusal("state", vi, en, members={"reason": reason, **members})


def forbidden(reason: str, vi: str, en: str, **members: Any) -> Refusal:
    """403: not by this person."""
    return Refusal("forbidden", vi, en, members={"reason": reason, **members})


def is_sealed(phase: EvaluationPhase) -> Refusal:
    """423: the sealed numbers stand."""
    return Refusal(
        "sealed",
        f"Đánh giá {PHASES[phase].vi}; chỉ bản đính chính mới thay đổi được kết quả.",
        f"The evaluation is {PHASES[phase].en}; only a correction edition changes its results.",
        members={"reason": "sealed", "phase": phase},
    )


def wrong_phase(phase: EvaluationPhase, *needed: EvaluationPhase) -> Refusal:
    """409: this is done in another phase."""
    vi = " hoặc ".join(f"“{PHASES[each].vi}”" for each in needed)
    en = " or ".join(needed)
    return refused(
        "wrong_phase",
        f"Việc này chỉ làm được ở giai đoạn {vi}; hiện đang ở giai đoạn “{PHASES[phase].vi}”.",
        f"This is done in {en}; the round is in {phase}.",
        phase=phase,
        needs=list(needed),
    )


def window_closed(phase: EvaluationPhase, opens_at_ms: int, closes_at_ms: int) -> Refusal:
    """409: the phase is right, its window is not open."""
    opens, closes = iso(opens_at_ms), iso(closes_at_ms)
    return refused(
        "window_closed",
        f"Chỉ nhận trong thời gian từ {opens} đến trước {closes}; đề nghị gia hạn nếu cần.",
        f"Taken from {opens} until before {closes}; ask for an extension if it is needed.",
        phase=phase,
        opens_at=opens,
        closes_at=closes,
    )


def no_round(plan: str, year: int) -> Refusal:
    """409: nothing can be done in a round that was not opened."""
    return refused(
        "no_round",
        f"Chưa mở đợt đánh giá {plan} năm {year}; hãy mở đợt đánh giá trước.",
        f"No round of {plan} for {year} is open; open one first.",
        phase="DRAFT",
    )
