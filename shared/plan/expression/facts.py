"""What the condition of an inspection rule may speak of: the facts of its signal. `docs/plan.md` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from shared.plan.expression.checker import Checker
from shared.plan.expression.evaluate import Environment
from shared.plan.expression.syntax import parse
from shared.plan.expression.tokens import ExpressionError, tokens_of
from shared.plan.expression.vocabulary import Type

Fact = float | str | bool | None

ABOUT: dict[str, Type] = {"unit": "text", "peer_group": "text"}
_OF_PERIOD: dict[str, Type] = {"form": "text", "period": "text"}
_OF_YEAR: dict[str, Type] = {"year": "number", "provisional": "truth"}
_COUNTED: dict[str, Type] = {"indicators": "number"}
_OUTLIER: dict[str, Type] = {**_COUNTED, "z": "number"}

FACTS: dict[str, dict[str, Type]] = {
    "report_overdue": {**ABOUT, **_OF_PERIOD, "days_overdue": "number", "returned": "number", "rejected": "number"},
    "two_in_a_row": {**ABOUT, "form": "text", "periods": "number", "owed": "number"},
    "copied_report": {**ABOUT, **_OF_PERIOD, "explained": "truth", "version": "number"},
    "layers_differ": {**ABOUT, **_OF_YEAR, "self": "number", "final": "number", "difference": "number"},
    "evidence_missing": {**ABOUT, **_OF_PERIOD, **_COUNTED},
    "band_fell": {**ABOUT, **_OF_YEAR, "bands": "number", "index": "number", "index_before": "number"},
    "far_below_target": {**ABOUT, **_OF_YEAR, **_COUNTED, "index": "number", "coverage": "number"},
    "security_incident": {**ABOUT, **_OF_YEAR, "incidents": "number"},
    "finding_overdue": {**ABOUT, "severity": "text", "days_overdue": "number"},
    "outlier_own_history": {**ABOUT, **_OF_PERIOD, **_OUTLIER},
    "outlier_peers": {**ABOUT, **_OF_YEAR, **_OUTLIER},
    "pace_at_risk": {**ABOUT, **_OF_YEAR, **_COUNTED, "pace": "number"},
}
"""Signal -> name -> type. A fact may be missing (no index yet): a condition that names it is then not met."""


@lru_cache(maxsize=1024)
def named_in(condition: str, signal: str) -> tuple[str, ...]:
    """The facts that a condition speaks of. ExpressionError: what is wrong with it and how to mend it."""
    facts = FACTS[signal]
    if Checker("signal", facts).type_of(parse(condition)) != "truth":
        raise ExpressionError("the condition is not true or false", "compare two numbers: days_overdue > 10.0")
    names = [token.text for token in tokens_of(condition) if token.kind == "name"]
    return tuple(name for name in dict.fromkeys(names) if name in facts)


def holds(condition: str, signal: str, facts: Mapping[str, Fact]) -> bool | None:
    """Whether the condition is met; None where a fact that it names is missing. EvaluationError: it has no answer."""
    if any(facts.get(name) is None for name in named_in(condition, signal)):
        return None
    environment = Environment(None)
    environment.bind({name: value for name, value in facts.items() if value is not None})
    return bool(environment.evaluate(condition))
