"""Ranking and completeness as CSV: one fact a column, instants in the plan's zone. Pure."""

from __future__ import annotations

from services.dashboard.domain.cells import RECEIVED, cell_of
from services.dashboard.domain.facts import Overview, Setting
from services.dashboard.domain.standing import ranked_order
from services.dashboard.pages import ranking as places
from services.dashboard.pages.labels import CELLS
from services.dashboard.pages.words import Words
from shared.tables.csv_text import Value, table


def ranking(facts: Overview, setting: Setting, *, peer: str | None, words: Words) -> bytes:
    """One line a unit: index in points of a hundred, movement over four weeks, pillars as shares of a hundred."""
    groups = setting.choice.plan.groups if setting.choice else ()
    header = [
        *(words.say("Peer group"), words.say("Rank"), words.say("Code"), words.say("Unit"), words.say("Index")),
        *(words.say("Band"), words.say("Movement"), words.say("Coverage"), words.say("Provisional")),
        *(group.code for group in groups),
    ]
    lines: list[list[Value]] = []
    standings = [s for s in facts.standings if peer is None or s.peer_group == peer]
    for s in sorted(ranked_order(standings), key=lambda standing: standing.peer_group):
        band = places.band(s.band, setting.choice.plan, words).text if setting.choice else s.band
        provisional = words.say("yes") if s.provisional else words.say("no")
        pillars = [_hundred(s.pillars.get(group.code)) for group in groups]
        lines.append(
            [
                *(s.peer_group, s.rank, s.unit, _name(s.unit, setting, words), _hundred(s.index)),
                *(band, _hundred(s.movement), _hundred(s.coverage), provisional, *pillars),
            ]
        )
    return table(header, lines)


def matrix(facts: Overview, setting: Setting, *, peer: str | None, words: Words) -> bytes:
    """One line an obligation: what is owed, by when, and what became of it."""
    header = [
        *(words.say("Peer group"), words.say("Code"), words.say("Unit"), words.say("Form"), words.say("Period")),
        *(words.say("State"), words.say("Due"), words.say("Received"), words.say("Version")),
    ]
    lines: list[list[Value]] = []
    shown = [one for one in facts.obligations if peer is None or one.peer_group == peer]
    for one in sorted(shown, key=lambda o: (o.peer_group, o.unit, o.due_at_ms, o.form)):
        cell = cell_of(one, setting.now_ms)
        received = words.moment(cell.at_ms) if cell.kind in RECEIVED else ""
        lines.append(
            [
                *(one.peer_group, one.unit, _name(one.unit, setting, words), one.form, one.period),
                *(words.say(CELLS[cell.kind][1]), words.moment(one.due_at_ms), received, cell.version or None),
            ]
        )
    return table(header, lines)


def _name(unit: str, setting: Setting, words: Words) -> str:
    return words.name(setting.units[unit].names) if unit in setting.units else unit


def _hundred(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 4)
