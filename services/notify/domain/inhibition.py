"""Inhibition: what a source explains is muted while the source holds.

As in Alertmanager: a rule has matchers for sources and for targets, and labels that must be equal on both; a label that
is missing counts as empty; what matches both sides of a rule cannot inhibit itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.notify.domain.alerts import Alert
from services.notify.domain.silences import Outage
from shared.events.obligation import ObligationState

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """Something that explains: its labels, the named reason that a muted alert shows, its end (exclusive)."""

    labels: Labels
    reason: str
    ends_ms: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Label -> the values that match. `equal`: labels that source and target must have in common."""

    source: Mapping[str, frozenset[str]]
    target: Mapping[str, frozenset[str]]
    equal: tuple[str, ...]


_EXPLAINED = frozenset({"report_overdue", "two_in_a_row", "pace_at_risk"})
_RELIEF = {"source": frozenset({"extension", "waiver"})}
RULES: tuple[Rule, ...] = (
    # An overdue report has an alert of its own, which its own extension ends; another period's explains nothing of it.
    Rule(_RELIEF, {"signal": frozenset({"two_in_a_row"})}, ("plan", "unit", "form")),
    Rule(_RELIEF, {"signal": frozenset({"pace_at_risk"})}, ("plan", "unit")),
    Rule({"source": frozenset({"outage"})}, {"signal": _EXPLAINED}, ("plan", "unit")),
    Rule({"source": frozenset({"outage_of_all"})}, {"signal": _EXPLAINED}, ("plan",)),
)
INHIBITABLE = _EXPLAINED


def muted_by(target: Labels, sources: Iterable[Source], rules: Sequence[Rule] = RULES) -> Source | None:
    """The source that mutes the target longest; None when none does."""
    found = [source for source in sources if any(_inhibits(rule, source.labels, target) for rule in rules)]
    return max(found, key=lambda source: (source.ends_ms, source.reason), default=None)


def _inhibits(rule: Rule, source: Labels, target: Labels) -> bool:
    if not _matches(rule.source, source) or not _matches(rule.target, target):
        return False
    if _matches(rule.target, source) and _matches(rule.source, target):
        return False
    return all(source.get(label, "") == target.get(label, "") for label in rule.equal)


def _matches(wanted: Mapping[str, frozenset[str]], labels: Labels) -> bool:
    return all(labels.get(label, "") in values for label, values in wanted.items())


def labels_of(alert: Alert) -> Labels:
    return {
        "plan": alert.plan,
        "unit": alert.unit,
        "rule": alert.rule,
        "signal": alert.signal,
        "form": alert.form,
    }


def of_outage(outage: Outage) -> Source:
    if not outage.unit:
        return Source({"source": "outage_of_all", "plan": outage.plan}, f"outage {outage.id}", outage.ends_at_ms)
    labels = {"source": "outage", "plan": outage.plan, "unit": outage.unit}
    return Source(labels, f"outage {outage.id}", outage.ends_at_ms)


def of_relief(state: ObligationState, now_ms: int) -> Source | None:
    """What an extension or a waiver of an obligation explains, until its limit; None when it has none (any more)."""
    ends_ms = state.grace_end_ms + 1
    extended = any(relief.kind == "extended" for relief in state.reliefs)
    if now_ms >= ends_ms or not (extended or state.outcome == "WAIVED"):
        return None
    kind = "waiver" if state.outcome == "WAIVED" else "extension"
    if kind == "extension" and state.outcome != "PENDING":
        return None
    labels = {"source": kind, "plan": state.plan, "unit": state.unit, "form": state.form}
    return Source(labels, f"{kind} {state.form} {state.period}", ends_ms)
