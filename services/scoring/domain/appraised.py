"""What appraisers decided about single criteria: it takes the place of what the unit reported, in the final layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Layer = Literal["self", "appraised", "final"]
"""`self` as reported; `appraised` only what was appraised; `final` appraised where there is one, else self."""


@dataclass(frozen=True, slots=True)
class Appraised:
    """One appraised criterion of one unit.

    `outcome`: `confirmed` (the value stands as reported), `value` (the annual value below, in the indicator's unit of
    measure; for a quotient with its numerator and denominator, where known), `not_applicable` (leaves numerator and
    denominator) or `rejected` (counts as not reported). `revision` is that of the appraisal; instants are epoch ms.
    """

    unit: str
    indicator: str
    outcome: Literal["confirmed", "value", "not_applicable", "rejected"]
    revision: int
    decided_at_ms: int
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
