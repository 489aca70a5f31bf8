"""Inputs of the engine without a store: one accepted annual value per unit and indicator."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from services.scoring.domain.annual import ESTIMATED, NOT_APPLICABLE, REPORTED, Reported
from services.scoring.domain.cells import Bools, Floats, blank
from services.scoring.domain.impute import History
from services.scoring.domain.inputs import Inputs, cohort_of
from shared.plan.model import Plan


def matrix(
    plan: Plan,
    groups: Mapping[str, str],
    values: Mapping[str, Floats],
    *,
    parts: Mapping[str, tuple[Floats, Floats]] | None = None,
    not_applicable: Mapping[str, Bools] | None = None,
    estimated: Mapping[str, Bools] | None = None,
    history: History | None = None,
) -> Inputs:
    """Units (unit -> peer group) with values in the order of the unit codes; NaN is not reported, every period due.

    `parts` gives numerators and denominators of quotients, `not_applicable` and `estimated` mark cells.
    """
    cohort = cohort_of(groups)
    units = len(cohort.units)
    found = {}
    for indicator in plan.indicators():
        value = values.get(indicator.code, blank(units))
        numerator, denominator = (parts or {}).get(indicator.code, (blank(units), blank(units)))
        out = (not_applicable or {}).get(indicator.code, np.zeros(units, dtype=bool))
        guess = (estimated or {}).get(indicator.code, np.zeros(units, dtype=bool))
        found[indicator.code] = Reported(
            unit=np.arange(units),
            period_end_ms=np.ones(units, dtype=np.int64),
            kind=np.where(out, NOT_APPLICABLE, np.where(guess, ESTIMATED, REPORTED)).astype(np.int8),
            value=np.asarray(value, dtype=np.float64),
            numerator=np.asarray(numerator, dtype=np.float64),
            denominator=np.asarray(denominator, dtype=np.float64),
        )
    due = {code: np.ones(units, dtype=np.int64) for code in found}
    nothing = (np.zeros(units), np.zeros(units))
    counted = {"reports_on_time": nothing, "findings_remedied": nothing}
    return Inputs(cohort, found, due, counted, history=history or History())
