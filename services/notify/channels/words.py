"""The languages of letters: gettext catalogues compiled in memory, numbers, days and periods as people say them."""

from __future__ import annotations

import gettext
from datetime import UTC, date, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from shared.plan.periods import Period

LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"
DOMAIN = "notify"
_ROMAN = ("I", "II", "III", "IV")


class Words:
    """One language. `gettext` and `ngettext` translate; the others format. Vietnamese writes 72,4 and 15/03/2011."""

    def __init__(self, language: str, locale_dir: Path = LOCALE_DIR) -> None:
        self.language = language
        self._locale = Locale.parse("vi" if language == "vi" else "en_GB")
        compiled = BytesIO()
        write_mo(compiled, catalogue(language, locale_dir))
        compiled.seek(0)
        self.translations = gettext.GNUTranslations(compiled)
        self.gettext = self.translations.gettext
        self.ngettext = self.translations.ngettext

    def number(self, value: float, decimals: int = 0) -> str:
        """A number with grouping and that many decimals."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(format_decimal(value, format=pattern, locale=self._locale))

    def amount(self, value: float) -> str:
        """A count: whole, or with one decimal where it is made of shares."""
        return self.number(value, 0 if float(value).is_integer() else 1)

    def percent(self, share: float) -> str:
        """A share in [0, 1] as whole per cent; never rounded up to 100 or down to 0."""
        shown = 0.99 if 0.99 < share < 1 else 0.01 if 0 < share < 0.01 else share
        return str(format_percent(shown, format="#,##0%", locale=self._locale))

    def day(self, instant_ms: int, time_zone: str) -> str:
        """The local day of an instant: 15/03/2011, or 15 March 2011."""
        return self.date(_local(instant_ms, time_zone).date())

    def iso_day(self, text: str) -> str:
        """An ISO date as `day` writes it."""
        return self.date(date.fromisoformat(text))

    def date(self, day: date) -> str:
        if self.language == "vi":
            return f"{day:%d/%m/%Y}"
        return f"{day.day} {self._locale.months['format']['wide'][day.month]} {day.year}"

    def moment(self, instant_ms: int, time_zone: str) -> str:
        """Local time and day: 08:00 ngày 15/03/2011, or 08:00 on 15 March 2011."""
        moment = _local(instant_ms, time_zone)
        return self.gettext("%(time)s on %(day)s") % {"time": f"{moment:%H:%M}", "day": self.date(moment.date())}

    def weekday(self, instant_ms: int, time_zone: str) -> str:
        """The day of the week of an instant, as a word."""
        return str(self._locale.days["format"]["wide"][_local(instant_ms, time_zone).weekday()])

    def period(self, code: str) -> str:
        """A period as people say it: Quý I/2011, Tháng 3/2011, Q1 2011, March 2011. What is no period stays."""
        try:
            period = Period.parse(code)
        except ValueError:
            return code
        say = partial(_say, self.gettext, year=period.year)
        if period.frequency == "monthly":
            month = self._locale.months["stand-alone"]["wide"][period.number]
            return say("%(month_name)s %(year)s", month_name=month, month=period.number)
        if period.frequency == "quarterly":
            return say("Q%(number)s %(year)s", number=period.number, roman=_ROMAN[period.number - 1])
        if period.frequency == "half_year":
            return say("First half of %(year)s") if period.number == 1 else say("Second half of %(year)s")
        if period.frequency == "nine_months":
            return say("First nine months of %(year)s")
        return say("Year %(year)s")


def catalogue(language: str, locale_dir: Path = LOCALE_DIR) -> Catalog:
    """The catalogue of a language as it is kept in the repository."""
    with (locale_dir / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def _say(translate: partial[str] | object, message: str, /, **values: object) -> str:
    assert callable(translate)
    return str(translate(message)) % values


def _local(instant_ms: int, time_zone: str) -> datetime:
    return datetime.fromtimestamp(instant_ms / 1000, tz=UTC).astimezone(ZoneInfo(time_zone))
