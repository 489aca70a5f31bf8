"""What was read for one digest, and how it stood at an earlier moment as far as the states held can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.notify.domain.alerts import Alert
from services.notify.domain.deliveries import Delivery
from services.notify.domain.digests.anchors import AnchorOf
from services.notify.domain.ledger import is_closed
from shared.events.base import Names
from shared.events.obligation import ObligationState
from shared.events.score import EvaluationState, ScoreState
from shared.events.unit import UnitState


@dataclass(frozen=True, slots=True)
class Silenced:
    """Something that was silenced: by whom, why, until when (epoch ms; None: until it is lifted)."""

    unit: str
    names: Names
    owner: str
    reason: str
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class DueStep:
    """What is due next of an inspection, and its last instant in time.

    `step`: decision, visit, conclusion, closure, or remediation (of a finding).
    """

    inspection: str
    unit: str
    step: str
    due_at_ms: int


@dataclass(frozen=True, slots=True)
class Material:
    """What was read from the store for one digest."""

    obligations: Sequence[ObligationState]
    evaluation: EvaluationState | None
    scores: Sequence[ScoreState]
    alerts: Sequence[Alert]
    undelivered: Sequence[Delivery]
    units: Mapping[str, UnitState]
    changes_seen: int
    silenced: Sequence[Silenced] = ()
    steps: Sequence[DueStep] = ()
    anchors: Sequence[AnchorOf] = ()


def year_of(obligations: Sequence[ObligationState], now_ms: int, fallback: int) -> int:
    """The evaluation year that the digest is about: that of the obligation that came due last."""
    closed = [state for state in obligations if is_closed(state, now_ms)]
    return max(closed, key=lambda state: state.due_at_ms).year if closed else fallback


def as_of_ms(material: Material) -> int:
    """The newest change among what the digest counts: nothing that came later is in it."""
    newest = [state.changed_at_ms for state in material.obligations]
    newest += [material.evaluation.as_of_ms] if material.evaluation else []
    return max(newest, default=0)


def ledger_at(obligations: Sequence[ObligationState], at_ms: int) -> list[ObligationState]:
    """The ledger without the reports that arrived after an instant.

    Only the newest state of an obligation is held: a report that came later is taken back by its own receipt; what a
    person decided later (a waiver, an extension) stays, because the state does not say what was before.
    """
    return [_before(state, at_ms) for state in obligations]


def _before(state: ObligationState, at_ms: int) -> ObligationState:
    arrived_ms = state.first_valid_at_ms
    if state.outcome not in ("FULFILLED", "NIL") or arrived_ms is None or arrived_ms <= at_ms:
        return state
    later = {"outcome": "PENDING", "timeliness": None, "first_valid_at_ms": None, "submission": None}
    return state.model_copy(update={**later, "changed_at_ms": min(state.changed_at_ms, at_ms)})


def seen_from(material: Material, at_ms: int) -> Material:
    """The material for a look back: alerts that opened later are left out. Scores stay as they are now."""
    return replace(material, alerts=[alert for alert in material.alerts if alert.opened_at_ms <= at_ms])
