"""Phrases of digests in one language: numbers, movements, days, targets."""

from __future__ import annotations

import re

from services.notify.channels.words import Words
from services.notify.domain.digests.pace import PaceLine
from services.notify.domain.instants import DAY_MS, HOUR_MS
from shared.events.base import Names

PACE_SHOWN_BELOW = 10.0
"""Where none is the best, as with incidents, the middle unit may be endlessly ahead: that is no number to show."""
SHORT_CHARACTERS_MAX = 22
NO_BREAK = "\u00a0"


class Say:
    """One language. Messages are written where they are said, so that both catalogues can be held against them."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.language = words.language
        self.gettext = words.gettext
        self.ngettext = words.ngettext

    def plural(self, one: str, many: str, number: int) -> str:
        """A sentence around a number, `%(num)s`."""
        return self.ngettext(one, many, number) % {"num": self.words.number(number)}

    def index(self, value: float | None) -> str:
        """An index in [0, 1] as 0 to 100 with one decimal; a dash for none."""
        return "–" if value is None else self.words.number(value * 100, 1)

    def moved(self, steps: int | None) -> str:
        """Places up or down, with a sign that reads without colour."""
        if steps is None:
            return self.gettext("new")
        return f"▲{NO_BREAK}{steps}" if steps > 0 else f"▼{NO_BREAK}{-steps}" if steps < 0 else "="

    def change(self, number: float) -> str:
        """A difference in a count: +3, −2."""
        return f"+{self.words.amount(number)}" if number > 0 else f"−{self.words.amount(-number)}"

    def difference(self, now: float, before: float) -> str:
        """A difference of two shares in points of a hundred."""
        points = (now - before) * 100
        if abs(points) < 0.05:
            return "="
        return f"{'▲' if points > 0 else '▼'}{NO_BREAK}{self.words.number(abs(points), 1)}"

    def lateness(self, milliseconds: int) -> str:
        """How late the middle report was: in days with one decimal, hours below one day."""
        if milliseconds < HOUR_MS:
            return self.gettext("0 days")
        if milliseconds < DAY_MS:
            hours = round(milliseconds / HOUR_MS)
            return self.plural("%(num)s hour", "%(num)s hours", hours)
        return self.gettext("%(days)s days") % {"days": self.words.number(milliseconds / DAY_MS, 1)}

    def due(self, instant_ms: int, time_zone: str) -> str:
        return self.gettext("due %(day)s") % {"day": self.words.day(instant_ms, time_zone)}

    def left(self, days: int) -> str:
        """How long until a limit."""
        if days == 0:
            return self.gettext("due today")
        return self.plural("%(num)s day left", "%(num)s days left", days)

    def step(self, code: str) -> str:
        """A step of an inspection."""
        steps = {
            "proposal": self.gettext("inspection proposed"),
            "decision": self.gettext("decision on the inspection"),
            "visit": self.gettext("inspection visit"),
            "conclusion": self.gettext("conclusion of the inspection"),
            "closure": self.gettext("closure of the inspection"),
            "remediation": self.gettext("remedy of a finding"),
        }
        return steps.get(code, code)

    def target(self, line: PaceLine) -> str:
        """The target, whether it is proposed, and the pace of the middle unit."""
        parts = []
        if line.target is not None:
            label = self.gettext("target (proposed)") if line.proposed else self.gettext("target")
            parts.append(f"{label}: {self._amount(line, line.target)}")
        if line.median_ratio < PACE_SHOWN_BELOW:
            reached = self.words.percent(line.median_ratio)
            parts.append(self.gettext("median pace %(share)s") % {"share": reached})
        return " · ".join(parts)

    def _amount(self, line: PaceLine, target: float) -> str:
        """A target in its unit of measure; whether something is in place is a yes or a no."""
        if line.is_yes_no:
            return self.gettext("yes") if target else self.gettext("no")
        shown = self.words.number(target, 0 if float(target).is_integer() else 1)
        return f"{shown}{'' if line.measure == '%' else ' '}{line.measure}"

    def short(self, names: Names) -> str:
        """A peer group's name up to what it spells out: short enough for a chart."""
        name = re.split(r"[,(]", names.of(self.language))[0].strip()
        return name if len(name) <= SHORT_CHARACTERS_MAX else f"{name[: SHORT_CHARACTERS_MAX - 1].rstrip()}…"

    def more(self, number: int) -> str:
        if not number:
            return ""
        return self.plural("and %(num)s more on the dashboard", "and %(num)s more on the dashboard", number)

    def more_units(self, number: int) -> str:
        if not number:
            return ""
        return self.plural("and %(num)s more unit on the dashboard", "and %(num)s more units on the dashboard", number)
