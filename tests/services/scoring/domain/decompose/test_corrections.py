"""What had been accepted and is changed is a correction; what comes new is not."""

from __future__ import annotations

from dataclasses import replace

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.decompose.corrections import corrected, corrections
from services.scoring.domain.sources import Sources
from tests.services.scoring.domain.test_inputs import accepted, owed

BEFORE = Sources((owed("a", 0), owed("a", 1), owed("b", 0)), (accepted("a", 5, 0), accepted("b", 6, 0)))


def standing(sources: Sources) -> dict[str, float]:
    return {obligation: report.values[0]["value"] for obligation, (_, report) in sources.standing().items()}


def test_an_amended_report_is_corrected_and_a_new_one_is_not() -> None:
    amended = replace(accepted("a", 7, 0), version=2)
    after = replace(BEFORE, accepted=(amended, accepted("b", 6, 0), accepted("a", 9, 1)))
    assert standing(corrected(BEFORE, after)) == {"obligation-a-0": 7, "obligation-b-0": 6}
    [one] = corrections(BEFORE, after)
    assert (one.unit, one.period, one.version_before, one.version_after) == ("a", "p0", 1, 2)


def test_a_withdrawn_report_is_a_correction() -> None:
    after = replace(BEFORE, accepted=(accepted("a", 5, 0),))
    assert standing(corrected(BEFORE, after)) == {"obligation-a-0": 5}
    [one] = corrections(BEFORE, after)
    assert (one.unit, one.version_after) == ("b", None)


def test_a_decision_of_an_appraiser_is_a_correction_and_its_taking_back_too() -> None:
    decided = Appraised("a", "X", "value", revision=1, decided_at_ms=50, value=4.0)
    after = replace(BEFORE, appraised=(decided,))
    assert corrected(BEFORE, after).appraised == (decided,)
    for pair in ((BEFORE, after), (after, BEFORE)):
        [one] = corrections(*pair)
        assert (one.unit, one.indicator, one.report) == ("a", "X", None)


def test_without_a_change_nothing_is_corrected() -> None:
    assert corrections(BEFORE, BEFORE) == []
    assert corrected(BEFORE, BEFORE).standing() == BEFORE.standing()


def test_a_return_of_an_accepted_report_counts_with_its_report_and_a_new_due_not() -> None:
    returned = replace(owed("b", 0), returned_count=1)
    late = replace(owed("a", 1), outcome="FULFILLED", timeliness="LATE")
    after = replace(BEFORE, obligations=(owed("a", 0), late, returned))
    found = {one.obligation: one for one in corrected(BEFORE, after).obligations}
    assert found["obligation-b-0"].returned_count == 1
    assert found["obligation-a-1"].outcome == "PENDING"
