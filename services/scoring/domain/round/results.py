"""What a round has decided, as rows of the final layer; now, or as of a past moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.round.appraising import settle
from services.scoring.domain.round.calendar import deadlines, moved
from services.scoring.domain.round.opening import rules_of
from services.scoring.domain.round.view import RoundView
from shared.events.round import AppraisalState, ClarificationState, RoundState

Decided = dict[tuple[str, str], Appraised]


def row_of(unit: str, indicator: str, settled: Mapping[str, Any]) -> Appraised:
    """The row of what the opinions came to (a `Settled` as plain values)."""
    return Appraised(
        unit=unit,
        indicator=indicator,
        outcome=settled["outcome"],
        revision=settled["revision"],
        decided_at_ms=settled["at_ms"],
        value=settled["value"],
        numerator=settled["numerator"],
        denominator=settled["denominator"],
    )


def overruled(decided: Decided, requests: Iterable[ClarificationState]) -> Decided:
    """With accepted requests whose decision names another outcome: it takes the place of what was appraised before."""
    found = dict(decided)
    for request in requests:
        decision = request.decision
        if decision is None or decision.outcome is None:
            continue
        place = (request.unit, request.indicator)
        before = found.get(place)
        if before is not None and before.decided_at_ms > decision.at_ms:
            continue
        found[place] = Appraised(
            unit=request.unit,
            indicator=request.indicator,
            outcome=decision.outcome,
            revision=request.revision + (before.revision if before else 0),
            decided_at_ms=decision.at_ms,
            value=decision.value,
            numerator=decision.numerator,
            denominator=decision.denominator,
        )
    return found


def in_order(decided: Decided) -> tuple[Appraised, ...]:
    """By unit and indicator."""
    return tuple(decided[place] for place in sorted(decided))


def view(held: RoundState, appraised: tuple[Appraised, ...], unsettled: int) -> RoundView:
    """The read model of a round."""
    return RoundView(
        plan=held.plan,
        year=held.year,
        phase=held.phase,
        revision=held.revision,
        opened_at_ms=held.opened_at_ms,
        entered_at_ms=held.entered_at_ms,
        deadlines=deadlines(held.calendar),
        cut_off_day=held.calendar.cut_off_day,
        appraised=appraised,
        unsettled=unsettled,
    )


def round_as_of(held: RoundState, at_ms: int) -> RoundState | None:
    """The round as it stood at the instant (what happened at it included); None before it was opened."""
    if at_ms < held.opened_at_ms:
        return None
    steps = [step for step in held.steps if step.at_ms <= at_ms]
    calendar = held.calendar
    for change in reversed(held.reschedulings):
        if change.at_ms > at_ms:
            calendar = moved(calendar, change.window, change.before)
    undone = {step.at_ms for step in held.steps if step.at_ms > at_ms}
    undone_moves = [change for change in held.reschedulings if change.at_ms > at_ms]
    # A step back moves its window in the same revision.
    alone = sum(change.at_ms not in undone for change in undone_moves)
    return held.model_copy(
        update={
            "revision": held.revision - (len(held.steps) - len(steps)) - alone,
            "phase": steps[-1].after if steps else "DRAFT",
            "entered_at_ms": steps[-1].at_ms if steps else held.opened_at_ms,
            "calendar": calendar,
            "steps": tuple(steps),
            "reschedulings": tuple(change for change in held.reschedulings if change.at_ms <= at_ms),
        }
    )


def view_as_of(
    held: RoundState, appraisals: Iterable[AppraisalState], requests: Iterable[ClarificationState], at_ms: int
) -> RoundView:
    """The read model as it was at the instant. `appraisals` and `requests`: with their whole history."""
    then = round_as_of(held, at_ms)
    if then is None:
        return RoundView(held.plan, held.year)
    decided: Decided = {}
    unsettled = 0
    rules = rules_of(held)
    for one in appraisals:
        opinions = [opinion for opinion in one.opinions if opinion.at_ms <= at_ms]
        settled = settle(opinions, rules)
        if settled is not None:
            decided[one.unit, one.indicator] = row_of(one.unit, one.indicator, settled.model_dump())
        unsettled += settled is None and len({opinion.place for opinion in opinions}) > 1
    asked = [request for request in requests if request.at_ms <= at_ms]
    answered = [request for request in asked if request.decision is not None and request.decision.at_ms <= at_ms]
    return view(then, in_order(overruled(decided, answered)), unsettled + len(asked) - len(answered))
