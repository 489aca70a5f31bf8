"""The completeness matrix: units by periods of a year, grouped by peer group. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.dashboard.domain.cells import Cell, CellKind, cell_of
from services.dashboard.domain.rates import Rates, count
from services.dashboard.pages.address import Address
from services.dashboard.pages.labels import CELLS, REVIEWS
from services.dashboard.pages.short_names import shortened
from services.dashboard.pages.words import Words
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.model import Plan

SHORT_NAMES_FROM = 7
COLUMNS_MAX = 40


@dataclass(frozen=True, slots=True)
class Column:
    """One period of one form."""

    key: tuple[str, str]
    label: str
    full: str


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell: look, what stands in it, and what it says in full."""

    look: str
    symbol: str
    text: str
    full: str


@dataclass(frozen=True, slots=True)
class Row:
    """One unit; `short` is its name within the group. A cell is None where the unit owes nothing for the period."""

    unit: str
    name: str
    short: str
    address: str
    cells: tuple[CellView | None, ...]


@dataclass(frozen=True, slots=True)
class RateView:
    """Received of expected, and the share on time; `look` is bad where something is overdue."""

    text: str
    detail: str
    look: str


@dataclass(frozen=True, slots=True)
class Group:
    """One peer group with its rows and the rates of each column."""

    code: str
    name: str
    rows: tuple[Row, ...]
    rates: tuple[RateView, ...]


@dataclass(frozen=True, slots=True)
class LegendEntry:
    look: str
    symbol: str
    text: str
    number: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole matrix. `shown` of `units` units are shown under the chosen peer group."""

    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    totals: tuple[RateView, ...]
    legend: tuple[LegendEntry, ...]
    units: int


def compose(
    obligations: Iterable[ObligationState],
    units: Mapping[str, UnitState],
    plan: Plan,
    *,
    peer: str | None,
    now_ms: int,
    words: Words,
    address: Address,
) -> Matrix:
    """The matrix at `now_ms`; `peer` limits it to one peer group (of the obligation, as it was then)."""
    shown = [one for one in obligations if peer is None or one.peer_group == peer]
    columns = _columns(shown, plan, words)
    cells: dict[str, dict[tuple[str, str], Cell]] = {}
    group_of: dict[str, str] = {}
    for one in shown:
        cells.setdefault(one.unit, {})[(one.form, one.period)] = cell_of(one, now_ms)
        group_of[one.unit] = one.peer_group
    keys = [column.key for column in columns]
    groups = tuple(
        _group(
            code,
            name,
            {unit: held for unit, held in cells.items() if group_of[unit] == code},
            columns=columns,
            units=units,
            words=words,
            address=address,
        )
        for code, name in _groups(plan, group_of.values(), words)
    )
    totals = tuple(_rate(count(held[key] for held in cells.values() if key in held), words) for key in keys)
    legend = _legend([cell for held in cells.values() for cell in held.values()], words)
    return Matrix(columns, groups, totals, legend, len(cells))


def _columns(obligations: Iterable[ObligationState], plan: Plan, words: Words) -> tuple[Column, ...]:
    """Periods in the order in which they end, shorter ones first, at most COLUMNS_MAX."""
    first = {(one.form, one.period): one for one in obligations}
    ordered = sorted(first.values(), key=lambda one: (one.period_end_ms, -len(one.period), one.due_at_ms, one.form))
    forms = {form.code: words.name(form.names) for form in plan.forms}
    name = words.period_short if len(ordered) >= SHORT_NAMES_FROM else words.period
    return tuple(
        Column((one.form, one.period), name(one.period), f"{words.period(one.period)}: {forms.get(one.form, one.form)}")
        for one in ordered[:COLUMNS_MAX]
    )


def _groups(plan: Plan, present: Iterable[str], words: Words) -> list[tuple[str, str]]:
    """Peer groups that have a row, in the plan's order, then any that the plan does not name."""
    there = set(present)
    named = [(group.code, words.name(group.names)) for group in plan.peer_groups if group.code in there]
    return named + [(code, code) for code in sorted(there - {code for code, _ in named})]


def _group(
    code: str,
    name: str,
    cells: Mapping[str, Mapping[tuple[str, str], Cell]],
    *,
    columns: Sequence[Column],
    units: Mapping[str, UnitState],
    words: Words,
    address: Address,
) -> Group:
    names = {unit: words.name(units[unit].names) if unit in units else unit for unit in cells}
    shorts = shortened(names)
    rows = tuple(
        Row(
            unit,
            names[unit],
            shorts[unit],
            address.unit(unit),
            tuple(_view(held.get(c.key), c, words) for c in columns),
        )
        for unit, held in sorted(cells.items())
    )
    rates = tuple(_rate(count(held[c.key] for held in cells.values() if c.key in held), words) for c in columns)
    return Group(code, name, rows, rates)


def _view(cell: Cell | None, column: Column, words: Words) -> CellView | None:
    if cell is None:
        return None
    symbol, label = CELLS[cell.kind]
    said = [words.say(label)]
    text = words.day(cell.at_ms)
    match cell.kind:
        case CellKind.OVERDUE:
            text = words.say("{n} d late", n=-cell.days)
            said.append(words.say("due {date}, {n} days ago", date=words.date(cell.at_ms), n=-cell.days))
        case CellKind.OPEN | CellKind.DUE_SOON:
            text = words.say("{n} d left", n=cell.days)
            said.append(words.say("due {date}", date=words.date(cell.at_ms)))
        case CellKind.GRACE:
            said.append(words.say("until {date}", date=words.date(cell.at_ms)))
        case CellKind.NOT_OPEN:
            said.append(words.say("opens {date}", date=words.date(cell.at_ms)))
        case CellKind.NOT_APPLICABLE | CellKind.CANCELLED | CellKind.WAIVED:
            text = ""
        case _:
            said.append(words.date(cell.at_ms))
    if cell.version:
        said.append(words.say("version {n}", n=cell.version))
    if cell.review:
        said.append(words.say(REVIEWS.get(cell.review, cell.review)))
    if cell.returned:
        symbol = "↩"
    return CellView(cell.kind.value, symbol, text, f"{column.label}: {', '.join(said)}")


def _rate(rates: Rates, words: Words) -> RateView:
    text = words.percent(rates.on_time_rate) if rates.owed else ""
    received, expected = words.number(rates.received), words.number(rates.expected)
    detail = words.say("{received} of {expected} received", received=received, expected=expected)
    if rates.overdue:
        detail += ", " + words.say("{n} overdue", n=rates.overdue)
    return RateView(text or f"{received}/{expected}", detail, "bad" if rates.overdue else "")


def _legend(cells: Sequence[Cell], words: Words) -> tuple[LegendEntry, ...]:
    """The states that occur, with how often."""
    numbers: dict[CellKind, int] = {}
    for cell in cells:
        numbers[cell.kind] = numbers.get(cell.kind, 0) + 1
    return tuple(
        LegendEntry(kind.value, CELLS[kind][0], words.say(CELLS[kind][1]), words.number(numbers[kind], 0))
        for kind in CellKind
        if kind in numbers
    )
