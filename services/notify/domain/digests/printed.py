"""A digest in one language, ready to be pinned and sent."""

from __future__ import annotations

from dataclasses import dataclass

from services.notify.domain.deliveries import Letter
from services.notify.domain.enclosures import Enclosure


@dataclass(frozen=True, slots=True)
class Printed:
    """Its sentence, its letter (with the version of its template), and what goes with it."""

    headline: str
    letter: Letter
    files: tuple[Enclosure, ...]
