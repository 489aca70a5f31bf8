"""What a check may look at, and what it answers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.events.base import Names
from shared.events.report import ReportedValue
from shared.events.unit import UnitState
from shared.plan.model import Form, Indicator, Plan

Values = Mapping[str, ReportedValue]
FIELDS = ("value", "numerator", "denominator")
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Context:
    """One report before its rules.

    `catalogue` has every indicator of the plan by code, `expected` those that this unit fills in. `values` are the
    well-formed ones by indicator code, in the order they were sent; `given` are all codes sent. `previous` and
    `year_before` are the values of the same form's report for the period before and for the same period a year
    before; None where there is none that counts. `evidence_elsewhere` maps a file's SHA-256 to the other unit that
    uses it; `evidence_missing` are files named that the unit has not uploaded (None: no files are kept here, so nobody
    can have). `period` is its code.
    """

    plan: Plan
    catalogue: Mapping[str, Indicator]
    form: Form
    unit: UnitState
    year: int
    expected: tuple[Indicator, ...]
    values: Values
    given: frozenset[str]
    previous: Values | None = None
    previous_year: int | None = None
    year_before: Values | None = None
    evidence_elsewhere: Mapping[str, str] = field(default_factory=dict)
    evidence_missing: frozenset[str] | None = None
    period: str = ""
    reported: Sequence[tuple[Indicator, ReportedValue]] = field(init=False, repr=False, compare=False)
    """Every indicator with a reported value and that value, in sent order: paired once, looked at by every rule."""

    def __post_init__(self) -> None:
        pairs = [(self.catalogue[code], value) for code, value in self.values.items() if value.status == "reported"]
        object.__setattr__(self, "reported", pairs)

    def chosen(self, parameters: Mapping[str, Any]) -> Iterable[tuple[Indicator, ReportedValue]]:
        """The indicators that the rule names (all without a list), each with its reported value, in sent order."""
        wanted = parameters.get("indicators")
        if not wanted:
            return self.reported
        return [pair for pair in self.reported if pair[0].code in wanted]

    def number(self, operand: str) -> float | None:
        """The number that an operand such as `SVC-03.numerator` names; None where it was not reported."""
        code, _, member = operand.rpartition(".")
        held = self.values.get(code)
        if held is None or held.status != "reported":
            return None
        number: float | None = getattr(held, member)
        return number


@dataclass(frozen=True, slots=True)
class Found:
    """One breach: the indicators at fault (the first is pointed to; none means the whole report), and the numbers."""

    message: Names
    indicators: tuple[str, ...] = ()
    member: str = ""
    expected: str = ""
    got: str = ""


Check = Callable[[Context, Mapping[str, Any]], Iterator[Found]]


def shown(indicator: Indicator, value: ReportedValue) -> float | None:
    """The value in the shown unit of measure; None where there is none or the denominator is 0."""
    part, whole = value.numerator, value.denominator
    if part is None or whole is None:
        return None if indicator.is_quotient else value.value
    return indicator.scale * part / whole if whole else None


def numbers(values: Values) -> dict[tuple[str, str], float]:
    """Every reported number by (indicator, member)."""
    found: dict[tuple[str, str], float] = {}
    for code, held in values.items():
        if held.status == "reported":
            for member, number in (
                ("value", held.value),
                ("numerator", held.numerator),
                ("denominator", held.denominator),
            ):
                if number is not None:
                    found[code, member] = number
    return found


def text(number: float) -> str:
    """A number as people write it: no trailing `.0`, no more digits than tell it apart."""
    return f"{number:.15g}"
