"""When the store is away while a file is submitted: tried again a few times, then told as what it is."""

from __future__ import annotations

import pytest

from services.intake.domain.decide import Decision
from services.intake.domain.submission import ReportInput
from services.intake.handlers.file_reports import TRIES_MAX, FileReports
from shared.errors import Transient

pytestmark = pytest.mark.anyio


class Away:
    """A submission whose store never answers."""

    def __init__(self) -> None:
        self.calls = 0

    async def submit(
        self, given: ReportInput, *, by: str, named_version: int | None, dry_run: bool, at_ms: int | None = None
    ) -> Decision:
        self.calls += 1
        raise Transient("away")


async def test_a_store_that_is_away_is_transient_for_the_whole_part() -> None:
    away = Away()
    held = {"indicator": "I", "value": 1.0}
    with pytest.raises(Transient, match="away"):
        await FileReports(away, by="t", mode="ATOMIC", at_ms=1).take(
            [[2, "value", "P", "F", "U", "2011", None, held, []]]
        )
    assert away.calls == TRIES_MAX
