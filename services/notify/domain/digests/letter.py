"""Everything that one digest tells, put together from its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.notify.domain.digests import attention, pace, ranking, rates
from services.notify.domain.digests.anchors import AnchorOf
from services.notify.domain.digests.attention import (
    AlertCounts,
    AlertUnit,
    NotDelivered,
    PromiseLine,
    SilenceLine,
    StepLine,
)
from services.notify.domain.digests.material import Material, as_of_ms, seen_from
from services.notify.domain.digests.pace import PaceLine
from services.notify.domain.digests.ranking import GroupLine, means_of
from services.notify.domain.digests.rates import OverdueLine, PeriodLine
from services.notify.domain.digests.standing import Point, Standing, comparable, with_point
from services.notify.domain.ledger import Rates, is_closed, ledger_hash
from services.notify.domain.ledger import rates as rates_of
from shared.events.base import Names
from shared.plan.model import Plan

ROWS_MAX: Mapping[str, int] = {"leadership": 5, "standing_body": 8, "operations": 8}
"""Rows of a list that an audience is shown, the worst first; the rest is counted and stands on the dashboard."""

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "leadership": (
        *("charts", "rates", "overdue", "alerts", "inspections", "ranking", "pace", "silenced", "undelivered"),
    ),
    "standing_body": (
        *("overdue", "alerts", "inspections", "charts", "rates", "pace", "ranking", "silenced", "undelivered"),
    ),
    "operations": (
        *("undelivered", "overdue", "alerts", "inspections", "silenced", "charts", "rates", "pace", "ranking"),
    ),
}
"""What each audience reads first. Every section is in every digest; one with nothing in it is left out."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """The first rows of a list, and how many more there are."""

    rows: tuple[T, ...] = ()
    more: int = 0

    @property
    def total(self) -> int:
        return len(self.rows) + self.more


@dataclass(frozen=True, slots=True)
class Proof:
    """Why silence can be believed: what was watched, up to when, over which ledger; and anchors of the audit logs."""

    changes_seen: int
    checks_run: int
    as_of_ms: int
    ledger_sha256: str
    inputs_sha256: str | None
    made_at_ms: int
    anchors: tuple[AnchorOf, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """When a digest is about: its window (from, to], the evaluation year, when it is made. `run`: its id, if any.

    A preview has no run and is computed anew; `looks_back`: its moment is over, and scores are as they are now.
    """

    year: int
    window_from_ms: int
    window_to_ms: int
    made_at_ms: int
    run: str | None = None
    looks_back: bool = False


@dataclass(frozen=True, slots=True)
class DigestLetter:
    """Everything a digest tells."""

    plan: str
    plan_names: Names
    audience: str
    moment: Moment
    time_zone: str
    total: Rates
    on_time_before: float | None
    periods: tuple[PeriodLine, ...]
    provisional: bool
    mean_index: float | None
    mean_before: float | None
    groups: tuple[GroupLine, ...]
    bands_basis: str
    trend: tuple[Point, ...]
    pace: Some[PaceLine]
    alerts: AlertCounts
    alert_units: Some[AlertUnit]
    promises: Some[PromiseLine]
    promises_missed: int
    silenced: Some[SilenceLine]
    steps: Some[StepLine]
    steps_late: int
    overdue: Some[OverdueLine]
    not_delivered: Some[NotDelivered]
    proof: Proof

    @property
    def sections(self) -> tuple[str, ...]:
        return SECTIONS[self.audience]

    @property
    def year(self) -> int:
        return self.moment.year

    @property
    def off_pace(self) -> int:
        """Indicators that are off pace somewhere."""
        return self.pace.total

    @property
    def all_clear(self) -> bool:
        """Nothing overdue, off pace, open, silenced, due or undelivered."""
        parts = (self.overdue, self.pace, self.silenced, self.steps, self.not_delivered)
        return not self.alerts.open and not any(part.total for part in parts)

    @property
    def compared(self) -> bool:
        """Whether there was an earlier digest of this year to compare with."""
        return self.mean_before is not None or any(line.more is not None for line in self.periods)


def digest_letter(plan: Plan, audience: str, material: Material, before: Standing, moment: Moment) -> DigestLetter:
    """The content of one run or preview from what was read."""
    now_ms, before = moment.window_to_ms, comparable(before, moment.year)
    material = seen_from(material, now_ms) if moment.looks_back else material
    closed = [state for state in material.obligations if state.year == moment.year and is_closed(state, now_ms)]
    rows_max = ROWS_MAX[audience]
    promises = attention.promise_lines(material, plan.time_zone, now_ms)
    steps = attention.step_lines(material.steps, material.units, plan.time_zone, now_ms)
    evaluation = material.evaluation
    return DigestLetter(
        plan=plan.code,
        plan_names=plan.names,
        audience=audience,
        moment=moment,
        time_zone=plan.time_zone,
        total=rates_of(closed),
        on_time_before=before.on_time_share,
        periods=rates.period_lines(plan, closed, before),
        provisional=evaluation.provisional if evaluation else True,
        mean_index=evaluation.mean_index if evaluation else None,
        mean_before=before.mean_index,
        groups=ranking.group_lines(plan, material, before),
        bands_basis=plan.scoring.bands_basis or "",
        trend=with_point(before, now_ms, means_of(material)).points(),
        pace=_some(pace.pace_lines(plan, material.scores, closed, before, moment.year), rows_max),
        alerts=attention.alert_counts(material.alerts, before.alerts_open, moment.window_from_ms),
        alert_units=_some(attention.alert_units(material, operations=audience == "operations"), rows_max),
        promises=_some(promises, rows_max),
        promises_missed=sum(promise.missed for promise in promises),
        silenced=_some(attention.silence_lines(material.silenced, material.units), rows_max),
        steps=_some(steps, rows_max),
        steps_late=sum(step.days < 0 for step in steps),
        overdue=_some(rates.overdue_lines(plan, material.obligations, material.units, now_ms), rows_max),
        not_delivered=_some(attention.not_delivered(material.undelivered), rows_max),
        proof=_proof(material, moment.made_at_ms),
    )


def standing_of(plan: Plan, material: Material, before: Standing, moment: Moment) -> Standing:
    """What the next digest of the audience compares with."""
    now_ms, before = moment.window_to_ms, comparable(before, moment.year)
    closed = [state for state in material.obligations if state.year == moment.year and is_closed(state, now_ms)]
    total = rates_of(closed)
    fresh = Standing(
        ranks={score.unit: score.rank for score in material.scores if score.rank is not None},
        mean_index=material.evaluation.mean_index if material.evaluation else None,
        year=moment.year,
        bands={score.unit: score.band for score in material.scores if score.band is not None},
        received={line.key: line.rates.received for line in rates.period_lines(plan, closed, before)},
        on_time_share=total.share(total.on_time) if total.expected else None,
        off_pace={line.indicator: line.off for line in pace.pace_lines(plan, material.scores, closed, before, 0)},
        alerts_open=sum(alert.is_open for alert in material.alerts),
        trend=before.trend,
    )
    return with_point(fresh, now_ms, means_of(material))


def _some(rows: Sequence[T], limit: int) -> Some[T]:
    return Some(tuple(rows[:limit]), max(0, len(rows) - limit))


def _proof(material: Material, made_at_ms: int) -> Proof:
    return Proof(
        changes_seen=material.changes_seen,
        checks_run=len(material.obligations) + len(material.scores) + len(material.alerts),
        as_of_ms=as_of_ms(material),
        ledger_sha256=ledger_hash(material.obligations),
        inputs_sha256=material.evaluation.inputs_sha256 if material.evaluation else None,
        made_at_ms=made_at_ms,
        anchors=tuple(material.anchors),
    )
