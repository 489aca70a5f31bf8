"""What time it is. Everything that needs `now` is handed a `Clock`; nothing else reads the system's time.

Instants inside the platform are epoch milliseconds (UTC) in fields named `*_ms`.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """A source of the current instant."""

    def now_ms(self) -> int:
        """The current instant in epoch milliseconds (UTC)."""
        ...


class SystemClock:
    """Real time."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class FixedClock:
    """Time that stands still until it is told to move: for tests."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def set(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def advance(self, milliseconds: int) -> None:
        self._now_ms += milliseconds


class FileClock:
    """Virtual time shared by all processes of a local platform through one small file.

    The file holds `{"virtual_ms", "real_ms", "rate"}`: now = virtual_ms + (real now - real_ms) * rate. The
    simulator steps it with rate 0 and lets it run with rate 1 when its year is over. Without the file, time is
    real. Settings refuse it in the production profile. A replaced file is noticed by its modification time.
    """

    def __init__(self, path: Path, real: Clock | None = None) -> None:
        self._path = path
        self._real = real or SystemClock()
        self._seen: tuple[int, int] | None = None
        self._anchor: tuple[int, int, float] | None = None

    def now_ms(self) -> int:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return self._real.now_ms()
        seen = (status.st_mtime_ns, status.st_ino)
        if seen != self._seen:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            self._anchor = (int(held["virtual_ms"]), int(held["real_ms"]), float(held["rate"]))
            self._seen = seen
        assert self._anchor is not None
        virtual_ms, real_ms, rate = self._anchor
        return virtual_ms + int((self._real.now_ms() - real_ms) * rate)


def write_clock_file(path: Path, *, virtual_ms: int, rate: float, real: Clock | None = None) -> None:
    """Set the virtual clock: replaces the file in one step, so that no reader sees half of it."""
    held = {"virtual_ms": virtual_ms, "real_ms": (real or SystemClock()).now_ms(), "rate": rate}
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_text(json.dumps(held), encoding="utf-8")
    fresh.replace(path)


def iso(instant_ms: int) -> str:
    """RFC 3339 text of an instant, in UTC with milliseconds."""
    moment = datetime.fromtimestamp(instant_ms / 1000, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """The instant (epoch milliseconds) of an RFC 3339 text; a text without an offset is refused with ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it with an offset, such as 2011-03-16T17:00:00Z")
    return round(moment.timestamp() * 1000)
