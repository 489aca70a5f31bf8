"""The two charts of a digest: how the reports of each period came in, and how the peer groups fare."""

from __future__ import annotations

from collections.abc import Sequence

from services.notify.channels.digest_say import Say
from services.notify.domain.digests.letter import DigestLetter
from services.notify.domain.digests.rates import PeriodLine
from services.notify.domain.digests.standing import Point
from services.notify.formats.page import Bar, Chart, Key, Line, Part

PERIODS_SHOWN = 6
GROUPS_SHOWN = 6
POINTS_FOR_A_TREND = 3


def charts(letter: DigestLetter, say: Say) -> tuple[Chart, ...]:
    """None where there is nothing to draw yet; bands until there are enough digests for a trend."""
    made = [_reports(letter, say), _trend(letter, say) or _bands(letter, say)]
    return tuple(chart for chart in made if chart is not None)


def _reports(letter: DigestLetter, say: Say) -> Chart | None:
    if not letter.periods:
        return None
    _ = say.gettext
    lines = letter.periods[-PERIODS_SHOWN:]
    title = _("Reports by period")
    legend = (Key(1, _("on time")), Key(2, _("in grace")), Key(3, _("late")), Key(4, _("missing")))
    bars = tuple(_period_bar(line, say) for line in lines)
    counts = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    alt = _("%(title)s. Received of expected: %(counts)s.") % {"title": title, "counts": counts}
    return Chart("reports", title, alt, bars, legend)


def _period_bar(line: PeriodLine, say: Say) -> Bar:
    found = line.rates
    counts = ((1, found.on_time), (2, found.in_grace), (3, found.late), (4, found.missing))
    parts = tuple(Part(colour, count / found.expected) for colour, count in counts if count)
    counted = f"{say.words.amount(found.received)}/{say.words.amount(found.expected)}"
    return Bar(say.words.period(line.period), parts, counted)


def _bands(letter: DigestLetter, say: Say) -> Chart | None:
    groups = [group for group in letter.groups if any(count for _, _, count in group.bands)][:GROUPS_SHOWN]
    if not groups:
        return None
    title = say.gettext("Bands by peer group")
    legend = tuple(Key(min(at, 4), names.of(say.language)) for at, (_, names, _count) in enumerate(groups[0].bands, 1))
    bars = []
    for group in groups:
        total = sum(count for _, _, count in group.bands)
        counted = [(min(at, 4), count / total) for at, (_, _, count) in enumerate(group.bands, 1) if count]
        bars.append(Bar(say.short(group.names), tuple(Part(colour, share) for colour, share in counted), str(total)))
    said = [", ".join(f"{names.of(say.language)} {count}" for _, names, count in group.bands) for group in groups]
    counts = "; ".join(f"{group.names.of(say.language)}: {words}" for group, words in zip(groups, said, strict=True))
    return Chart("bands", title, f"{title}. {counts}.", tuple(bars), legend)


def _trend(letter: DigestLetter, say: Say) -> Chart | None:
    points = letter.trend
    groups = [group for group in letter.groups if _drawn(points, group.code)][:GROUPS_SHOWN]
    if len(points) < POINTS_FOR_A_TREND or not groups:
        return None
    low, high = _reach([point.means[group.code] for group in groups for point in _of(points, group.code)])
    first_ms, last_ms = points[0].moment_ms, points[-1].moment_ms
    lines = []
    for group in groups:
        held = _of(points, group.code)
        placed = tuple(
            (
                (point.moment_ms - first_ms) / (last_ms - first_ms),
                (100 * point.means[group.code] - low) / (high - low),
            )
            for point in held
        )
        lines.append(Line(say.short(group.names), placed, say.index(held[-1].means[group.code])))
    title = say.gettext("Mean index by peer group")
    now = "; ".join(f"{group.names.of(say.language)}: {line.last}" for group, line in zip(groups, lines, strict=True))
    days = tuple(say.words.day(at_ms, letter.time_zone) for at_ms in (first_ms, last_ms))
    alt = say.gettext("%(title)s from %(first)s to %(last)s. Now: %(values)s.")
    told = alt % {"title": title, "first": days[0], "last": days[1], "values": now}
    labels = tuple(say.words.number(low + part * (high - low) / 2) for part in range(3))
    return Chart("trend", title, told, lines=tuple(lines), x_labels=(days[0], days[1]), y_labels=labels)


def _of(points: Sequence[Point], group: str) -> list[Point]:
    return [point for point in points if group in point.means]


def _drawn(points: Sequence[Point], group: str) -> bool:
    return len(_of(points, group)) > 1


def _reach(values: Sequence[float]) -> tuple[int, int]:
    """Limits of the axis, multiples of 10 with an even distance, around the values in [0, 1]."""
    low, high = int(min(values) * 10) * 10, -int(-max(values) * 10 // 1) * 10
    if high <= low:
        high = low + 10
    if (high - low) % 20:
        low, high = (low - 10, high) if low >= 10 else (low, high + 10)
    return low, high
