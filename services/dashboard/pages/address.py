"""Addresses of pages: what a page shows stands in its query, so it can be bookmarked and shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

CHOICES = ("plan", "year", "peer")


@dataclass(frozen=True, slots=True)
class Address:
    """The address of the page being made. Only what a reader chose is in `query`."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)

    def to(self, path: str | None = None, **changes: str | int | None) -> str:
        """Another page, or this one otherwise: keeps plan, year and peer group; None leaves one out."""
        kept = self.query if path is None else {k: v for k, v in self.query.items() if k in CHOICES}
        query = {**kept, **{name: None if value is None else str(value) for name, value in changes.items()}}
        text = urlencode({name: value for name, value in query.items() if value is not None})
        place = self.path if path is None else quote(path, safe="/%")
        return f"{place}?{text}" if text else place

    def unit(self, code: str) -> str:
        """The profile of a unit in the same plan and year."""
        return self.to(f"/units/{quote(code, safe='')}", peer=None)
