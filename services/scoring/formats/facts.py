"""What a file of an evaluation is made from, and the words around its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from shared.events.base import Names
from shared.events.score import EvaluationState
from shared.plan.model import Group, Plan

Language = Literal["vi", "en"]
State = Mapping[str, Any]
"""The state of one unit's score, as plain values."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One evaluation: its plan, its own state, every unit by peer group, rank and code, and the units' names."""

    plan: Plan
    evaluation: EvaluationState
    scores: Sequence[State]
    names: Mapping[str, Mapping[str, str]]

    def name(self, unit: str, language: Language) -> str:
        """The unit's name, its code where none is known."""
        return self.names.get(unit, {}).get(language, unit)

    def band(self, code: str | None, language: Language) -> str:
        """The band's name; a dash for a unit that is not rated."""
        if code is None:
            return "–"
        return next((b.names.of(language) for b in self.plan.scoring.bands if b.code == code), code)

    def index(self, value: float | None, language: Language) -> str:
        """An index on the plan's scale, with the decimals that it is published with: those that ranks are made on."""
        scoring = self.plan.scoring
        # 4 decimals of a share are 1 of points out of 1,000.
        decimals = max(scoring.decimals - math.floor(math.log10(scoring.scale_max)), 0)
        return number(None if value is None else value * scoring.scale_max, language, decimals, trimmed=False)

    def peer_group(self, code: str, language: Language) -> str:
        return next((peer.names.of(language) for peer in self.plan.peer_groups if peer.code == code), code)

    def peers(self) -> dict[str, list[State]]:
        """Peer group -> its units, both in order."""
        found: dict[str, list[State]] = {}
        for state in self.scores:
            found.setdefault(state["peer_group"], []).append(state)
        return found


def groups_of(groups: Sequence[Group]) -> list[Group]:
    """Every group, parents before children."""
    return [found for group in groups for found in (group, *groups_of(group.groups))]


PHASES: dict[str, Names] = {
    "DRAFT": Names(vi="Tạm tính trong năm", en="In-year, provisional"),
    "SELF_SCORING": Names(vi="Tự chấm điểm – tạm tính", en="Self-scoring, provisional"),
    "APPRAISAL": Names(vi="Đang thẩm định – tạm tính", en="Under appraisal, provisional"),
    "PROVISIONAL": Names(vi="Kết quả sơ bộ", en="Provisional result"),
    "CLARIFICATION": Names(vi="Đang giải trình – kết quả sơ bộ", en="Clarification, provisional result"),
    "FINAL_REVIEW": Names(vi="Rà soát cuối – kết quả sơ bộ", en="Final review, provisional result"),
    "SEALED": Names(vi="Đã niêm phong", en="Sealed"),
    "PUBLISHED": Names(vi="Đã công bố", en="Published"),
    "CORRECTED": Names(vi="Đang đính chính", en="Under correction"),
}

STATUSES: dict[str, Names] = {
    "observed": Names(vi="Đã báo cáo", en="Reported"),
    "estimated": Names(vi="Ước tính", en="Estimated"),
    "imputed": Names(vi="Suy ra", en="Imputed"),
    "carried": Names(vi="Lấy theo năm trước", en="Carried over"),
    "not_reported": Names(vi="Chưa báo cáo", en="Not reported"),
    "not_applicable": Names(vi="Không áp dụng", en="Not applicable"),
    "not_due": Names(vi="Chưa đến hạn", en="Not due yet"),
    "suppressed": Names(vi="Không đủ mẫu số", en="Denominator too small"),
    "invalid": Names(vi="Ngoài miền giá trị", en="Outside its range"),
    "excluded": Names(vi="Không chấm", en="Not scored"),
    "informational": Names(vi="Tham khảo", en="For information"),
}


def phase(state: EvaluationState, language: Language) -> str:
    return PHASES[state.phase].of(language)


def status(code: str, language: Language) -> str:
    return STATUSES[code].of(language) if code in STATUSES else code


def number(value: float | None, language: Language, decimals: int = 2, *, trimmed: bool = True) -> str:
    """A number as people of the language write it; a dash for none. `trimmed`: without needless zeros."""
    if value is None:
        return "–"
    text = f"{value:,.{decimals}f}"
    if trimmed and "." in text:
        text = text.rstrip("0").rstrip(".")
    if text == "-0":
        text = "0"
    return text.translate(str.maketrans(",.", ".,")) if language == "vi" else text


def moment(at_ms: int, zone: str, language: Language) -> str:
    """An instant on the clock of the plan's zone."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    return local.strftime("%H:%M ngày %d/%m/%Y" if language == "vi" else "%d %b %Y, %H:%M")
