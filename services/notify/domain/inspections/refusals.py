"""Why an inspection says no: each reason by its name, with a text that says what is needed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.events.base import Names
from shared.events.inspection import FindingStatus, InspectionPhase
from shared.refusal import Refusal

PHASES: dict[InspectionPhase, Names] = {
    "PROPOSED": Names(vi="đề xuất", en="proposed"),
    "DECIDED": Names(vi="đã có quyết định", en="decided"),
    "VISITED": Names(vi="đã kiểm tra tại đơn vị", en="visited"),
    "CONCLUDED": Names(vi="đã có kết luận", en="concluded"),
    "CLOSED": Names(vi="đã kết thúc", en="closed"),
    "CANCELLED": Names(vi="đã hủy", en="cancelled"),
}

STATUSES: dict[FindingStatus, Names] = {
    "OPEN": Names(vi="chưa khắc phục", en="open"),
    "REMEDIED": Names(vi="đã báo khắc phục", en="remedied"),
    "ACCEPTED": Names(vi="đã được chấp nhận", en="accepted"),
    "WITHDRAWN": Names(vi="đã rút", en="withdrawn"),
}


def refused(reason: str, vi: str, en: str, **members: Any) -> Refusal:
    """409: the inspection does not stand so that this could be done. `reason` is its name for programs."""
    return Refusal("state", vi, en, members={"reason": reason, **members})


def forbidden(reason: str, vi: str, en: str, **members: Any) -> Refusal:
    """403: not by this person."""
    return Refusal("forbidden", vi, en, members={"reason": reason, **members})


def not_valid(reason: str, vi: str, en: str, pointer: str) -> Refusal:
    """422: what was given cannot stand so."""
    return Refusal("not_valid", vi, en, pointer=pointer, members={"reason": reason})


def wrong_phase(phase: InspectionPhase, needed: Iterable[InspectionPhase]) -> Refusal:
    """409: this is done in another phase."""
    wanted = sorted(needed, key=list(PHASES).index)
    vi = " hoặc ".join(f"“{PHASES[each].vi}”" for each in wanted)
    en = " or ".join(PHASES[each].en for each in wanted)
    return refused(
        "wrong_phase",
        f"Việc này chỉ làm được khi cuộc kiểm tra {vi}; hiện cuộc kiểm tra “{PHASES[phase].vi}”.",
        f"This is done while the inspection is {en}; it is {PHASES[phase].en}.",
        phase=phase,
        needs=wanted,
    )


def wrong_status(status: FindingStatus, needed: Iterable[FindingStatus]) -> Refusal:
    """409: the finding stands otherwise."""
    wanted = sorted(needed, key=list(STATUSES).index)
    vi = " hoặc ".join(f"“{STATUSES[each].vi}”" for each in wanted)
    en = " or ".join(STATUSES[each].en for each in wanted)
    return refused(
        "wrong_finding_status",
        f"Việc này chỉ làm được khi kiến nghị {vi}; hiện kiến nghị “{STATUSES[status].vi}”.",
        f"This is done while the finding is {en}; it is {STATUSES[status].en}.",
        status=status,
        needs=wanted,
    )


def forbidden_seed() -> Refusal:
    """422: the seed must be repeatable from print."""
    return not_valid(
        "seed_not_printable",
        "Số ngẫu nhiên là một dòng chữ in được, không có khoảng trắng ở đầu và cuối.",
        "The seed is one line of printable text without blanks at its ends.",
        "/seed",
    )
