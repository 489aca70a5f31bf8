"""A digest run: its key, its window, and what it tells the leadership, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from services.notify.domain.alerts import LEADERSHIP_AT_POINTS, Alert, inspection_list
from services.notify.domain.deliveries import Delivery
from services.notify.domain.instants import DAY_MS, days_between
from services.notify.domain.ledger import Rates, is_closed, is_overdue, ledger_hash, rates
from services.notify.domain.letters import form_names, names_of
from shared.events.base import Names
from shared.events.notice import DigestState
from shared.events.obligation import ObligationState
from shared.events.score import EvaluationState, ScoreState
from shared.events.unit import UnitState
from shared.plan.model import Plan

MAKE_UP_MS = 7 * DAY_MS
"""After downtime, runs of this long are made up; older ones are skipped: they would be history, not news."""

RANKS_SHOWN = 3
ROWS_MAX = 10
ALERT_UNITS_MAX = 6


@dataclass(frozen=True, slots=True)
class DigestRun:
    """One run for an audience and a closed window (from, to]; content pinned per language when it is made."""

    id: str
    plan: str
    audience: str
    window_from_ms: int
    window_to_ms: int
    status: Literal["CREATED", "COMPLETED"]
    recipients: int
    all_clear: bool
    headline_vi: str
    headline_en: str
    made_at_ms: int
    decision: str
    letters_json: str
    standing_json: str
    revision: int = 1
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def state(self) -> DigestState:
        return DigestState(
            revision=self.revision,
            digest=self.id,
            plan=self.plan,
            audience=self.audience,
            window_from_ms=self.window_from_ms,
            window_to_ms=self.window_to_ms,
            status=self.status,
            recipients=self.recipients,
            all_clear=self.all_clear,
            headline=Names(vi=self.headline_vi, en=self.headline_en),
            made_at_ms=self.made_at_ms,
        )


def digest_id(plan: str, audience: str, window_to_ms: int) -> str:
    """The key under which a run is found or created: one run per audience and moment, however often it is asked for."""
    return f"digest-{plan}-{audience}-{window_to_ms}"


@dataclass(frozen=True, slots=True)
class PeriodLine:
    """One closed period of one form."""

    form: str
    form_names: Names
    period: str
    rates: Rates
    due_at_ms: int


@dataclass(frozen=True, slots=True)
class RankLine:
    """One unit's place. `moved` is positive for better; None when it was not ranked at the last digest."""

    unit: str
    unit_names: Names
    rank: int
    index: float
    band: str | None
    moved: int | None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One peer group: how many, the mean, the bands from the best down, the top and the bottom of its ranking."""

    code: str
    names: Names
    units: int
    ranked: int
    mean_index: float | None
    bands: tuple[tuple[str, Names, int], ...]
    top: tuple[RankLine, ...]
    bottom: tuple[RankLine, ...]


@dataclass(frozen=True, slots=True)
class AlertUnit:
    """A unit with open alerts."""

    unit: str
    unit_names: Names
    points: int
    alerts: int
    rules: tuple[Names, ...]
    promise: str | None
    to_leadership: bool


@dataclass(frozen=True, slots=True)
class OverdueLine:
    unit: str
    unit_names: Names
    form_names: Names
    period: str
    due_at_ms: int
    days_late: int


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """A notice that did not reach its recipient."""

    recipient: str
    title: str
    reason: str
    changed_at_ms: int


@dataclass(frozen=True, slots=True)
class Proof:
    """Why silence can be believed: what was watched, up to when."""

    changes_seen: int
    checks_run: int
    as_of_ms: int
    ledger_sha256: str
    made_at_ms: int


@dataclass(frozen=True, slots=True)
class DigestLetter:
    """Everything a digest tells."""

    plan: str
    plan_names: Names
    audience: str
    year: int
    window_from_ms: int
    window_to_ms: int
    time_zone: str
    total: Rates
    periods: tuple[PeriodLine, ...]
    provisional: bool
    mean_index: float | None
    mean_before: float | None
    groups: tuple[GroupLine, ...]
    alerts_by_severity: dict[str, int]
    alert_units: tuple[AlertUnit, ...]
    alert_units_more: int
    overdue: tuple[OverdueLine, ...]
    overdue_more: int
    not_delivered: tuple[NotDelivered, ...]
    not_delivered_more: int
    proof: Proof

    @property
    def alerts_open(self) -> int:
        return sum(self.alerts_by_severity.values())

    @property
    def overdue_total(self) -> int:
        return len(self.overdue) + self.overdue_more

    @property
    def all_clear(self) -> bool:
        """Nothing is overdue, no alert is open, everything was delivered."""
        return not (self.alerts_open or self.overdue or self.not_delivered)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a digest remembers for the next one of its audience: ranks by unit and the mean index."""

    ranks: Mapping[str, int] = field(default_factory=dict)
    mean_index: float | None = None


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


def year_of(obligations: Sequence[ObligationState], now_ms: int, fallback: int) -> int:
    """The evaluation year that the digest is about: that of the obligation that came due last."""
    closed = [state for state in obligations if is_closed(state, now_ms)]
    return max(closed, key=lambda state: state.due_at_ms).year if closed else fallback


def digest_letter(
    plan: Plan,
    audience: str,
    material: Material,
    before: Standing,
    *,
    year: int,
    window_from_ms: int,
    window_to_ms: int,
    now_ms: int,
) -> DigestLetter:
    """The content of one run from what is known now."""
    closed = [state for state in material.obligations if state.year == year and is_closed(state, now_ms)]
    late = sorted(
        (state for state in material.obligations if is_overdue(state, now_ms)),
        key=lambda state: (state.due_at_ms, state.unit, state.obligation),
    )
    alert_units = _alert_units(material)
    undelivered = sorted(material.undelivered, key=lambda delivery: -delivery.changed_at_ms)
    evaluation = material.evaluation
    return DigestLetter(
        plan=plan.code,
        plan_names=plan.names,
        audience=audience,
        year=year,
        window_from_ms=window_from_ms,
        window_to_ms=window_to_ms,
        time_zone=plan.time_zone,
        total=rates(closed),
        periods=_periods(plan, closed),
        provisional=evaluation.provisional if evaluation else True,
        mean_index=evaluation.mean_index if evaluation else None,
        mean_before=before.mean_index,
        groups=_groups(plan, material, before),
        alerts_by_severity=_by_severity(material.alerts),
        alert_units=tuple(alert_units[:ALERT_UNITS_MAX]),
        alert_units_more=max(0, len(alert_units) - ALERT_UNITS_MAX),
        overdue=tuple(_overdue(plan, state, material.units, now_ms) for state in late[:ROWS_MAX]),
        overdue_more=max(0, len(late) - ROWS_MAX),
        not_delivered=tuple(_not_delivered(delivery) for delivery in undelivered[:ROWS_MAX]),
        not_delivered_more=max(0, len(undelivered) - ROWS_MAX),
        proof=_proof(material, now_ms),
    )


def standing_of(material: Material) -> Standing:
    """What the next digest compares with."""
    ranks = {score.unit: score.rank for score in material.scores if score.rank is not None}
    return Standing(ranks, material.evaluation.mean_index if material.evaluation else None)


def _periods(plan: Plan, closed: Sequence[ObligationState]) -> tuple[PeriodLine, ...]:
    by_period: dict[tuple[str, str], list[ObligationState]] = {}
    for state in closed:
        by_period.setdefault((state.form, state.period), []).append(state)
    lines = [
        PeriodLine(form, form_names(plan, form), period, rates(states), max(state.due_at_ms for state in states))
        for (form, period), states in by_period.items()
    ]
    return tuple(sorted(lines, key=lambda line: (line.due_at_ms, line.form)))


def _groups(plan: Plan, material: Material, before: Standing) -> tuple[GroupLine, ...]:
    if material.evaluation is None:
        return ()
    names = {group.code: group.names for group in plan.peer_groups}
    bands = {band.code: band.names for band in plan.scoring.bands}
    lines = []
    for peer in material.evaluation.peers:
        ranked = _ranked(peer.peer_group, material, before)
        lines.append(
            GroupLine(
                code=peer.peer_group,
                names=names.get(peer.peer_group, Names(vi=peer.peer_group, en=peer.peer_group)),
                units=peer.units,
                ranked=peer.ranked,
                mean_index=peer.mean_index,
                bands=tuple((code, bands[code], peer.bands.get(code, 0)) for code in bands),
                top=tuple(ranked[:RANKS_SHOWN]) if len(ranked) > 2 * RANKS_SHOWN else tuple(ranked),
                bottom=tuple(ranked[-RANKS_SHOWN:]) if len(ranked) > 2 * RANKS_SHOWN else (),
            )
        )
    return tuple(lines)


def _ranked(peer_group: str, material: Material, before: Standing) -> list[RankLine]:
    found = [
        RankLine(
            unit=score.unit,
            unit_names=names_of(score.unit, material.units),
            rank=score.rank,
            index=score.index,
            band=score.band,
            moved=before.ranks[score.unit] - score.rank if score.unit in before.ranks else None,
        )
        for score in material.scores
        if score.peer_group == peer_group and score.rank is not None and score.index is not None
    ]
    return sorted(found, key=lambda line: (line.rank, line.unit))


def _by_severity(alerts: Sequence[Alert]) -> dict[str, int]:
    counts = {"high": 0, "medium": 0, "low": 0}
    for alert in alerts:
        if alert.is_open:
            counts[alert.severity] += 1
    return counts


def _alert_units(material: Material) -> list[AlertUnit]:
    """Units with open alerts, most risk points first; operations alerts (no points) come last."""
    points = {candidate.unit: candidate.points for candidate in inspection_list(material.alerts)}
    by_unit: dict[str, list[Alert]] = {}
    for alert in material.alerts:
        if alert.is_open:
            by_unit.setdefault(alert.unit, []).append(alert)
    lines = [_alert_unit(unit, held, points.get(unit, 0), material.units) for unit, held in by_unit.items()]
    return sorted(lines, key=lambda line: (-line.points, line.unit))


def _alert_unit(unit: str, alerts: Sequence[Alert], points: int, units: Mapping[str, UnitState]) -> AlertUnit:
    rules = {alert.rule: alert.names for alert in sorted(alerts, key=lambda alert: alert.rule)}
    promises = sorted(alert.promise for alert in alerts if alert.promise)
    return AlertUnit(
        unit=unit,
        unit_names=names_of(unit, units),
        points=points,
        alerts=len(alerts),
        rules=tuple(rules.values()),
        promise=promises[0] if promises else None,
        to_leadership=points >= LEADERSHIP_AT_POINTS,
    )


def _overdue(plan: Plan, state: ObligationState, units: Mapping[str, UnitState], now_ms: int) -> OverdueLine:
    return OverdueLine(
        unit=state.unit,
        unit_names=names_of(state.unit, units),
        form_names=form_names(plan, state.form),
        period=state.period,
        due_at_ms=state.due_at_ms,
        days_late=days_between(state.due_at_ms, now_ms, state.time_zone),
    )


def _not_delivered(delivery: Delivery) -> NotDelivered:
    return NotDelivered(delivery.state().recipient, delivery.title, delivery.decision, delivery.changed_at_ms)


def _proof(material: Material, now_ms: int) -> Proof:
    newest = [state.changed_at_ms for state in material.obligations]
    newest += [material.evaluation.as_of_ms] if material.evaluation else []
    return Proof(
        changes_seen=material.changes_seen,
        checks_run=len(material.obligations) + len(material.scores) + len(material.alerts),
        as_of_ms=max(newest, default=0),
        ledger_sha256=ledger_hash(material.obligations),
        made_at_ms=now_ms,
    )
