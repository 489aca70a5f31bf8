"""One import as a job: what was sent, where it stands, what came of it. Pure.

QUEUED -> RUNNING -> DONE, or FAILED (with the fault of the file, or of the platform). RUNNING carries a lease; when it
runs out another instance goes on with the first part that is not in the tally.

A file that is to be taken whole or not at all goes through its parts twice: first a rehearsal that writes nothing; when
that found a fault the job ends there, else it is `checked`, and the parts are written.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.intake.domain.imported import Per, Tally, all_or_none
from services.intake.domain.reach import Reach
from services.intake.domain.submission import Mode
from shared.events.base import Names

Phase = Literal["QUEUED", "RUNNING", "DONE", "FAILED"]
Format = Literal["csv", "xlsx", "ndjson"]
Decimal = Literal["auto", "point", "comma"]

LEASE_MS = 180_000
"""Longer than reading the largest file may take; every part of the work begins it anew."""
KEPT_MS = 30 * 24 * 60 * 60 * 1000
"""A finished job can be asked for so long."""
RETRY_MS = 5_000
"""After something that may pass (the store was away), the job is taken up again so much later."""
ATTEMPTS_MAX = 10
WAITING_MAX = 32
"""Jobs that may wait at once: their files stand on disk."""


class Sent(BaseModel):
    """What came with the file. `reach` bounds whose reports it may hold, `unit` who may ask about it ("": anybody)."""

    model_config = ConfigDict(frozen=True)

    format: Format
    mode: Mode
    per: Per = "report"
    dry_run: bool
    decimal: Decimal
    by: str
    unit: str
    plan: str
    units: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    sha256: str = ""
    bytes: int = 0
    received_at_ms: int = 0

    @property
    def reach(self) -> Reach:
        """What the sender is bound to."""
        return Reach.of(unit=self.unit, units=self.units, forms=self.forms, plan=self.plan)

    @property
    def is_all_or_none(self) -> bool:
        """Whether one report at fault keeps all of the file from being written."""
        return all_or_none(self.mode, self.per)

    def is_like(self, other: Sent) -> bool:
        """Whether both stand for the same request, whenever it came."""
        return self.model_copy(update={"received_at_ms": other.received_at_ms}) == other


class Upload(BaseModel):
    """A file as it was received for the import `id`, not yet part of a job; `token` tells it from others of that id."""

    model_config = ConfigDict(frozen=True)

    id: str
    token: str
    sha256: str
    bytes: int


class Fault(BaseModel):
    """Why an import failed as a whole: nothing after it was stored."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: Names
    hint: Names
    line: int = 0
    got: str = ""


class Job(BaseModel):
    """One import. `due_ms`: since when it waits, when its lease ends, or when it is forgotten, by phase."""

    model_config = ConfigDict(frozen=True)

    id: str
    sent: Sent
    phase: Phase = "QUEUED"
    due_ms: int
    owner: str = ""
    attempts: int = 0
    rows_total: int = 0
    rows_done: int = 0
    parts_total: int = 0
    parts_done: int = 0
    checked: bool = False
    tally: Tally = Field(default_factory=Tally)
    fault: Fault | None = None
    finished_at_ms: int = 0
    rev: int = Field(default=0, exclude=True)

    @property
    def is_rehearsing(self) -> bool:
        """Whether the parts that come next are looked at and not written."""
        return self.sent.dry_run or (self.sent.is_all_or_none and not self.checked)

    def claimed(self, *, owner: str, now_ms: int) -> Job:
        """The job in somebody's hands from now on."""
        update = {"phase": "RUNNING", "owner": owner, "due_ms": now_ms + LEASE_MS, "attempts": self.attempts + 1}
        return self._with(**update)

    def cut(self, rows_by_part: list[int], *, now_ms: int) -> Job:
        """The job with its file read: how many rows, in how many parts."""
        return self._with(rows_total=sum(rows_by_part), parts_total=len(rows_by_part), due_ms=now_ms + LEASE_MS)

    def advanced(self, tally: Tally, *, rows: int, now_ms: int) -> Job:
        """The job with one more part done. That proves it moves, so attempts count anew."""
        return self._with(
            tally=tally,
            parts_done=self.parts_done + 1,
            rows_done=self.rows_done + rows,
            due_ms=now_ms + LEASE_MS,
            attempts=1,
        )

    def restarted(self) -> Job:
        """The job with nothing done yet: a rehearsal that was interrupted has forgotten what it rehearsed."""
        return self._with(tally=Tally(), parts_done=0, rows_done=0)

    def passed(self) -> Job:
        """The job with its rehearsal over and nothing at fault: from here on its parts are written."""
        return self.restarted()._with(checked=True)

    def withheld(self) -> Job:
        """The job that ends with nothing written, because a report of its file is at fault."""
        return self._with(tally=self.tally.withheld())

    def waiting_until(self, due_ms: int) -> Job:
        """The job with its lease ending then."""
        return self._with(due_ms=due_ms)

    def ended(self, *, now_ms: int, fault: Fault | None = None) -> Job:
        """The job at its end."""
        phase = "FAILED" if fault else "DONE"
        return self._with(phase=phase, fault=fault, finished_at_ms=now_ms, due_ms=now_ms + KEPT_MS, owner="")

    def _with(self, **update: Any) -> Job:
        return self.model_copy(update=update)


FILE_LOST = Fault(
    code="FILE_LOST",
    message=Names(vi="Tệp đã tải lên không còn", en="The uploaded file is no longer there"),
    hint=Names(vi="Gửi lại tệp", en="Send the file again"),
)
GIVEN_UP = Fault(
    code="GIVEN_UP",
    message=Names(vi="Hệ thống không xử lý được tệp này", en="The platform could not finish this file"),
    hint=Names(
        vi="Gửi lại tệp; các báo cáo đã nhận sẽ không bị ghi hai lần",
        en="Send the file again; reports that were taken are not stored twice",
    ),
)
UNREADABLE = Fault(
    code="READING_STOPPED",
    message=Names(vi="Đọc tệp tốn quá nhiều bộ nhớ hoặc thời gian", en="Reading the file took too much memory or time"),
    hint=Names(vi="Chia tệp ra hoặc gửi dạng CSV", en="Cut the file in two, or send CSV"),
)
