"""What each phase of a round waits for, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.scoring.domain.round.machine import Standing, due_at_ms, hindrance, next_phase
from services.scoring.domain.round.refusals import PHASES
from shared.clock import iso
from shared.events.base import Names
from shared.events.round import RoundState
from shared.events.score import EvaluationPhase

Place = Literal["past", "current", "to_come"]

IN_ORDER: tuple[EvaluationPhase, ...] = (
    "DRAFT",
    "SELF_SCORING",
    "APPRAISAL",
    "PROVISIONAL",
    "CLARIFICATION",
    "FINAL_REVIEW",
    "SEALED",
    "PUBLISHED",
)


@dataclass(frozen=True, slots=True)
class Wait:
    """One phase: where it lies from here, what ends it, when (None: people do), and what holds it up now."""

    phase: EvaluationPhase
    names: Names
    place: Place
    ends_at_ms: int | None
    waits_for: Names
    held_up_by: Names | None = None


def waits(held: RoundState, standing: Standing) -> list[Wait]:
    """Every phase in order; a round whose correction is open stands behind them all."""
    here = IN_ORDER.index(held.phase) if held.phase in IN_ORDER else len(IN_ORDER)
    found: list[Wait] = []
    for at, phase in enumerate(IN_ORDER):
        place: Place = "past" if at < here else "current" if at == here else "to_come"
        ends = due_at_ms(held.model_copy(update={"phase": phase}))
        hindered = _hindered(phase, standing) if place == "current" else None
        found.append(Wait(phase, PHASES[phase], place, ends, _for(phase, ends), hindered))
    return found


def _hindered(phase: EvaluationPhase, standing: Standing) -> Names | None:
    after = next_phase(phase) or ("SEALED" if phase == "FINAL_REVIEW" else None)
    found = hindrance(after, standing) if after else None
    return found.text if found else None


def _for(phase: EvaluationPhase, ends_at_ms: int | None) -> Names:
    if ends_at_ms is not None:
        vi, en = _UNTIL[phase]
        return Names(vi=vi.format(iso(ends_at_ms)), en=en.format(iso(ends_at_ms)))
    return _PEOPLE[phase]


_UNTIL: dict[EvaluationPhase, tuple[str, str]] = {
    "DRAFT": ("Mở tự chấm điểm lúc {0}.", "Self-scoring opens at {0}."),
    "SELF_SCORING": ("Bắt đầu thẩm định lúc {0}.", "The appraisal begins at {0}."),
    "APPRAISAL": ("Kết thúc thẩm định lúc {0}.", "The appraisal ends at {0}."),
    "PROVISIONAL": ("Nhận đề nghị giải trình từ {0}.", "Requests for clarification are taken from {0}."),
    "CLARIFICATION": ("Hết hạn đề nghị giải trình lúc {0}.", "The window of clarification closes at {0}."),
}
_PEOPLE: dict[EvaluationPhase, Names] = {
    "FINAL_REVIEW": Names(vi="Chờ hai người khác nhau xác nhận niêm phong.", en="Two identities must seal the result."),
    "SEALED": Names(vi="Chờ công bố.", en="The edition must be published."),
    "PUBLISHED": Names(vi="Đã hoàn tất; chỉ còn đính chính.", en="Done; only a correction can follow."),
}
