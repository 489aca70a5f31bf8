"""Silences and outages in force or to come: about what, who, why, until when. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.dashboard.domain.facts import Setting
from services.dashboard.domain.told import Window, Windows
from services.dashboard.pages import rows
from services.dashboard.pages.address import Address
from services.dashboard.pages.choices import Option, rule_name, units_of
from services.dashboard.pages.words import Words


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A silence or an outage: what it is about, who, why, from when until when."""

    id: str
    noun: str
    kind: str
    about: str
    address: str
    owner: str
    by: str
    reason: str
    time: str
    machine: str
    standing: str


@dataclass(frozen=True, slots=True)
class WindowsView:
    """Silences and outages in force or to come, and what a new one can be about."""

    rows: tuple[WindowRow, ...]
    units: tuple[Option, ...]
    rules: tuple[Option, ...]


def compose(found: Windows, *, setting: Setting, words: Words, address: Address) -> WindowsView:
    """Silences and outages. The setting has a choice."""
    choice = setting.choice
    assert choice is not None
    naming = rows.Naming(setting.units, words, address)
    every = [*(("silences", one) for one in found.silences), *(("outages", one) for one in found.outages)]
    return WindowsView(
        rows=tuple(_window(noun, one, naming, setting) for noun, one in every),
        units=units_of(setting, "", words),
        rules=tuple(Option(rule.code, words.name(rule.names)) for rule in choice.plan.inspection),
    )


def _window(noun: str, window: Window, naming: rows.Naming, setting: Setting) -> WindowRow:
    words = naming.words
    parts = [
        naming.unit(window.unit) if window.unit else "",
        rule_name(window.rule, setting.choice, words) if window.rule and setting.choice else "",
    ]
    parts += [words.say("form {code}", code=window.form) if window.form else ""]
    about = " · ".join(part for part in parts if part)
    if window.alert:
        about, address = words.say("one alert"), naming.address.to(f"/alerts/{window.alert}", peer=None)
    else:
        about, address = about or words.say("every unit of the plan"), naming.link(window.unit)
    begins, ends = window.starts_at_ms, window.ends_at_ms
    return WindowRow(
        id=window.id,
        noun=noun,
        kind=words.say("Silence") if noun == "silences" else words.say("Outage"),
        about=about,
        address=address,
        owner=window.owner,
        by=window.by if window.by != window.owner else "",
        reason=window.reason,
        time=words.say("{begin} to {end}", begin=words.moment(begins), end=words.moment(ends)),
        machine=words.machine(ends),
        standing=words.say("in force") if begins <= setting.now_ms else words.say("to come"),
    )
