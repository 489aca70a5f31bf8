"""A digest as it is read: every text in its language, every number as it is shown.

HTML, plain text, document and charts only set what stands here; so they tell the same, and a test can read one for all.
Colours are numbers: 1 good, 2 fair, 3 attention, 4 bad; a word or a number always stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: its colour, and its share of the bar in [0, 1]."""

    colour: int
    share: float


@dataclass(frozen=True, slots=True)
class Key:
    """One colour of a legend."""

    colour: int
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is about with a note under it, what is said with a note under that, and perhaps a bar."""

    main: str
    sub: str = ""
    value: str = ""
    value_sub: str = ""
    tone: Tone = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a ranking. `gap`: places were left out before it."""

    rank: str
    name: str
    index: str
    moved: str
    tone: Tone = ""
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One peer group: its mean, its bands as a bar with counts, its places, and notes in whole sentences."""

    title: str
    mean: str
    parts: tuple[Part, ...]
    legend: tuple[Key, ...]
    places: tuple[Place, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the digest. `more` says how much was left out."""

    code: str
    title: str
    note: str = ""
    rows: tuple[Row, ...] = ()
    more: str = ""
    groups: tuple[Group, ...] = ()
    legend: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the few numbers at the top."""

    label: str
    value: str
    of: str = ""
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart."""

    label: str
    parts: tuple[Part, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: its points as (x, y) in [0, 1], and its last value as text."""

    label: str
    points: tuple[tuple[float, float], ...]
    last: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture that reads the same 280 px wide beside another on a desk and as wide as a phone.

    Either bars with their legend, or lines with the labels of their axes. `alt` tells the numbers in words.
    """

    name: str
    title: str
    alt: str
    bars: tuple[Bar, ...] = ()
    legend: tuple[Key, ...] = ()
    lines: tuple[Line, ...] = ()
    x_labels: tuple[str, str] = ("", "")
    y_labels: tuple[str, ...] = ()

    @property
    def content_id(self) -> str:
        return f"{self.name}@tiendo"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the proof. `exact`: a hash, set in a fixed width."""

    label: str
    value: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """The whole digest in one language."""

    language: str
    kind: str
    day: str
    title: str
    headline: str
    plan: str
    window: str
    preheader: str
    notice: str
    notice_text: str
    notice_tone: Tone
    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...]
    sections: tuple[Section, ...]
    footnote: str
    proof_title: str
    proof: tuple[Fact, ...]
    page_word: str
