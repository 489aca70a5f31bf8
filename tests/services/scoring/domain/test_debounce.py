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


def test_once_no_change_comes_any_more_the_last_ones_are_not_kept_waiting() -> None:
    debounce = Debounce(0.2, 10, 2)
    debounce.ready_at("e", now=1.0)
    debounce.noticed(1.25)
    debounce.done("e", now=1.3, cost_seconds=0.1)
    assert debounce.ready_at("e", now=1.3) == 1.5, "twice the cost, and as long after the last change as always"
    debounce.noticed(1.45)
    assert debounce.ready_at("e", now=1.45) == 1.45 + 0.2
    debounce.noticed(5.0)
    assert debounce.ready_at("e", now=5.0) == 2.3, "while they keep coming the whole pause is kept, and no longer"


def test_changes_in_single_file_never_take_more_than_a_third_of_the_time() -> None:
    debounce, now, computing = Debounce(0.2, 10, 60), 0.0, 0.0
    for _ in range(100):
        debounce.noticed(now)
        now = max(now, debounce.ready_at("e", now)) + 1.0
        computing += 1.0
        debounce.done("e", now, cost_seconds=1.0)
    assert computing / now < 0.34


def test_after_a_failure_the_shortest_pause_holds_in_quiet_too() -> None:
    debounce = Debounce(0, 10, 2)
    debounce.noticed(0.0)
    debounce.done("e", now=1.0, cost_seconds=0.001, pause_seconds_min=0.25)
    assert debounce.ready_at("e", now=1.0) == 1.25
