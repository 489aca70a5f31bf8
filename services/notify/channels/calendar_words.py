"""What calendar feeds say, per language."""

from __future__ import annotations

from functools import lru_cache

from services.notify.channels.words import Words
from services.notify.domain.calendar_feed import Sayings


@lru_cache(maxsize=8)
def sayings(language: str) -> Sayings:
    """The words of a language."""
    words = Words(language)
    return Sayings(
        period=words.period,
        owed=words.gettext("Due: %(form)s, %(period)s (%(unit)s)"),
        done=words.gettext("Submitted: %(form)s, %(period)s (%(unit)s)"),
        dropped=words.gettext("No longer owed: %(form)s, %(period)s (%(unit)s)"),
        title=words.gettext("Reports that are owed"),
        about=words.gettext("%(plan)s. Last day for the report: the day of this entry."),
    )
