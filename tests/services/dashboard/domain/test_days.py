"""Days and moments as people give them, in the plan's zone."""

from __future__ import annotations

import pytest

from services.dashboard.domain.days import day_in, end_of_day, is_day, local, moment
from tests.support.sample_events import at

VIETNAM = "Asia/Ho_Chi_Minh"


def test_a_day_ends_where_the_next_begins_in_the_plans_zone() -> None:
    assert end_of_day("2011-12-31", VIETNAM) == "2011-12-31T17:00:00Z"
    assert end_of_day("2011-03-27", "Europe/Berlin") == "2011-03-27T22:00:00Z", "the clocks went forward that day"


@pytest.mark.parametrize("text", ["", "soon", "2011-02-30", "20111231", "2011-12-31T00:00", "9999-12-31", "-1"])
def test_what_is_no_day_has_no_end(text: str) -> None:
    assert end_of_day(text, VIETNAM) is None


def test_only_days_that_exist_are_days() -> None:
    assert is_day("2012-02-29")
    assert not is_day("2011-02-29")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2011-12-15T08:00", "2011-12-15T01:00:00Z"),
        ("2011-12-15", "2011-12-14T17:00:00Z"),
        ("2011-12-15T08:00+00:00", "2011-12-15T08:00:00Z"),
        ("tomorrow", None),
        ("99999-01-01T00:00", None),
        ("0001-01-01T00:00", None),
    ],
)
def test_a_moment_is_local_unless_it_says_otherwise(text: str, instant: str | None) -> None:
    assert moment(text, VIETNAM) == instant


def test_form_fields_hold_local_time() -> None:
    now_ms = at("2011-12-15T00:30")
    assert local(now_ms, VIETNAM) == "2011-12-15T00:30"
    assert day_in(now_ms, VIETNAM, 7) == "2011-12-22"
