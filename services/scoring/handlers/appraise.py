"""Explain, appraise, confirm criteria of a unit. Load, decide, save.

One write a criterion, with its event. The version that the client named is the guard: of many who appraise at once one
is first, and the others are told what stands now. Repeating what is written changes nothing, but finishes what a crash
may have cut off: the mark of the recomputation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.round.appraising import (
    Criterion,
    Finding,
    appraised,
    blank,
    check_finding,
    explained,
    repeats,
    standing,
)
from services.scoring.domain.round.criteria import (
    applies,
    check_by_hand,
    criteria,
    criterion,
    is_computed,
    self_value,
)
from services.scoring.domain.round.evidence import reporters
from services.scoring.domain.round.opening import rules_of
from services.scoring.domain.round.people import Person, check_not_own
from services.scoring.domain.round.windows import check_appraisable, check_open
from services.scoring.handlers.round_case import Case, RoundCases
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.events.round import AppraisalState
from shared.refusal import Refusal

ATTEMPTS_MAX = 8


class HeldAppraisal(Protocol):
    @property
    def state(self) -> AppraisalState: ...


Held = TypeVar("Held", bound=HeldAppraisal)


class AppraisalStore(Protocol[Held]):
    async def get(self, criterion: Criterion) -> Held | None: ...

    async def save(self, held: Held | None, state: AppraisalState) -> bool: ...

    async def add(self, states: Sequence[AppraisalState]) -> list[bool]: ...

    async def of_unit(self, evaluation: str, unit: str) -> Mapping[str, Held]: ...


class Marks(Protocol):
    async def mark(self, plan: str, year: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What one call confirmed: the appraisals, and why others were left (indicator -> name of the reason)."""

    appraisals: list[AppraisalState]
    left: dict[str, str]


class Appraise:
    """Takes what units and appraisers say about criteria."""

    def __init__(
        self,
        *,
        cases: RoundCases,
        appraisals: AppraisalStore[Held],
        marks: Marks,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._cases = cases
        self._appraisals = appraisals
        self._marks = marks
        self._audit = audit
        self._clock = clock

    async def explain(self, place: Criterion, text: str, *, by: str) -> AppraisalState:
        """The unit explains its own value, within the window of self-scoring."""
        case = await self._cases.load(place.plan, place.year, place.unit, to_decide=True)
        check_by_hand(criterion(case.computation.evaluation.plan, place.indicator))
        for _ in range(ATTEMPTS_MAX):
            now_ms = self._clock.now_ms()
            check_open(case.round, "self_scoring", now_ms)
            held = await self._appraisals.get(place)
            before = held.state if held else blank(place, now_ms)
            said = before.explanation
            if said is not None and (said.text, said.by) == (text, by):
                return before
            state = explained(before, text, by=by, now_ms=now_ms)
            if await self._appraisals.save(held, state):
                await self._note("criterion.explained", state, by)
                return state
        raise Transient(f"{place.id}: others change this criterion; try again")

    async def appraise(
        self, place: Criterion, finding: Finding, *, subject: str, unit: str | None, named_version: int | None
    ) -> tuple[AppraisalState, bool]:
        """The appraisal after this opinion, and whether it is new. 403 for who may not, 412 where another stands."""
        case = await self._cases.load(place.plan, place.year, place.unit, to_decide=True)
        indicator = criterion(case.computation.evaluation.plan, place.indicator)
        check_by_hand(indicator)
        held = await self._appraisals.get(place)
        now_ms = self._clock.now_ms()
        before = held.state if held else blank(place, now_ms)
        await self._check_person(case, await self._cases.person(subject, unit), before)
        check_appraisable(case.round, now_ms, by_referee=before.disputed)
        if repeats(before, finding, subject):
            await self._marks.mark(place.plan, place.year)
            return before, False
        _check_version(before.revision, named_version)
        value = self_value(case.computation, place.indicator, case.at)
        check_finding(finding, value, is_quotient=indicator.is_quotient)
        state = appraised(before, finding, rules_of(case.round), self_value=value, by=subject, now_ms=now_ms)
        if not await self._appraisals.save(held, state):
            now = await self._appraisals.get(place)
            raise _moved(now.state.revision if now else 0)
        await self._note("criterion.appraised", state, subject)
        return state, True

    async def confirm_all(self, plan: str, year: int, unit: str, *, subject: str, of: str | None) -> Confirmed:
        """Confirm every criterion of the unit that waits for this appraiser. `of`: the unit that they belong to.

        A crash in between leaves a part confirmed; the same call again confirms the rest.
        """
        case = await self._cases.load(plan, year, unit, to_decide=True)
        now_ms = self._clock.now_ms()
        check_appraisable(case.round, now_ms, by_referee=False)
        person = await self._cases.person(subject, of)
        held = await self._appraisals.of_unit(evaluation_id(plan, year), unit)
        await self._check_person(case, person, *(one.state for one in held.values()))
        fresh, left = _confirmations(case, {code: one.state for code, one in held.items()}, subject, now_ms)
        kept = await self._appraisals.add([state for state in fresh if state.indicator not in held])
        written = dict(zip((state.indicator for state in fresh if state.indicator not in held), kept, strict=True))
        for state in fresh:
            if state.indicator in held:
                written[state.indicator] = await self._appraisals.save(held[state.indicator], state)
        left |= {code: "changed_meanwhile" for code, done in written.items() if not done}
        confirmed = [state for state in fresh if written[state.indicator]]
        await self._marks.mark(plan, year)
        for state in confirmed:
            await self._record("criterion.confirmed", state, subject)
        return Confirmed(confirmed, left)

    async def _check_person(self, case: Case, person: Person, *before: AppraisalState) -> None:
        explainers = {one.explanation.by for one in before if one.explanation is not None}
        check_not_own(person, case.unit, reporters(await self._cases.sent(case)) | explainers)

    async def _note(self, what: str, state: AppraisalState, by: str) -> None:
        await self._marks.mark(state.plan, state.year)
        await self._record(what, state, by)

    async def _record(self, what: str, state: AppraisalState, by: str) -> None:
        await self._audit.record(
            state.plan, what, state.appraisal, by=by, at_ms=state.changed_at_ms, revision=state.revision
        )


def _confirmations(
    case: Case, held: Mapping[str, AppraisalState], by: str, now_ms: int
) -> tuple[list[AppraisalState], dict[str, str]]:
    """The criteria as confirmed by this person, and why others are left."""
    fresh: list[AppraisalState] = []
    left: dict[str, str] = {}
    rules, computation = rules_of(case.round), case.computation
    for indicator in criteria(computation.evaluation.plan):
        code = indicator.code
        before = held.get(code) or blank(_place(case, code), now_ms)
        value = self_value(computation, code, case.at)
        if not applies(computation.reported, code)[case.at]:
            continue
        if reason := _left(before, value, by, computed=is_computed(indicator)):
            left[code] = reason
        else:
            fresh.append(appraised(before, Finding("confirmed"), rules, self_value=value, by=by, now_ms=now_ms))
    return fresh, left


def _left(before: AppraisalState, value: float | None, by: str, *, computed: bool) -> str:
    """Why a criterion is not confirmed in bulk; "" where it is."""
    if computed:
        return "computed_by_machine"
    if before.settled is not None or any(one.by == by for one in standing(before.opinions).values()):
        return "appraised"
    if before.disputed:
        return "referee_awaited"
    return "nothing_reported" if value is None else ""


def _place(case: Case, indicator: str) -> Criterion:
    return Criterion(case.round.plan, case.round.year, case.unit, indicator)


def _check_version(current: int, named: int | None) -> None:
    if (named or 0) != current:
        raise _moved(current)


def _moved(current: int) -> Refusal:
    return Refusal(
        "version_moved",
        f'Phiên bản {current} đang có hiệu lực; hãy đọc lại và gửi If-Match: "{current}".',
        f'Version {current} stands now; read it and send If-Match: "{current}".',
        members={"current_version": current},
    )
