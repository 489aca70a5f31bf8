"""The loop that recomputes: one evaluation that fails does not hold up the others, and readiness can see it."""

from __future__ import annotations

import pytest

from services.scoring.domain.debounce import Debounce
from services.scoring.domain.evaluations import Mark
from services.scoring.schedule import RecomputeLoop
from shared.errors import Transient
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

BAD, GOOD = Mark("mark-P-2011", "P", 2011), Mark("mark-P-2012", "P", 2012)


class Work:
    """Marks that wait, and what becomes of computing them."""

    def __init__(self, fault: Exception | None) -> None:
        self.marks = [BAD, GOOD]
        self.fault = fault
        self.tried: list[str] = []

    async def waiting(self) -> list[Mark]:
        return list(self.marks)

    async def run(self, mark: Mark) -> str:
        self.tried.append(mark.id)
        if mark == BAD and self.fault:
            raise self.fault
        self.marks.remove(mark)
        return "changed"


@pytest.mark.parametrize(("fault", "outcome"), [(RuntimeError("broken"), "failed"), (Transient("away"), "retried")])
async def test_an_evaluation_that_cannot_be_computed_does_not_hold_up_the_others(
    fault: Exception, outcome: str
) -> None:
    work, told = Work(fault), []
    loop = RecomputeLoop(
        waiting=work.waiting, run=work.run, debounce=Debounce(0, 0, 0.01), told=lambda what, _cost: told.append(what)
    )
    loop.start()
    try:
        await until(lambda: work.marks == [BAD] and told.count(outcome) > 1, within_seconds=10)
        assert list(loop.faults) == ([BAD.id] if outcome == "failed" else [])
        work.fault = None
        await until(lambda: not work.marks and not loop.faults, within_seconds=10)
        assert told.count("changed") == 2
    finally:
        await loop.stop()
