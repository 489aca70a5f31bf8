"""One indicator over some units, evaluated: what the tests of methods look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from services.scoring.domain.evaluate import evaluate
from services.scoring.domain.impute import History
from services.scoring.domain.leaves import Leaf
from services.scoring.domain.reference import Reference
from services.scoring.domain.summary import LABELS
from shared.plan.model import Plan
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import goalposts, group, indicator, plan, quotient

YEAR = 2011
PEERS = ("P", "Q")
Numbers = Sequence[float]


def plan_of(method: dict[str, Any], *, scoring: dict[str, Any] | None = None, **fields: Any) -> Plan:
    """A plan of the indicator X with this method (a quotient where `numerator` is asked for), and of Y beside it."""
    make = quotient if fields.pop("quotient", False) else indicator
    leaves = [make("X", method, **fields), indicator("Y", goalposts(0, 1), weight=1)]
    rules = {"aggregate": "arithmetic", "missing": "reweight", **(scoring or {})}
    return plan(group("G", indicators=leaves), peer_groups=PEERS, scoring=rules)


def leaf(
    method: dict[str, Any],
    values: Numbers,
    *,
    peers: str = "",
    parts: tuple[Numbers, Numbers] | None = None,
    reference: Reference | None = None,
    history: History | None = None,
    estimated: list[bool] | None = None,
    not_applicable: list[bool] | None = None,
    **fields: Any,
) -> Leaf:
    """X of these values (NaN: not reported) for units U00, U01, ... in the peer groups that `peers` spells (P, Q)."""
    one = plan_of(method, quotient=parts is not None, **fields)
    units = len(parts[0]) if parts else len(values)
    names = {f"U{at:02}": (peers or "P" * units)[at] for at in range(units)}
    given = matrix(
        one,
        names,
        {"X": np.array(values, dtype=float)} if parts is None else {},
        parts={"X": (np.array(parts[0]), np.array(parts[1]))} if parts else None,
        not_applicable={"X": np.array(not_applicable)} if not_applicable else None,
        estimated={"X": np.array(estimated)} if estimated else None,
        history=history,
    )
    return evaluate(one, YEAR, given, reference=reference).leaves["X"]


def labels(found: Leaf) -> list[str]:
    return [LABELS[status] for status in found.status]


def flagged(found: Leaf, flag: str) -> list[int]:
    """The units that carry a flag."""
    return np.flatnonzero(found.flags[flag]).tolist() if flag in found.flags else []


def shares(method: dict[str, Any], values: Numbers, **more: Any) -> list[float]:
    return [round(share, 12) for share in leaf(method, values, **more).share.tolist()]
