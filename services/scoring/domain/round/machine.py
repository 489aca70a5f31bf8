"""The state machine of a round: which step is legal, who takes it, and what it waits for. Pure.

    DRAFT -> SELF_SCORING -> APPRAISAL -> PROVISIONAL -> CLARIFICATION -> FINAL_REVIEW -> SEALED -> PUBLISHED
                                              a correction: PUBLISHED -> CORRECTED -> SEALED -> PUBLISHED

Time takes the steps up to FINAL_REVIEW: each is due at its instant and stays due until it is done. A person may take a
step that is due, may end the appraisal early when nothing is left to appraise, and may go back where that harms
nobody: PROVISIONAL -> APPRAISAL and FINAL_REVIEW -> CLARIFICATION, with a reason and a new end of the window. A window
that was promised to the units is never cut short. The steps from SEALED on are taken by the editions: CORRECTED is a
published round whose correction is open, until the next edition is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.scoring.domain.round.calendar import window
from services.scoring.domain.round.refusals import PHASES, is_sealed, refused
from services.scoring.domain.round.view import CLOSED
from services.scoring.domain.round.windows import check_future, with_window
from shared.clock import iso
from shared.events.round import RoundState, RoundStep, Window, WindowName
from shared.events.score import EvaluationPhase
from shared.refusal import Refusal

CLOCK = "clock"
Kind = Literal["time", "back", "edition"]
Pair = tuple[EvaluationPhase, EvaluationPhase]
SETTLED_BEFORE: frozenset[EvaluationPhase] = frozenset({"PROVISIONAL", "SEALED"})

STEPS: dict[Pair, Kind] = {
    ("DRAFT", "SELF_SCORING"): "time",
    ("SELF_SCORING", "APPRAISAL"): "time",
    ("APPRAISAL", "PROVISIONAL"): "time",
    ("PROVISIONAL", "CLARIFICATION"): "time",
    ("CLARIFICATION", "FINAL_REVIEW"): "time",
    ("PROVISIONAL", "APPRAISAL"): "back",
    ("FINAL_REVIEW", "CLARIFICATION"): "back",
    ("FINAL_REVIEW", "SEALED"): "edition",
    ("SEALED", "PUBLISHED"): "edition",
    ("PUBLISHED", "CORRECTED"): "edition",
    ("CORRECTED", "SEALED"): "edition",
}
_REOPENS: dict[Pair, WindowName] = {
    ("PROVISIONAL", "APPRAISAL"): "appraisal",
    ("FINAL_REVIEW", "CLARIFICATION"): "clarification",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left to do in a round. `unappraised` is None where nobody counted."""

    disputed: int = 0
    open_requests: int = 0
    unappraised: int | None = None

    @property
    def unsettled(self) -> int:
        return self.disputed + self.open_requests


def next_phase(phase: EvaluationPhase) -> EvaluationPhase | None:
    """The phase that time brings next; None from FINAL_REVIEW on."""
    return next((after for (before, after), kind in STEPS.items() if before == phase and kind == "time"), None)


def due_at_ms(held: RoundState) -> int | None:
    """When the next step of time is due; None when none is left."""
    calendar = held.calendar
    instants: dict[EvaluationPhase, int] = {
        "DRAFT": calendar.self_scoring.opens_at_ms,
        "SELF_SCORING": calendar.appraisal.opens_at_ms,
        "APPRAISAL": calendar.appraisal.closes_at_ms,
        "PROVISIONAL": calendar.clarification.opens_at_ms,
        "CLARIFICATION": calendar.clarification.closes_at_ms,
    }
    return instants.get(held.phase)


def ticked(held: RoundState, standing: Standing, now_ms: int) -> RoundState | None:
    """The round one step on where time says so and nothing holds it; None otherwise."""
    due, after = due_at_ms(held), next_phase(held.phase)
    if due is None or after is None or now_ms < due or hindrance(after, standing) is not None:
        return None
    reason = f"due at {iso(due)}"
    return _stepped(held, after, by=CLOCK, reason=reason, now_ms=now_ms)


def stepped(
    held: RoundState,
    after: EvaluationPhase,
    standing: Standing,
    *,
    by: str,
    reason: str,
    now_ms: int,
    closes_at_ms: int | None = None,
) -> RoundState:
    """The round after the step that a person asks for. Refused with the reason's name, and what is needed.

    `closes_at_ms`: with a step back, the new end of the window that it opens again.
    """
    kind = STEPS.get((held.phase, after))
    if kind is None:
        raise is_sealed(held.phase) if held.phase in CLOSED else _illegal(held.phase, after)
    if kind == "edition":
        raise _by_edition(held.phase, after)
    _check_hindrance(after, standing)
    if kind == "back":
        return _reopened(held, after, by=by, reason=reason, now_ms=now_ms, closes_at_ms=closes_at_ms)
    _check_due(held, after, standing, now_ms)
    return _stepped(held, after, by=by, reason=reason, now_ms=now_ms)


def entered(
    held: RoundState, after: EvaluationPhase, standing: Standing, *, by: str, reason: str, now_ms: int
) -> RoundState:
    """The round after a step of the editions: sealed, published, corrected. Refused as `stepped`."""
    if STEPS.get((held.phase, after)) != "edition":
        raise is_sealed(held.phase) if held.phase in CLOSED else _illegal(held.phase, after)
    _check_hindrance(after, standing)
    return _stepped(held, after, by=by, reason=reason, now_ms=now_ms)


def hindrance(after: EvaluationPhase, standing: Standing) -> Refusal | None:
    """What must be settled before the phase may be entered; None when nothing."""
    if after not in SETTLED_BEFORE:
        return None
    if standing.disputed:
        return refused(
            "referee_awaited",
            f"Còn {standing.disputed} tiêu chí có hai ý kiến thẩm định lệch nhau, cần người thứ ba quyết định.",
            f"{standing.disputed} criteria have two appraisals that differ: a third identity must decide.",
            disputed=standing.disputed,
        )
    if after == "SEALED" and standing.open_requests:
        return refused(
            "requests_open",
            f"Còn {standing.open_requests} đề nghị giải trình chưa có quyết định.",
            f"{standing.open_requests} requests for clarification are not decided.",
            open_requests=standing.open_requests,
        )
    return None


def _check_hindrance(after: EvaluationPhase, standing: Standing) -> None:
    if (found := hindrance(after, standing)) is not None:
        raise found


def _check_due(held: RoundState, after: EvaluationPhase, standing: Standing, now_ms: int) -> None:
    due = due_at_ms(held)
    assert due is not None, "every step of time has its instant"
    if now_ms >= due:
        return
    if after != "PROVISIONAL":
        raise refused(
            "not_yet",
            f"Chưa đến thời điểm {iso(due)}; thời gian đã thông báo cho đơn vị không được rút ngắn.",
            f"This is due at {iso(due)}; a window that was promised to the units is not cut short.",
            phase=held.phase,
            due_at=iso(due),
        )
    if standing.unappraised is None or standing.unappraised > 0:
        raise refused(
            "appraisal_unfinished",
            f"Chưa đến {iso(due)} và còn tiêu chí chưa thẩm định ({standing.unappraised}).",
            f"The appraisal ends at {iso(due)}; earlier only when no criterion is left ({standing.unappraised} are).",
            phase=held.phase,
            due_at=iso(due),
            unappraised=standing.unappraised,
        )


def _reopened(
    held: RoundState, after: EvaluationPhase, *, by: str, reason: str, now_ms: int, closes_at_ms: int | None
) -> RoundState:
    name = _REOPENS[held.phase, after]
    if closes_at_ms is None:
        raise Refusal(
            "not_valid",
            "Bước lùi cần thời điểm đóng mới (closes_at).",
            "A step back needs the new end of the window (closes_at).",
            pointer="/closes_at",
        )
    check_future(closes_at_ms, now_ms)
    to = Window(opens_at_ms=window(held.calendar, name).opens_at_ms, closes_at_ms=closes_at_ms)
    return _stepped(
        with_window(held, name, to, by=by, reason=reason, now_ms=now_ms), after, by=by, reason=reason, now_ms=now_ms
    ).model_copy(update={"revision": held.revision + 1})


def _stepped(held: RoundState, after: EvaluationPhase, *, by: str, reason: str, now_ms: int) -> RoundState:
    step = RoundStep(before=held.phase, after=after, at_ms=now_ms, by=by, reason=reason)
    return held.model_copy(
        update={
            "revision": held.revision + 1,
            "phase": after,
            "entered_at_ms": now_ms,
            "steps": (*held.steps, step),
            "changed_at_ms": now_ms,
        }
    )


def _illegal(before: EvaluationPhase, after: EvaluationPhase) -> Refusal:
    legal = [to for (held, to) in STEPS if held == before]
    vi = ", ".join(f"“{PHASES[each].vi}”" for each in legal)
    return refused(
        "illegal_step",
        f"Không chuyển được từ “{PHASES[before].vi}” sang “{PHASES[after].vi}”; chỉ được sang {vi}.",
        f"There is no step from {before} to {after}; from here it goes to {', '.join(legal)}.",
        phase=before,
        legal=legal,
    )


def _by_edition(before: EvaluationPhase, after: EvaluationPhase) -> Refusal:
    return refused(
        "by_edition",
        "Niêm phong, công bố và đính chính được thực hiện qua bản kết quả, cần hai người khác nhau xác nhận.",
        "Sealing, publishing and correcting are done on the edition, by two identities.",
        phase=before,
        to=after,
    )
