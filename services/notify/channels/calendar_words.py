"""What calendar feeds say, per language."""

from __future__ import annotations

from functools import lru_cache

from services.notify.channels.words import Words
from services.notify.domain.calendar_entries import Sayings


@lru_cache(maxsize=8)
def sayings(language: str) -> Sayings:
    """The words of a language."""
    words = Words(language)
    return Sayings(
        period=words.period,
        report={
            "owed": words.gettext("Due: %(form)s, %(period)s (%(unit)s)"),
            "done": words.gettext("Submitted: %(form)s, %(period)s (%(unit)s)"),
            "dropped": words.gettext("No longer owed: %(form)s, %(period)s (%(unit)s)"),
        },
        remedy={
            "owed": words.gettext("To be remedied: finding %(code)s (%(unit)s)"),
            "done": words.gettext("Remedied: finding %(code)s (%(unit)s)"),
            "dropped": words.gettext("Withdrawn: finding %(code)s (%(unit)s)"),
        },
        title=words.gettext("Reports and remedies that are owed"),
        about_report=words.gettext("%(plan)s. Last day for the report: the day of this entry."),
        about_remedy=words.gettext("%(text)s. Last day for the remedy and its proof: the day of this entry. %(plan)s."),
    )
