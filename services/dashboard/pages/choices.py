"""What forms about alerts are made of: options, filters, what a form holds before and after it was sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.dashboard.domain.days import day_in
from services.dashboard.domain.facts import Choice, Setting
from services.dashboard.pages.words import Words

PROMISE_DAYS = 7
SILENCE_DAYS = 14
PROMISE_DAYS_MAX = 366
SILENCE_DAYS_MAX = 89


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a select."""

    value: str
    text: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    """One filter."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What a form holds: defaults, or what was sent and could not be carried out."""

    owner: str
    promise: str
    until: str
    silence_owner: str = ""
    silence_reason: str = ""
    reason: str = ""
    selected: frozenset[str] = frozenset()
    first_day: str = ""
    promise_last: str = ""
    until_last: str = ""


def given_first(setting: Setting, zone: str, subject: str) -> Given:
    """The form before anything was sent: the reader takes care of it, within a week."""
    return Given(
        owner=subject,
        silence_owner=subject,
        promise=day_in(setting.now_ms, zone, PROMISE_DAYS),
        until=day_in(setting.now_ms, zone, SILENCE_DAYS),
        first_day=day_in(setting.now_ms, zone, 0),
        promise_last=day_in(setting.now_ms, zone, PROMISE_DAYS_MAX),
        until_last=day_in(setting.now_ms, zone, SILENCE_DAYS_MAX),
    )


def units_of(setting: Setting, chosen: str, words: Words) -> tuple[Option, ...]:
    """Every unit by name."""
    named = sorted((words.name(unit.names), code) for code, unit in setting.units.items())
    return tuple(Option(code, name, code == chosen) for name, code in named)


def options(pairs: Iterable[tuple[str, str]], chosen: str) -> tuple[Option, ...]:
    """Options from (value, text)."""
    return tuple(Option(value, text, value == chosen) for value, text in pairs)


def rule_name(code: str, choice: Choice, words: Words) -> str:
    """The name of a rule of the plan; its code where the plan has none."""
    return next((words.name(rule.names) for rule in choice.plan.inspection if rule.code == code), code)
