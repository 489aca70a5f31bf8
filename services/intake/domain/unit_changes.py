"""Changes of the tree as one set of steps: what each step does to which unit, and whether the set is coherent. Pure.

A step becomes effects on single units. An effect is a function of the unit alone and of the day on which the set was
recorded, so a set that was interrupted can be applied again from its record, unit by unit, with the same result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import rfc8785

from services.intake.domain.unit_faults import incoherent, step_faults
from services.intake.domain.unit_steps import (
    EFFECTS,
    AnyStep,
    Close,
    Effect,
    End,
    Merge,
    Move,
    Register,
    Rename,
    Reopen,
    Split,
)
from services.intake.domain.units import day_before, moved, state_of
from shared.events.unit import FormerNames, Interval, UnitState
from shared.refusal import Detail, Refusal

FAULTS_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Decided:
    """What a set does: its effects in order, and the units that they change, before and after."""

    effects: tuple[Effect, ...]
    before: Mapping[str, UnitState]
    after: Mapping[str, UnitState]


def unit_of(effect: Effect) -> str:
    return effect.unit.code if isinstance(effect, Register) else effect.unit


def change_id(effects: Sequence[Effect], *, reason: str, recorded_ms: int) -> str:
    """The id of a set that is recorded now."""
    held = EFFECTS.dump_python(tuple(effects), mode="json")
    content = {"effects": held, "reason": reason, "recorded_ms": recorded_ms}
    return f"unit-change-{hashlib.sha256(rfc8785.dumps(content)).hexdigest()[:32]}"


def decide(steps: Sequence[AnyStep], units: Mapping[str, UnitState], *, today: date) -> Decided:
    """What the steps do, one after the other. Refused, with the place of each fault, unless all of them can be done.

    Effects on units that would stay as they are are left out.
    """
    after: dict[str, UnitState] = dict(units)
    effects: list[Effect] = []
    faults: list[Detail] = []
    for place, step in enumerate(steps):
        wrong = step_faults(step, after, today)
        faults += [Detail(f"/steps/{place}{at}", said, hint) for at, said, hint in wrong]
        for effect in () if wrong else _effects(step):
            unit = unit_of(effect)
            fresh = applied((effect,), after.get(unit), today=today)
            if fresh != after.get(unit):
                after[unit] = fresh
                effects.append(effect)
    changed = {unit: state for unit, state in after.items() if state != units.get(unit)}
    faults += incoherent(after, changed)
    if faults:
        raise Refusal(
            "not_valid",
            f"Bộ thay đổi có {len(faults)} lỗi; chưa ghi gì.",
            f"The set of changes has {len(faults)} faults; nothing was written.",
            details=faults[:FAULTS_SHOWN_MAX],
            members={"faults_total": len(faults)},
        )
    numbered = {unit: _numbered(state, units.get(unit)) for unit, state in changed.items()}
    return Decided(tuple(effects), {unit: units[unit] for unit in changed if unit in units}, numbered)


def applied(effects: Sequence[Effect], held: UnitState | None, *, today: date) -> UnitState:
    """The unit after these effects on it, at the revision it had (1 when it is new)."""
    state = held
    for effect in effects:
        if isinstance(effect, Register):
            state = state_of(effect.unit, revision=state.revision if state else 1, held=state, today=today)
        else:
            assert state is not None, "decided on a unit that is registered"
            state = _changed(state, effect, today)
    assert state is not None, "at least one effect"
    return state


def _numbered(state: UnitState, held: UnitState | None) -> UnitState:
    return state.model_copy(update={"revision": held.revision + 1}) if held else state


def _changed(state: UnitState, effect: Rename | Move | Reopen | End, today: date) -> UnitState:
    match effect:
        case Rename():
            last = day_before(effect.first_day)
            former = state.former_names
            if state.names != effect.names and not (former and former[-1].last >= last):
                former = (*former, FormerNames(names=state.names, last=last))
            return state.model_copy(update={"names": effect.names, "former_names": former})
        case Move():
            return moved(state, effect.parent, today)
        case End():
            first = effect.successors[0] if effect.successors else None
            update = {"valid_to": effect.last_day.isoformat(), "successor": first, "successors": effect.successors}
            return state.model_copy(update=update)
        case Reopen():
            if state.valid_to is None:
                return state
            past = Interval(first=state.valid_from, last=state.valid_to, successors=state.successors)
            fresh = {"valid_from": effect.first_day.isoformat(), "valid_to": None, "successor": None, "successors": ()}
            return state.model_copy(update={**fresh, "earlier": (*state.earlier, past)})


def _effects(step: AnyStep) -> Sequence[Effect]:
    match step:
        case Close():
            return [End(unit=step.unit, last_day=step.last_day, successors=(step.successor,) if step.successor else ())]
        case Merge():
            last = step.first_day - timedelta(days=1)
            return [End(unit=unit, last_day=last, successors=(step.into,)) for unit in step.units if unit != step.into]
        case Split():
            if step.continues:
                return []
            return [End(unit=step.unit, last_day=step.first_day - timedelta(days=1), successors=step.into)]
        case _:
            return [step]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A set as it is kept: what is done, since when, by whom, why. `today` is the day on which it was decided."""

    id: str
    state: Literal["applying", "applied"]
    recorded_ms: int
    by: str
    reason: str
    today: date
    effects: tuple[Effect, ...]
    rev: int = 1

    @property
    def units(self) -> tuple[str, ...]:
        """The units that change, in the order of the effects: a new unit before what names it."""
        return tuple(dict.fromkeys(unit_of(effect) for effect in self.effects))

    def of_unit(self, unit: str) -> tuple[Effect, ...]:
        return tuple(effect for effect in self.effects if unit_of(effect) == unit)

    def on(self, unit: str, held: UnitState | None) -> UnitState:
        """The unit after this set, at its next revision."""
        return _numbered(applied(self.of_unit(unit), held, today=self.today), held)
