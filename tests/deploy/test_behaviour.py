"""The simulated year: deterministic, and as mixed as a real one."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from deploy.simulate.behaviour import actions, chance, kind_of

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY_MS = 86_400_000


def year_of(seed: int) -> Counter[str]:
    periods = ("2011-Q1", "2011-Q2", "2011-Q3", "2011-Q4")
    return Counter(kind_of(seed, f"U{number}", "QUARTERLY", period) for number in range(400) for period in periods)


def test_the_same_seed_gives_the_same_year() -> None:
    assert year_of(7) == year_of(7)
    assert year_of(7) != year_of(8)


def test_chance_stays_in_its_range_and_spreads() -> None:
    drawn = [chance(1, number) for number in range(2000)]
    assert all(0 <= value < 1 for value in drawn)
    assert 0.47 < sum(drawn) / len(drawn) < 0.53


def test_most_report_in_time_and_every_fault_occurs() -> None:
    counted = year_of(2016)
    assert counted["on_time"] > 0.6 * counted.total()
    assert {"late", "copied", "wrong_then_right", "amended", "missing", "nil"} <= set(counted)


def test_nobody_reports_before_the_period_has_ended_and_the_punctual_are_in_time() -> None:
    end, due = 1_300_000_000_000, 1_300_000_000_000 + 5 * DAY_MS
    for number in range(300):
        unit = f"U{number}"
        sent = actions(
            seed=1, unit=unit, form="Q", period="2011-Q1", open_at_ms=0, period_end_ms=end, due_at_ms=due, zone=ZONE
        )
        assert all(action.at_ms >= end - DAY_MS for action in sent)
        kind = kind_of(1, unit, "Q", "2011-Q1")
        if kind in ("on_time", "copied", "nil"):
            assert sent[0].at_ms <= due
        if kind == "late":
            assert sent[0].at_ms > due
        if kind == "missing":
            assert sent == ()
