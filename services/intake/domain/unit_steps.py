"""The steps of a set of unit changes as they are sent, and the effects on single units that they become. Pure."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.events.base import Names
from shared.plan.model import Code
from shared.plan.units import UnitInput

UNITS_OF_STEP_MAX = 100

Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(9000, 12, 31))]


class Step(BaseModel):
    """Strict and closed: a misspelt member is an error, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Register(Step):
    """Registers a unit, or changes what is registered (contacts, headcount, ...)."""

    kind: Literal["register"]
    unit: UnitInput


class Rename(Step):
    """A new name from `first_day` on, today at the latest; the old one stays for the days before."""

    kind: Literal["rename"]
    unit: Code
    names: Names
    first_day: Day


class Move(Step):
    """Another parent from today on; groupings of past days stay."""

    kind: Literal["move"]
    unit: Code
    parent: Code | None


class Close(Step):
    """The unit exists up to `last_day`."""

    kind: Literal["close"]
    unit: Code
    last_day: Day
    successor: Code | None = None


class Reopen(Step):
    """A closed unit exists again from `first_day` on; the days between stay without it."""

    kind: Literal["reopen"]
    unit: Code
    first_day: Day


class Merge(Step):
    """Units end the day before `first_day` and `into` succeeds them; it exists, or is registered in the same set."""

    kind: Literal["merge"]
    units: Annotated[tuple[Code, ...], Field(min_length=1, max_length=UNITS_OF_STEP_MAX)]
    into: Code
    first_day: Day


class Split(Step):
    """A unit is succeeded by several from `first_day` on; it ends the day before unless it `continues`."""

    kind: Literal["split"]
    unit: Code
    into: Annotated[tuple[Code, ...], Field(min_length=1, max_length=UNITS_OF_STEP_MAX)]
    first_day: Day
    continues: bool = False


AnyStep = Annotated[Register | Rename | Move | Close | Reopen | Merge | Split, Field(discriminator="kind")]


class End(Step):
    """The effect of closure, merger and split on the unit that ends."""

    kind: Literal["end"] = "end"
    unit: Code
    last_day: Day
    successors: tuple[str, ...] = ()


Effect = Annotated[Register | Rename | Move | Reopen | End, Field(discriminator="kind")]
EFFECTS: TypeAdapter[tuple[Effect, ...]] = TypeAdapter(tuple[Effect, ...])
