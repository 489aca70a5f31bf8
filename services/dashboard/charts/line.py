"""Lines over time: sparklines and the trend of a profile. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Course = Sequence[tuple[int, float]]

SPARK_WIDTH, SPARK_HEIGHT = 72, 20
WIDTH, HEIGHT = 560, 220
LEFT, RIGHT, TOP, BOTTOM = 34, 150, 12, 30
LABEL_GAP = 19


@dataclass(frozen=True, slots=True)
class Spark:
    """A small line: SVG points and where it ends."""

    points: str
    end_x: float
    end_y: float


def spark(course: Course, *, weeks: int = 26) -> Spark | None:
    """The last weeks of a course on its own scale; None with fewer than two points."""
    shown = list(course)[-weeks:]
    if len(shown) < 2:
        return None
    values = [value for _, value in shown]
    low, high = min(values), max(values)
    # A range below two points of the index would magnify noise.
    pad = max(0.0, (0.02 - (high - low)) / 2)
    low, high = low - pad, high + pad
    first, last = shown[0][0], shown[-1][0]
    placed = [
        (
            round(2 + (SPARK_WIDTH - 5) * (at - first) / (last - first or 1), 1),
            round(3 + (SPARK_HEIGHT - 6) * (high - value) / (high - low), 1),
        )
        for at, value in shown
    ]
    return Spark(_points(placed), *placed[-1])


@dataclass(frozen=True, slots=True)
class Series:
    """One line to draw: a name, its course, and a class that gives its colour."""

    name: str
    course: Course
    look: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """One drawn line, its label beside its end."""

    name: str
    look: str
    points: str
    end_x: float
    end_y: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: its place, and the value or instant that it stands for."""

    place: float
    value: float


@dataclass(frozen=True, slots=True)
class LineChart:
    """A chart of shares in [0, 1] over time, in its own coordinates."""

    lines: tuple[Drawn, ...]
    across: tuple[Tick, ...]
    along: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def line_chart(series: Sequence[Series]) -> LineChart | None:
    """Lines on one scale, in steps of ten points; None when no series has two points."""
    drawn = [one for one in series if len(one.course) >= 2]
    if not drawn:
        return None
    instants = [at for one in drawn for at, _ in one.course]
    values = [value for one in drawn for _, value in one.course]
    first, last = min(instants), max(instants)
    low = max(0.0, int(min(values) * 10) / 10)
    high = min(1.0, -int(-max(values) * 10 - 0.999) / 10)
    high = max(high, low + 0.2)

    def x(at: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (at - first) / (last - first or 1), 1)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low), 1)

    lines = [
        Drawn(one.name, one.look, _points([(x(at), y(v)) for at, v in one.course]), x(end[0]), y(end[1]), y(end[1]))
        for one in drawn
        for end in [one.course[-1]]
    ]
    steps = round((high - low) * 10)
    across = tuple(Tick(y(low + step / 10), low + step / 10) for step in range(steps + 1))
    marks = min(5, max(len(one.course) for one in drawn))
    along = tuple(Tick(x(at), at) for at in (first + (last - first) * mark / (marks - 1) for mark in range(marks)))
    return LineChart(tuple(_apart(lines)), across, along)


def _apart(lines: list[Drawn]) -> list[Drawn]:
    """Labels moved apart so that none covers another."""
    ordered = sorted(lines, key=lambda line: line.end_y)
    placed: list[Drawn] = []
    for line in ordered:
        floor = placed[-1].label_y + LABEL_GAP if placed else TOP
        label_y = max(line.end_y, floor)
        placed.append(Drawn(line.name, line.look, line.points, line.end_x, line.end_y, label_y))
    return placed


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)
