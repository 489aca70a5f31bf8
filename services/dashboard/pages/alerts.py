"""The list of alerts, in groups, with its filters. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.dashboard.domain.alert_choice import GROUPINGS, PHASES, AlertChoice, AlertGroup, grouped
from services.dashboard.domain.facts import Listed, Setting
from services.dashboard.pages import labels, rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.catalogue import N_
from services.dashboard.pages.choices import Given, Option, Select, options, units_of
from services.dashboard.pages.words import Words
from shared.events.notice import AlertState

GROUP_NAMES = {"": N_("not grouped"), "unit": N_("by unit"), "rule": N_("by rule"), "severity": N_("by severity")}
GROUP_NAMES["phase"] = N_("by state")


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts under one heading; no heading where they are not grouped."""

    title: str
    is_unit: bool
    note: str
    address: str
    alerts: tuple[rows.AlertRow, ...]


@dataclass(frozen=True, slots=True)
class AlertsView:
    """The list."""

    counts: tuple[tuple[str, str, str], ...]
    filters: tuple[Select, ...]
    kept: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...]
    is_filtered: bool
    following: str
    continued: bool
    may_write: bool
    one_click: str
    given: Given


def compose(
    listed: Listed[AlertState],
    counts: Mapping[str, int],
    *,
    asked: AlertChoice,
    by: str,
    continued: bool,
    may_write: bool,
    given: Given,
    setting: Setting,
    words: Words,
    address: Address,
) -> AlertsView:
    """The list as it was asked for."""
    naming = rows.Naming(setting.units, words, address)
    return AlertsView(
        counts=tuple(
            (severity, words.number(number, 0), words.say(labels.SEVERITIES[severity]))
            for severity, number in counts.items()
            if number
        ),
        filters=_filters(asked, by, listed.items, setting, words),
        kept=tuple((name, address.query[name]) for name in ("plan", "year") if name in address.query),
        groups=tuple(_group(group, by, naming) for group in grouped(listed.items, by) if group.alerts),
        is_filtered=asked != AlertChoice(),
        following=address.to(cursor=listed.cursor) if listed.cursor else "",
        continued=continued,
        may_write=may_write,
        one_click=words.say(
            "A button in a line acknowledges it for {owner}, promised for {day}",
            owner=given.owner,
            day=words.iso_day(given.promise),
        ),
        given=given,
    )


def _filters(
    asked: AlertChoice, by: str, found: tuple[AlertState, ...], setting: Setting, words: Words
) -> tuple[Select, ...]:
    rules = setting.choice.plan.inspection if setting.choice else ()
    names = {rule.code: words.name(rule.names) for rule in rules}
    names |= {alert.rule: words.name(alert.names) for alert in found if alert.rule not in names}
    names |= {asked.rule: names.get(asked.rule, asked.rule)} if asked.rule else {}
    state = "ALL" if asked.every and not asked.phase else asked.phase
    phases = [("", words.say("Not resolved")), *((phase, words.say(labels.ALERT_PHASES[phase])) for phase in PHASES)]
    every = words.say("All")
    return (
        Select("unit", words.say("Unit"), (Option("", every, not asked.unit), *units_of(setting, asked.unit, words))),
        Select(
            "rule",
            words.say("Rule"),
            options([("", every), *sorted(names.items(), key=lambda one: one[1])], asked.rule),
        ),
        Select(
            "severity",
            words.say("Severity"),
            options(
                [("", every), *((key, words.say(text)) for key, text in labels.SEVERITIES.items())], asked.severity
            ),
        ),
        Select("state", words.say("State"), options([*phases, ("ALL", every)], state)),
        Select(
            "group",
            words.say("Grouped"),
            options([(key, words.say(GROUP_NAMES[key])) for key in ("", *GROUPINGS)], by),
        ),
    )


def _group(group: AlertGroup, by: str, naming: rows.Naming) -> Group:
    words = naming.words
    titles = {
        "unit": lambda: naming.unit(group.key),
        "rule": lambda: words.name(group.alerts[0].names),
        "severity": lambda: words.say(labels.SEVERITIES[group.key]),
        "phase": lambda: words.say(labels.ALERT_PHASES[group.key]),
    }
    return Group(
        title=titles[by]() if by in titles else "",
        is_unit=by == "unit",
        note=words.say("{n} in this list, {points} risk points", n=len(group.alerts), points=group.points),
        address=naming.link(group.key) if by == "unit" else "",
        alerts=tuple(rows.alert_row(state, naming) for state in group.alerts),
    )
