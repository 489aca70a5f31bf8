"""How numbers, times and periods are written in one language and one time zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent

from services.dashboard.pages.catalogue import N_, translations
from shared.events.base import Names

# British English, because a date is written with the day first, as everywhere else in the platform.
LOCALES = {"vi": Locale("vi", "VN"), "en": Locale("en", "GB")}
ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}
NOTHING = "–"

_PERIOD = re.compile(r"(?P<year>\d{4})(?:-(?P<kind>9M|M|Q|H)(?P<number>\d{0,2}))?")

LONG = {
    ("M", "vi"): "Tháng {n}/{year}",
    ("M", "en"): "{month} {year}",
    ("Q", "vi"): "Quý {roman}/{year}",
    ("Q", "en"): "Q{n} {year}",
    ("H1", "vi"): "6 tháng đầu năm {year}",
    ("H1", "en"): "First half of {year}",
    ("H2", "vi"): "6 tháng cuối năm {year}",
    ("H2", "en"): "Second half of {year}",
    ("9M", "vi"): "9 tháng {year}",
    ("9M", "en"): "9 months {year}",
    ("", "vi"): "Năm {year}",
    ("", "en"): "{year}",
}
SHORT = {
    ("M", "vi"): "T{n}",
    ("M", "en"): "{month:.3}",
    ("Q", "vi"): "Quý {roman}",
    ("Q", "en"): "Q{n}",
    ("H1", "vi"): "6 tháng đầu",
    ("H1", "en"): "H1",
    ("H2", "vi"): "6 tháng cuối",
    ("H2", "en"): "H2",
    ("9M", "vi"): "9 tháng",
    ("9M", "en"): "9 mths",
    ("", "vi"): "Cả năm",
    ("", "en"): "Year",
}


class Words:
    """Everything that is said in one language. Instants are epoch milliseconds, shown in the plan's zone."""

    def __init__(self, language: str, zone: str) -> None:
        self.language = language
        self.locale = LOCALES[language]
        self._zone = ZoneInfo(zone)
        self._gettext = translations(language).gettext

    def say(self, text: str, **values: object) -> str:
        """The text in this language, `{name}` replaced by its value."""
        said = self._gettext(text)
        return said.format(**values) if values else said

    def name(self, names: Names) -> str:
        return names.of(self.language)

    @lru_cache(maxsize=4096)  # noqa: B019  (there are as many Words as languages and zones)
    def number(self, value: float | None, digits: int = 1) -> str:
        """A number with at most so many decimals; a dash where there is none."""
        if value is None:
            return NOTHING
        return format_decimal(round(value, digits) + 0.0, f"#,##0.{'#' * digits}", locale=self.locale)

    @lru_cache(maxsize=4096)  # noqa: B019
    def index(self, share: float | None) -> str:
        """An index or share in [0, 1] as points of a hundred, always with one decimal."""
        return NOTHING if share is None else format_decimal(100 * share, "#,##0.0", locale=self.locale)

    @lru_cache(maxsize=4096)  # noqa: B019
    def points(self, points: float | None) -> str:
        """Points, always with one decimal."""
        return NOTHING if points is None else format_decimal(points, "#,##0.0", locale=self.locale)

    @lru_cache(maxsize=4096)  # noqa: B019
    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share as per cent; never rounded up to a full hundred."""
        if share is None:
            return NOTHING
        step = 10.0 ** -(digits + 2)
        shown = 1.0 - step if 1.0 - step < share < 1.0 else share
        return format_percent(shown, f"#,##0.{'#' * digits}%", locale=self.locale)

    @lru_cache(maxsize=8192)  # noqa: B019
    def date(self, at_ms: int) -> str:
        return self._when(at_ms, "dd/MM/yyyy")

    @lru_cache(maxsize=8192)  # noqa: B019
    def day(self, at_ms: int) -> str:
        """Day and month, for cells whose year is known."""
        return self._when(at_ms, "dd/MM")

    @lru_cache(maxsize=8192)  # noqa: B019
    def moment(self, at_ms: int) -> str:
        """Date and time of day."""
        return self._when(at_ms, "dd/MM/yyyy HH:mm")

    @lru_cache(maxsize=8192)  # noqa: B019
    def clock(self, at_ms: int) -> str:
        """Time first, as a watermark is read."""
        return self._when(at_ms, "HH:mm:ss dd/MM/yyyy")

    @lru_cache(maxsize=1024)  # noqa: B019
    def month(self, at_ms: int) -> str:
        """The month of an instant, short, for an axis."""
        return self._when(at_ms, "'T'M" if self.language == "vi" else "MMM")

    def iso_day(self, day: str) -> str:
        """An ISO day as people write it, day first."""
        return "/".join(reversed(day.split("-")))

    def machine(self, at_ms: int) -> str:
        """The instant for the `datetime` attribute."""
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def period(self, code: str) -> str:
        """A period as people say it, with its year."""
        return _period(code, self.language, LONG)

    def period_short(self, code: str) -> str:
        """A period within a known year."""
        return _period(code, self.language, SHORT)

    def age(self, seconds: float) -> str:
        """A length of time in its largest fitting unit."""
        for unit, size in _AGES:
            if seconds >= 2 * size:
                return self.say(unit, n=self.number(int(seconds / size), 0))
        return self.say("{n} s", n=self.number(int(seconds), 0))

    def _when(self, at_ms: int, pattern: str) -> str:
        moment = datetime.fromtimestamp(at_ms / 1000, self._zone)
        return format_datetime(moment, pattern, tzinfo=self._zone, locale=self.locale)


_AGES = ((N_("{n} days"), 86_400), (N_("{n} h"), 3600), (N_("{n} min"), 60))


@cache
def words_for(language: str, zone: str) -> Words:
    """The words of a language in a zone; made once."""
    return Words(language, zone)


def _period(code: str, language: str, table: Mapping[tuple[str, str], str]) -> str:
    parsed = _PERIOD.fullmatch(code)
    if parsed is None:
        return code
    kind, number = parsed["kind"] or "", parsed["number"] or ""
    pattern = table.get((f"{kind}{number}" if kind == "H" else kind, language))
    if pattern is None:
        return code
    plain = number.lstrip("0")
    month = LOCALES[language].months["stand-alone"]["wide"].get(int(plain or 0), "")
    return pattern.format(year=parsed["year"], n=plain, roman=ROMAN.get(plain, plain), month=month)
