"""Values of sealed earlier years, where the plan's missing policy looks back."""

from __future__ import annotations

from typing import Any

from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.earlier import Earlier, looks_back
from services.scoring.domain.sources import Sources
from shared.plan.model import Plan
from tests.services.scoring.domain.test_inputs import owed
from tests.services.scoring.plans import goalposts, group, indicator, plan


def the_plan(**fields: Any) -> Plan:
    return plan(group("G", indicators=[indicator("X", goalposts(0, 100), **fields), indicator("Y", goalposts(0, 100))]))


def computed(made: Plan, *earlier: Earlier) -> Computation:
    ledger = (owed("a", form="F-ANNUAL"), owed("b", form="F-ANNUAL"))
    return compute(made, "sha", 2011, Sources(ledger, (), earlier=earlier), 100)


def test_only_a_plan_that_looks_back_reads_earlier_years() -> None:
    assert looks_back(the_plan(missing="carry"))
    assert looks_back(the_plan(missing="linear"))
    assert not looks_back(the_plan())


def test_the_last_sealed_value_is_carried_and_the_inputs_know_it() -> None:
    made = the_plan(missing="carry")
    older, newer = Earlier(2009, "e1", "a", {"X": 10.0}), Earlier(2010, "e2", "a", {"X": 40.0})
    outside = Earlier(2010, "e2", "gone", {"X": 99.0})
    computation = computed(made, older, newer, outside)
    a, b = computation.units()
    assert (a["indicators"][0]["status"], a["indicators"][0]["value"]) == ("carried", 40.0)
    assert b["indicators"][0]["value"] is None
    again = computed(made, outside, newer, older)
    assert again.inputs_sha256 == computation.inputs_sha256
    assert computed(made, older).inputs_sha256 != computation.inputs_sha256
