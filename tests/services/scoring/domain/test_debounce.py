"""How often an evaluation is recomputed."""

from __future__ import annotations

from services.scoring.domain.debounce import Debounce


def test_a_change_waits_for_others_to_join_it() -> None:
    debounce = Debounce(0.2, 10, 2)
    assert debounce.ready_at("e", now=1.0) == 1.2
    assert debounce.ready_at("e", now=1.1) == 1.2, "later changes do not push it back"


def test_recomputing_takes_at_most_a_tenth_of_the_time_and_pauses_at_most_two_seconds() -> None:
    debounce = Debounce(0.2, 10, 2)
    debounce.ready_at("e", now=1.0)
    debounce.done("e", now=1.3, cost_seconds=0.1)
    assert debounce.ready_at("e", now=1.3) == 2.3
    debounce.done("e", now=2.4, cost_seconds=5)
    assert debounce.ready_at("e", now=2.4) == 4.4
    assert debounce.ready_at("other", now=2.4) == 2.4 + 0.2


def test_what_was_done_elsewhere_waits_anew() -> None:
    debounce = Debounce(0.2, 10, 2)
    debounce.ready_at("e", now=1.0)
    debounce.forget(set())
    assert debounce.ready_at("e", now=5.0) == 5.2
