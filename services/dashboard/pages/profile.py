"""The profile of one unit: where it stands, why, and what to do next. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.dashboard.charts.bars import percent_of
from services.dashboard.charts.line import LineChart, Series, line_chart
from services.dashboard.domain.cells import RECEIVED, cell_of
from services.dashboard.domain.facts import Choice, Profile, Setting
from services.dashboard.domain.rates import count
from services.dashboard.domain.standing import Standing, mean
from services.dashboard.domain.trend import mean_course
from services.dashboard.pages import indicators, inspection_rows, labels, ranking, rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.words import NOTHING, Words
from shared.events.obligation import ObligationState
from shared.events.report import ReportState

NOTICES_MAX = 20


@dataclass(frozen=True, slots=True)
class PillarView:
    """One pillar against the mean of the peer group."""

    code: str
    name: str
    index: str
    width: float
    peer: str
    peer_width: float
    difference: str
    look: str
    points: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One obligation of the year with the report that stands for it."""

    period: str
    form: str
    look: str
    symbol: str
    status: str
    due: str
    received: str
    version: str
    review: str
    findings: str
    receipt: str


@dataclass(frozen=True, slots=True)
class ProfileView:
    """The whole profile. `indicators` is None before the first score."""

    code: str
    name: str
    group: str
    about: tuple[tuple[str, str], ...]
    index: str
    rank: str
    ranked: str
    band: ranking.BandView
    movement: ranking.MovementView
    places: ranking.MovementView
    coverage: str
    peer_mean: str
    on_time: str
    on_time_note: str
    provisional: bool
    computed: str
    chart: LineChart | None
    pillars: tuple[PillarView, ...]
    indicators: indicators.Indicators | None
    reports: tuple[ReportRow, ...]
    alerts: tuple[rows.AlertRow, ...]
    inspections: tuple[inspection_rows.InspectionRow, ...]
    notices: tuple[rows.NoticeRow, ...]


def compose(facts: Profile, setting: Setting, words: Words, address: Address) -> ProfileView:
    """The profile in the chosen plan and year. The setting has a choice: without one there is no profile."""
    choice = setting.choice
    assert choice is not None
    own = next((standing for standing in facts.peers if standing.unit == facts.unit.unit), None)
    naming = rows.Naming(setting.units, words, address)
    rates = count(cell_of(one, setting.now_ms) for one in facts.obligations)
    score = facts.score
    return ProfileView(
        code=facts.unit.unit,
        name=words.name(facts.unit.names),
        group=_group_name(score.peer_group if score else facts.unit.peer_group, choice, words),
        about=_about(facts, setting, words),
        index=words.index(own.index if own else None),
        rank=str(own.rank) if own and own.rank is not None else NOTHING,
        ranked=str(own.ranked) if own else "",
        band=ranking.band(own.band if own else None, choice.plan, words),
        movement=ranking.movement(own.movement if own else None, words),
        places=ranking.places_moved(own.places if own else None, words),
        coverage=words.percent(own.coverage if own else None),
        peer_mean=words.index(mean(standing.index for standing in facts.peers)),
        on_time=words.percent(rates.on_time_rate),
        on_time_note=words.say(
            "{received} of {expected} received",
            received=words.number(rates.received),
            expected=words.number(rates.expected),
        ),
        provisional=bool(own and own.provisional),
        computed=words.moment(own.computed_at_ms) if own else "",
        chart=_chart(facts, own, words),
        pillars=_pillars(facts, own, choice, words),
        indicators=indicators.compose(score.indicators, choice.plan, facts.unit.unit, choice.year, words)
        if score
        else None,
        reports=tuple(_report(one, facts.reports.get(one.obligation), setting, words) for one in facts.obligations),
        alerts=tuple(rows.alert_row(state, naming) for state in facts.alerts),
        inspections=inspection_rows.list_rows(facts.inspections, setting, naming),
        notices=rows.newest(
            [rows.reminder_row(state, naming) for state in facts.reminders]
            + [rows.delivery_row(state, naming) for state in facts.deliveries],
            most=NOTICES_MAX,
        ),
    )


def _group_name(code: str, choice: Choice, words: Words) -> str:
    return next((words.name(group.names) for group in choice.plan.peer_groups if group.code == code), code)


def _about(facts: Profile, setting: Setting, words: Words) -> tuple[tuple[str, str], ...]:
    unit = facts.unit
    parent = setting.units.get(unit.parent or "")
    successor = setting.units.get(unit.successor or "")
    said = [
        (words.say("Code"), unit.unit),
        (words.say("Parent"), words.name(parent.names) if parent else unit.parent or ""),
        (words.say("Staff"), words.number(unit.headcount, 0) if unit.headcount is not None else ""),
        (words.say("Closed on"), "/".join(reversed(unit.valid_to.split("-"))) if unit.valid_to else ""),
        (words.say("Successor"), words.name(successor.names) if successor else unit.successor or ""),
    ]
    return tuple((name, value) for name, value in said if value)


def _chart(facts: Profile, own: Standing | None, words: Words) -> LineChart | None:
    if own is None:
        return None
    others = mean_course([standing.course for standing in facts.peers])
    return line_chart(
        [Series(words.say("Peer mean"), others, "peer"), Series(words.say("This unit"), own.course, "own")]
    )


def _pillars(facts: Profile, own: Standing | None, choice: Choice, words: Words) -> tuple[PillarView, ...]:
    if own is None or facts.score is None:
        return ()
    groups = {group.code: group for group in facts.score.groups}
    found = []
    for group in choice.plan.groups:
        if group.code not in groups:
            continue
        share = own.pillars.get(group.code)
        peer = mean(standing.pillars.get(group.code) for standing in facts.peers)
        scored = groups[group.code]
        text, look = _difference(share, peer, words)
        points = f"{words.points(scored.points)} / {words.number(scored.points_max)}" if scored.points_max else ""
        found.append(
            PillarView(
                code=group.code,
                name=words.name(group.names),
                index=words.index(share),
                width=percent_of(share),
                peer=words.index(peer),
                peer_width=percent_of(peer),
                difference=text,
                look=look,
                points=points,
            )
        )
    return tuple(found)


def _difference(share: float | None, peer: float | None, words: Words) -> tuple[str, str]:
    """(signed difference to the peers, its look)."""
    if share is None or peer is None:
        return NOTHING, "none"
    change = share - peer
    if abs(change) < 0.0005:
        return "=", "same"
    return f"{'+' if change > 0 else '−'}{words.index(abs(change))}", "up" if change > 0 else "down"


def _report(one: ObligationState, report: ReportState | None, setting: Setting, words: Words) -> ReportRow:
    choice = setting.choice
    assert choice is not None
    cell = cell_of(one, setting.now_ms)
    symbol, label = labels.CELLS[cell.kind]
    forms = {form.code: words.name(form.names) for form in choice.plan.forms}
    came = cell.kind in RECEIVED
    return ReportRow(
        period=words.period(one.period),
        form=forms.get(one.form, one.form),
        look=cell.kind.value,
        symbol=symbol,
        status=words.say(label) if not one.reason else f"{words.say(label)}: {one.reason}",
        due=words.moment(one.due_at_ms),
        received=words.moment(cell.at_ms) if came else "",
        version=str(cell.version) if cell.version else "",
        review=words.say(labels.REVIEWS.get(cell.review, cell.review)) if cell.review else "",
        findings=", ".join(finding.code for finding in report.findings) if report else "",
        receipt=report.sha256[:12] if report else "",
    )
