"""Methods: how an annual value becomes a share. One function per method of the plan, each over all units at once.

Every function takes the `Question` (values, what they are held against) and answers shares, with the cells that it
cannot score. Direction is applied in score space, never by negating the input: for a scale the reflection is 1 - share,
`linear_to_target` uses target / value, places count from the other end. `level_map`, `piecewise` and
`lower_is_better` state their direction themselves. `methods_fixed` holds those that need the plan only,
`methods_compared` those that need what others reported.

A method that compares, without any spread, carries no information: unless the plan says otherwise the indicator is left
out for everybody compared, reported or not, and flagged (`zero_range`). So it is without a target. A missing cell keeps
its status then, and does not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from services.scoring.domain import methods_compared as compared
from services.scoring.domain import methods_fixed as fixed
from services.scoring.domain.cells import (
    Bools,
    Codes,
    Column,
    Floats,
    Ints,
    Status,
    carries_value,
    is_missing,
    is_reported,
)
from services.scoring.domain.methods_question import Answer, Frozen, Question
from shared.plan.model import Indicator


@dataclass(frozen=True, slots=True)
class Shares:
    """One indicator scored: final status per unit, share (NaN unless it carries a value), flags, reference values.

    `left_out` marks missing cells that do not count because the indicator is left out for everybody compared: their
    status still says why they have no value. `posts` are the numbers that were taken from data; `formula` names the
    method as it was applied.
    """

    status: Codes
    share: Floats
    flags: dict[str, Bools]
    reference: dict[str, Floats]
    left_out: Bools | None = None
    posts: dict[str, dict[str, float]] = field(default_factory=dict)
    formula: str = ""


# As wide as the codes: comparing with a plain int would widen every row first.
_SUPPRESSED, _INVALID = np.int8(Status.SUPPRESSED), np.int8(Status.INVALID)

METHODS: dict[str, Callable[[Question], Answer]] = {
    "linear_to_target": fixed.linear_to_target,
    "official_ratio": fixed.official_ratio,
    "lower_is_better": fixed.lower_is_better,
    "share_of_peer_max": compared.share_of_peer_max,
    "steps": fixed.steps,
    "level_map": fixed.level_map,
    "boolean": fixed.boolean,
    "min_max_goalposts": fixed.min_max_goalposts,
    "zscore_minmax": compared.zscore_minmax,
    "minmax": compared.minmax,
    "target": fixed.target,
    "zscore": compared.zscore,
    "percentile": compared.percentile,
    "borda": compared.borda,
    "piecewise": fixed.piecewise,
    "optimum": fixed.optimum,
    "informational": fixed.informational,
}


def score(
    indicator: Indicator,
    column: Column,
    *,
    target: Floats,
    peer: Ints,
    peer_groups: tuple[str, ...],
    frozen: Frozen | None = None,
) -> Shares:
    """Score one column. `target` is NaN where the plan has none for the unit; `peer` numbers the peer groups.

    `frozen` are the indicator's posts of the last final edition. Raises Undefined where the plan refuses to compute.
    """
    has = carries_value(column.status)
    refused = (column.status == _SUPPRESSED) | (column.status == _INVALID)
    value = np.where(refused, np.nan, column.value) if refused.any() else column.value
    question = Question(
        indicator=indicator,
        value=value,
        numerator=column.numerator,
        denominator=column.denominator,
        target=target,
        peer=peer,
        peer_groups=peer_groups,
        basis=is_reported(column.status),
        has_value=has,
        frozen=frozen or {},
    )
    answer = METHODS[indicator.method.kind](question)
    status = _status(indicator, column.status, has, answer)
    counts = carries_value(status)
    share = answer.share
    if not counts.all():
        share = share if share.flags.writeable else share.copy()
        np.putmask(share, ~counts, np.nan)
    left_out = None if answer.excluded is None else answer.excluded & is_missing(column.status)
    asked = has if left_out is None else has | left_out
    flags = {name: held for name, mask in answer.flags.items() if (held := mask & asked).any()}
    return Shares(status, share, flags, answer.reference, left_out, answer.posts, _formula(indicator, answer))


def _status(indicator: Indicator, status: Codes, has: Bools, answer: Answer) -> Codes:
    """The status after the method."""
    if indicator.method.kind == "informational":
        return np.where(has, np.int8(Status.INFORMATIONAL), status)
    status = status.copy()
    if answer.excluded is not None:
        status[answer.excluded & has] = Status.EXCLUDED
    if answer.invalid is not None:
        status[answer.invalid & has] = Status.INVALID
    return status


def _formula(indicator: Indicator, answer: Answer) -> str:
    """`minmax`, `minmax.treated`, `min_max_goalposts.log.lower`: the id of the formula that made the shares."""
    lower = indicator.direction == "lower" and indicator.method.kind in TURNED
    return ".".join(part for part in (indicator.method.kind, answer.formula, "lower" if lower else "") if part)


TURNED = frozenset(METHODS) - {"lower_is_better", "level_map", "piecewise", "optimum", "informational"}
"""Methods whose formula depends on the indicator's direction."""
